package sockets

import (
	"io"
	"net/http"
	"time"

	"tagifai/internal/config"
	"tagifai/internal/http1"
	"tagifai/internal/memory"
)

// A Pace is the least that a client must send of a body, or take of an answer, that is
// under way: so many bytes within so much time, or all that is left of it.
type Pace struct {
	Bytes  int
	Within time.Duration
}

// PaceOf returns the pace that the settings ask for.
func PaceOf(limits config.Limits) Pace {
	return Pace{
		Bytes:  max(1, int(float64(limits.MinRate)*limits.MinRateOver.Seconds())),
		Within: limits.MinRateOver,
	}
}

// A Body is a request body that is too long to come with the header, or that of the last request
// of a connection. While its client keeps the pace it has more time to arrive: net/http allows it
// the time of one pace.
type Body struct {
	io.ReadCloser
	conn  *http.ResponseController
	pace  Pace
	until time.Time // the end of its time, whatever the pace
	left  int       // bytes to come until there is more time
	got   int64
	ended bool // it was read to its end, or to an error
	early bool // its request was answered before it came
}

// SetPace puts a Body around that of r, and returns it. It has until then, whatever its
// pace. A body that is short is left as it is, unless the connection ends with it: SetPace
// returns nil.
func SetPace(w http.ResponseWriter, r *http.Request, pace Pace, until time.Time) *Body {
	short := 0 <= r.ContentLength && r.ContentLength <= int64(pace.Bytes) // it is in time if it is within one pace
	if r.ContentLength == 0 || short && !r.Close {
		return nil
	}
	b := &Body{
		ReadCloser: r.Body,
		conn:       http.NewResponseController(w),
		pace:       pace,
		until:      until,
		left:       pace.Bytes,
	}
	r.Body = b
	return b
}

func (b *Body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.got += int64(n)
	b.left -= n
	switch {
	case err != nil:
		b.ended = true
	case b.left <= 0:
		b.left = b.pace.Bytes
		next := time.Now().Add(b.pace.Within)
		if next.After(b.until) {
			next = b.until
		}
		_ = b.conn.SetReadDeadline(next) // only a test's ResponseWriter cannot
	}
	return n, err
}

// AnswerEarly prepares for an answer to r that comes before the body. It reports whether
// net/http would close the connection on the client while the body still comes, so that it may
// not see the answer: if much is to come, or the client has said that this is its last request.
// The answer is then to say that the connection closes, and [Body.Linger] is to follow it.
func (b *Body) AnswerEarly(r *http.Request) bool {
	switch {
	case r.ProtoMajor > 1: // where an answer needs no end of the request
		return false
	case b.ended, b.got == 0 && r.Header.Get("Expect") != "": // whose client has not sent it
		return false
	case !r.Close && r.ContentLength >= 0 && r.ContentLength-b.got <= http1.Drained:
		return false
	}
	_ = b.conn.EnableFullDuplex() // or net/http reads on before it answers
	b.early = true
	return true
}

// AnsweredEarly reports whether [Body.AnswerEarly] has returned true.
func (b *Body) AnsweredEarly() bool { return b.early }

// Linger reads on after an early answer. Many clients look for an answer only when they
// have sent all of the request, and lose it if the connection is closed before. They have
// the rest of the time of their request, and may send so many bytes more.
func (b *Body) Linger(most int64) {
	if b.conn.Flush() == nil {
		discard(b, most)
	}
}

// discard reads a body until it ends or most bytes have come.
func discard(body io.Reader, most int64) {
	buffer := memory.GetBuffer(16 << 10)
	defer memory.PutBuffer(buffer, *buffer)
	room := (*buffer)[:cap(*buffer)]
	for most > 0 {
		n, err := body.Read(room)
		if err != nil {
			return
		}
		most -= int64(n)
	}
}
