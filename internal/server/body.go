package server

import (
	"io"
	"net/http"
	"time"
)

// A pace is the least that a client must send of a body, or take of an answer, that is
// under way: so many bytes within so much time, or all that is left of it.
type pace struct {
	bytes  int
	within time.Duration
}

// A pacedBody is a request body that is too long to come with the header. While its client
// keeps the pace it has more time to arrive: net/http allows it the time of one pace.
type pacedBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	pace  pace
	until time.Time // the end of its time, whatever the pace
	left  int       // bytes to come until there is more time
	got   int64
	ended bool // it was read to its end, or to an error
	early bool // its request was answered before it came
}

// setPace puts a pacedBody around the body of r, unless that is short.
func (s *Server) setPace(e *exchange, r *http.Request) {
	if 0 <= r.ContentLength && r.ContentLength <= int64(s.pace.bytes) {
		return // which is in time if it is within one pace
	}
	e.body = &pacedBody{
		ReadCloser: r.Body,
		conn:       http.NewResponseController(e.ResponseWriter),
		pace:       s.pace,
		until:      e.start.Add(s.readTimeout),
		left:       s.pace.bytes,
	}
	r.Body = e.body
}

func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.got += int64(n)
	b.left -= n
	switch {
	case err != nil:
		b.ended = true
	case b.left <= 0:
		b.left = b.pace.bytes
		next := time.Now().Add(b.pace.within)
		if next.After(b.until) {
			next = b.until
		}
		_ = b.conn.SetReadDeadline(next) // only a test's ResponseWriter cannot
	}
	return n, err
}

// drain reads a body that nobody wants before it is answered, so that its connection can
// serve the next request. It gives up where net/http would, which takes eight times as many
// steps: of an overloaded service's throughput that is a tenth.
func drain(r *http.Request) {
	if r.ContentLength > drained || r.Header.Get("Expect") != "" { // whose client has not sent it
		return
	}
	discard(r.Body, drained)
}

// drained is how much of a body net/http reads on after an answer.
const drained = 256 << 10

// discard reads a body until it ends or most bytes have come.
func discard(body io.Reader, most int64) {
	buffer := getBuffer(16 << 10)
	defer putBuffer(buffer, *buffer)
	room := (*buffer)[:cap(*buffer)]
	for most > 0 {
		n, err := body.Read(room)
		if err != nil {
			return
		}
		most -= int64(n)
	}
}

// lingers reports whether so much of the request is still to come that net/http would
// close the connection on the client, which then may not see the answer.
func (e *exchange) lingers(r *http.Request) bool {
	b := e.body
	if b == nil || b.ended || b.got == 0 && r.Header.Get("Expect") != "" { // whose client has not sent it
		return false
	}
	return r.ContentLength < 0 || r.ContentLength-b.got > drained
}

// linger reads on after an answer that has come early. Many clients look for an answer
// only when they have sent all of the request, and lose it if the connection is closed
// before. They have the rest of the time of their request, and may send lingerBytes more.
func (s *Server) linger(e *exchange) {
	s.release(e)
	if e.body.conn.Flush() == nil {
		discard(e.body, s.lingerBytes)
	}
}
