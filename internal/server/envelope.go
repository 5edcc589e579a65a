package server

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/jsonbody"
)

// Envelope is what every JSON answer begins with, its keys in this order.
type Envelope struct {
	Message    string `json:"message"`     // The phrase of the status.
	Method     string `json:"method"`      // The method of the request.
	StatusCode int    `json:"status-code"` // The status, once more.
	Timestamp  string `json:"timestamp"`   // When it was answered, in local time.
	URL        string `json:"url"`         // The URL of the request, as the client knows it.
}

// Answer is the shape of every success.
type Answer[T any] struct {
	Envelope
	Data T `json:"data"`
}

// Problem is the shape of every error but a 422.
type Problem struct {
	Envelope
	Detail string `json:"detail"` // What is wrong, for people.
}

// Invalid is the shape of a 422.
type Invalid struct {
	Envelope
	Detail []jsonbody.Item `json:"detail"` // All that is wrong with the request, in order of position.
}

// The key of the envelope's last member.
const (
	data   = "data"
	detail = "detail"
)

// A handler serves one route: it returns the data of the answer, or an error
// that problemOf knows.
type handler func(*exchange, *http.Request) (any, error)

// answer makes a handler one of net/http's.
func (s *Server) answer(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := exchangeOf(w)
		defer s.release(e)
		value, err := h(e, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if l, ok := value.(list); ok && l.room() > wholeUpTo {
			s.stream(w, r, l)
			return
		}
		s.write(w, r, http.StatusOK, data, value)
	}
}

// release gives back what a request has taken from others.
func (s *Server) release(e *exchange) {
	e.leaveGate()
	_ = s.hold(e, 0) // there is always room for less
}

// fail answers with the problem that err is to the client. What is a failure of ours
// goes to the log, and only there.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, value, reason := problemOf(err)
	e := exchangeOf(w)
	if reason == "" {
		s.log.Error().Str("id", e.id).Err(err).Msg("request failed")
	} else {
		e.reason = reason
		s.metrics.rejected.WithLabelValues(reason).Inc()
	}
	if status == http.StatusServiceUnavailable {
		w.Header()["Retry-After"] = retryAfter
	}
	if !e.lingers(r) {
		s.write(w, r, status, detail, value)
		return
	}
	w.Header()["Connection"] = closeConnection
	_ = e.body.conn.EnableFullDuplex() // or net/http reads on before it answers
	s.write(w, r, status, detail, value)
	s.linger(e)
}

// retryAfter is in seconds, of which one is the least.
var retryAfter = []string{"1"}

// A text that is no UTF-8, such as a path of a request, comes back with U+FFFD
// where it is not.
var encoding = json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// contentType is shared by all answers.
var contentType = []string{"application/json"}

// write sends an answer: the envelope, with value under key as its last member.
// Status and header go out only once all of it is encoded.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, key string, value any) {
	e := exchangeOf(w)
	size := 0
	l, isList := value.(list)
	if isList {
		size = envelopeRoom + l.room()
	}
	buffer := getBuffer(size)
	b := e.appendEnvelope(*buffer, r, status)
	b = append(append(append(b, `,"`...), key...), `":`...)
	var err error
	if isList {
		for i := range l.parts() {
			b = l.appendPart(b, i)
		}
	} else {
		b, err = appendValue(b, value)
	}
	if err != nil {
		s.log.Error().Str("id", e.id).Err(err).Msg("answer not encoded")
		status = http.StatusInternalServerError
		b = append(e.appendEnvelope(b[:0], r, status), `,"detail":"`+http.StatusText(status)+`"`...)
	}
	b = append(b, '}')
	defer func() { putBuffer(buffer, b) }()
	if err := s.hold(e, cap(b)); err != nil { // from here on the answer is all that is held
		s.fail(w, r, err)
		return
	}
	e.send(status, len(b))
	// An error here is the client's going away; there is no one left to tell.
	_, _ = w.Write(b)
}

// send sends the header of an answer of so many bytes. The work is done by then, and the
// client may be slow to read: the place goes to the next.
func (e *exchange) send(status, length int) {
	header := e.Header()
	header["Content-Type"] = contentType
	e.values[1] = strconv.Itoa(length)
	header["Content-Length"] = e.values[1:2:2]
	e.leaveGate()
	e.WriteHeader(status)
}

func appendValue(b []byte, value any) ([]byte, error) {
	encoded, err := json.Marshal(value, encoding)
	return append(b, encoded...), err
}

// appendEnvelope appends the members of an [Envelope], without the brace that
// closes it.
func (e *exchange) appendEnvelope(b []byte, r *http.Request, status int) []byte {
	b = append(b, `{"message":"`...)
	b = append(b, http.StatusText(status)...)
	b = append(b, `","method":`...)
	b = appendQuote(b, r.Method)
	b = append(b, `,"status-code":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"timestamp":"`...)
	b = appendTimestamp(b, time.Now())
	b = append(b, `","url":`...)
	var url [256]byte // room enough for most, without an allocation
	return appendQuote(b, e.appendURL(url[:0], r))
}

// appendQuote appends s as a JSON string; the error it passes over says only
// that s was no UTF-8, which it has made it by then.
func appendQuote[T string | []byte](b []byte, s T) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// appendTimestamp appends the local time in ISO 8601: no zone, and six digits
// of a fraction unless they are zero.
func appendTimestamp(b []byte, t time.Time) []byte {
	now := thisSecond.Load()
	if now == nil || now.unix != t.Unix() {
		now = &second{t.Unix(), t.Local().Format("2006-01-02T15:04:05")}
		thisSecond.Store(now)
	}
	b = append(b, now.text...)
	if us := t.Nanosecond() / 1000; us > 0 {
		var digits [7]byte // with a 1 in front, for the zeros behind it
		strconv.AppendInt(digits[:0], int64(1_000_000+us), 10)
		digits[0] = '.'
		b = append(b, digits[:]...)
	}
	return b
}

// thisSecond is the last second that was written, as most are written often.
var thisSecond atomic.Pointer[second]

type second struct {
	unix int64
	text string
}
