package server

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tagifai/internal/memory"
	"tagifai/internal/ratelimit"
)

// A handler serves one route: it returns the value of the answer, or an error that
// problemOf knows. It does not know the dialect of the answer.
type handler func(*exchange, *http.Request) (any, error)

// A dialect is how a protocol writes its answers. It only writes: the status and the words
// of an error are the same in all dialects.
type dialect interface {
	// appendOpening appends what comes before the value of a success.
	appendOpening(b []byte, e *exchange, r *http.Request, status int) []byte
	// appendClosing appends what comes after it.
	appendClosing(b []byte) []byte
	// appendProblem appends the whole answer to an error.
	appendProblem(b []byte, e *exchange, r *http.Request, p problem) []byte
	// compresses reports whether clients can read a compressed answer with value, which is
	// nil for an error, where they accept one.
	compresses(value any) bool
}

// dialectPath says which dialect a path and all paths below it have, whether there is a
// route or not.
type dialectPath struct {
	path string
	dialect
}

// dialectOf returns the dialect of a path: that of the first match in the server's list,
// or the envelope.
func (s *Server) dialectOf(path string) *dialectPath {
	for i := range s.dialects {
		d := &s.dialects[i]
		if rest, ok := strings.CutPrefix(path, d.path); ok && (rest == "" || rest[0] == '/') {
			return d
		}
	}
	return everywhereElse
}

// otherDialects returns the dialects of protocols that are not our own.
func otherDialects() []dialectPath {
	return []dialectPath{
		{"/v2", oipDialect{}},
		{"/invocations", mlflowDialect{}},
		{"/ping", mlflowDialect{}},
		{"/health", mlflowDialect{}},
		{"/version", mlflowDialect{}},
	}
}

// bare is the part of a dialect whose success is the value alone.
type bare struct{}

func (bare) appendOpening(b []byte, _ *exchange, _ *http.Request, _ int) []byte { return b }

func (bare) appendClosing(b []byte) []byte { return b }

func (bare) compresses(any) bool { return true }

var everywhereElse = &dialectPath{dialect: envelope{}}

// A follower is a value that is told when its answer is out.
type follower interface{ answered() }

// answer makes a handler one of net/http's.
func (s *Server) answer(h handler) http.HandlerFunc { return s.answerAs(http.StatusOK, h) }

// answerAs does so for a handler whose success has a status of its own.
func (s *Server) answerAs(status int, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := h(exchangeOf(w), r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.succeed(w, r, status, value)
		if f, ok := value.(follower); ok {
			f.answered()
		}
	}
}

// fail answers with the problem that err is to the client. The cause of a 500 goes only to
// the log.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	e := exchangeOf(w)
	if p.reason == "" {
		s.log.Error().Str("id", e.id()).Err(err).Msg("request failed")
	} else {
		e.reason = p.reason
		s.metrics.rejected.WithLabelValues(p.reason).Inc()
	}
	switch {
	case p.status == http.StatusServiceUnavailable:
		w.Header()["Retry-After"] = retryAfter
	case p.status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retryWhen(err))
	case p.status == http.StatusUnauthorized, p.reason == forbidden:
		w.Header().Set(wwwAuthenticate, challenge(err))
	case p.status == http.StatusNotFound && s.guard != nil && (e.principal == nil || !e.principal.MayUseAll()):
		p.detail, _, _ = strings.Cut(p.detail, ";") // what there is instead may not be for them
	}
	if e.body != nil && e.body.AnswerEarly(r) {
		w.Header()["Connection"] = closeConnection
	}
	s.refuse(w, r, p)
}

// retryAfter is in seconds, of which one is the least.
var retryAfter = []string{"1"}

// retryWhen returns when a client may send again what exceeded its limits, in seconds.
func retryWhen(err error) string {
	wait := time.Second
	if exceeded, ok := errors.AsType[*ratelimit.ExceededError](err); ok {
		wait = exceeded.Wait
	}
	return strconv.FormatInt(max(1, ratelimit.Seconds(wait)), 10)
}

// refuse answers with a problem.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, p problem) {
	e := exchangeOf(w)
	delete(w.Header(), "Content-Type") // of an answer that could not be sent
	buffer := memory.GetBuffer(0)
	s.send(w, r, p.status, nil, buffer, e.dialect.appendProblem(*buffer, e, r, p))
}
