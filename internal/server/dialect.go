package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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

// A list is a value that is encoded part by part. Encoding it again gives the same.
type list interface {
	room() int // the bytes that it takes encoded, or somewhat more
	parts() int
	appendPart(b []byte, i int) []byte
	largest() int // the room of the largest part
}

const (
	// openingRoom is more than nearly all openings and closings take.
	openingRoom = 512
	// wholeUpTo is the room of a list up to which its answer is encoded before it is sent.
	wholeUpTo = 256<<10 - openingRoom
	// chunkSize is how much of a larger one is encoded at a time.
	chunkSize = 32 << 10
)

// answerSize returns the size of the buffer that the answer with l is encoded in.
func answerSize(l list) int {
	if room := l.room(); room <= wholeUpTo {
		return memory.BufferSize(openingRoom + room)
	}
	return memory.BufferSize(openingRoom + chunkSize + l.largest())
}

// succeed answers with a value.
func (s *Server) succeed(w http.ResponseWriter, r *http.Request, status int, value any) {
	e := exchangeOf(w)
	l, isList := value.(list)
	size := 0
	if isList {
		room := l.room()
		if room > wholeUpTo {
			s.stream(w, r, status, l)
			return
		}
		size = openingRoom + room
	}
	buffer := memory.GetBuffer(size)
	b := e.dialect.appendOpening(*buffer, e, r, status)
	if isList {
		for i := range l.parts() {
			b = l.appendPart(b, i)
		}
	} else {
		var err error
		if b, err = appendValue(b, value); err != nil {
			memory.PutBuffer(buffer, b)
			s.fail(w, r, fmt.Errorf("answer not encoded: %w", err))
			return
		}
	}
	s.send(w, r, status, value, buffer, e.dialect.appendClosing(b))
}

// send sends a whole answer, b, with value, and gives its buffer back.
func (s *Server) send(w http.ResponseWriter, r *http.Request, status int, value any, buffer *[]byte, b []byte) {
	defer func() { memory.PutBuffer(buffer, b) }()
	e := exchangeOf(w)
	if err := s.hold(e, cap(b)); err != nil { // from here on the answer is all that is held
		s.fail(w, r, err)
		return
	}
	if len(b) > smallAnswer && negotiate(w, r, value) {
		buffer, b = s.compress(w, buffer, b)
	}
	e.sendHeader(w, status, len(b))
	// An error here is the client's going away; there is no one left to tell.
	_, _ = w.Write(b)
}

// stream sends the answer with a long list chunk by chunk, so that a client that is slow to
// read makes the service hold no more of it than one chunk. It encodes the list twice, the
// first time to know its length; what is compressed on the way has none.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, status int, l list) {
	e := exchangeOf(w)
	buffer := memory.GetBuffer(answerSize(l))
	b := e.dialect.appendOpening(*buffer, e, r, status)
	defer func() { memory.PutBuffer(buffer, b) }()
	out, end := io.Writer(w), func() error { return nil }
	length := unknown
	if negotiate(w, r, l) && s.hold(e, e.share.Held()+compressorBytes) == nil {
		compressed := memory.GetBuffer(compressorBytes)
		defer memory.PutBuffer(compressed, *compressed)
		c := newCompressor(w, compressed)
		out, end = c, c.Close
	} else {
		head := len(b)
		length = len(e.dialect.appendClosing(b))
		for i := range l.parts() {
			length += len(l.appendPart(b, i)) - head
		}
	}
	// The deadline of the request must not end the connection while the answer is sent.
	_ = http.NewResponseController(e.ResponseWriter).SetReadDeadline(time.Time{})
	e.sendHeader(w, status, length)
	for i := range l.parts() {
		b = l.appendPart(b, i)
		if len(b) >= chunkSize {
			if _, err := out.Write(b); err != nil {
				return // the client is gone, or was cut off
			}
			b = b[:0]
		}
	}
	if _, err := out.Write(e.dialect.appendClosing(b)); err == nil {
		_ = end()
	}
}

// contentType is shared by all answers that have no other type.
var contentType = []string{"application/json"}

// unknown is the length of an answer that is not known before it is sent.
const unknown = -1

// sendHeader sends the header of an answer of so many bytes. The work is done by then, and
// the client may be slow to read: the place goes to the next.
func (e *exchange) sendHeader(w http.ResponseWriter, status, length int) {
	header := w.Header()
	if header["Content-Type"] == nil {
		header["Content-Type"] = contentType
	}
	if length != unknown {
		e.values[1] = inPlace(strconv.AppendInt(e.length[:0], int64(length), 10))
		header["Content-Length"] = e.values[1:2:2]
	}
	e.leaveGate()
	w.WriteHeader(status)
}

// encoding replaces what is not UTF-8, as a path of a request may be, with U+FFFD.
var encoding = json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

func appendValue(b []byte, value any) ([]byte, error) {
	encoded, err := json.Marshal(value, encoding)
	return append(b, encoded...), err
}

// appendQuote appends s as a JSON string. Its only error would be that s is not UTF-8, and
// then it appends U+FFFD for what is not.
func appendQuote[T string | []byte](b []byte, s T) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}
