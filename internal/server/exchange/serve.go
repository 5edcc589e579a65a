package exchange

import (
	"context"
	"errors"
	"net/http"

	"tagifai/internal/memory"
	"tagifai/internal/sockets"
)

// A Handler serves one route: it returns the value of the answer, or an error that
// [Exchanges.Refusal] knows. It does not know the dialect of the answer.
type Handler func(*Exchange, *http.Request) (any, error)

// A follower is a value that is told when its answer is out.
type follower interface{ Answered() }

// Serve makes a handler one of net/http's. Its successes have this status. A value with a
// method Answered is told when its answer is out.
func Serve(status int, h Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := h(Of(w), r)
		if err != nil {
			Fail(w, r, err)
			return
		}
		succeed(w, r, status, value)
		if f, ok := value.(follower); ok {
			f.Answered()
		}
	}
}

// Fail answers with what err is to the client. The cause of a failure of the service goes
// only to the log.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	e := Of(w)
	if cause := context.Cause(r.Context()); errors.Is(cause, sockets.ErrStopped) {
		err = cause // and not that the client is gone, as the request sees it
	}
	refused := e.all.Refusal(e, err)
	if refused.Reason == "" {
		e.all.Log.Error().Str("id", e.ID()).Err(err).Msg("request failed")
	} else {
		e.Reason = refused.Reason
		e.all.Rejected.WithLabelValues(refused.Reason).Inc()
	}
	if refused.RetryAfter != nil {
		w.Header()["Retry-After"] = refused.RetryAfter
	}
	if refused.Challenge != "" {
		w.Header().Set("Www-Authenticate", refused.Challenge)
	}
	if e.body != nil && e.body.AnswerEarly(r) {
		w.Header()["Connection"] = closeConnection
	}
	Refuse(w, r, refused)
}

// Refuse answers with a refusal, and leaves it to the caller to log and to count it.
func Refuse(w http.ResponseWriter, r *http.Request, refused Refusal) {
	e := Of(w)
	delete(w.Header(), "Content-Type") // of an answer that could not be sent
	buffer := memory.GetBuffer(0)
	send(w, r, refused.Status, nil, buffer, e.dialect.AppendRefusal(*buffer, e, r, refused))
}
