package server

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A gate lets so many requests be worked on at once; of the others some wait for
// their turn, for some time, and the rest is sent away. What counts as work is what
// takes a processor: a body that is still on its way in, or an answer on its way out,
// holds no place, so that slow clients take none from others.
type gate struct {
	places    chan struct{}
	waiting   atomic.Int64
	waited    atomic.Int64 // how long the last waited who got or gave up its turn, in nanoseconds
	maxQueued int64
	maxWait   time.Duration
}

// full reports whether a request that comes now would be sent away. That it would wait
// in vain is to be known before it is read, or reading those takes from the work: so
// nobody is let in behind one who waited for half of what is allowed.
func (g *gate) full() bool {
	waiting := g.waiting.Load()
	return len(g.places) == cap(g.places) &&
		(waiting >= g.maxQueued || waiting > 0 && time.Duration(g.waited.Load()) > g.maxWait/2)
}

// enter takes a place; leave gives it back.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.maxQueued {
		return errQueueFull
	}
	over := time.NewTimer(g.maxWait)
	defer over.Stop()
	from := time.Now()
	defer func() { g.waited.Store(int64(time.Since(from))) }()
	select {
	case g.places <- struct{}{}: // in the order of arrival
		return nil
	case <-over.C:
		return errQueueWait
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.places }

// turn lets a handler work when it is its request's turn.
func (s *Server) turn(h handler) handler {
	return func(e *exchange, r *http.Request) (any, error) {
		if err := s.enter(e, r); err != nil {
			return nil, err
		}
		return h(e, r)
	}
}

// enter waits until it is the turn of r. The place is given back when the answer is
// ready to be sent.
func (s *Server) enter(e *exchange, r *http.Request) error {
	err := s.gate.enter(r.Context())
	if err == nil {
		e.gate = s.gate
	}
	return err
}

// drain reads a body that nobody wants, so that its connection can serve the next
// request. It gives up where net/http would, which takes eight times as many steps: of an
// overloaded service's throughput that is a tenth.
func drain(r *http.Request) {
	const most = 256 << 10
	if r.ContentLength > most || r.Header.Get("Expect") != "" { // whose client has not sent it
		return
	}
	sink := sinks.Get().(*[]byte)
	defer sinks.Put(sink)
	for left := most; left > 0; {
		n, err := r.Body.Read(*sink)
		if err != nil {
			return
		}
		left -= n
	}
}

var sinks = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// An allowance is the memory that all request bodies may take together.
type allowance struct{ left atomic.Int64 }

func (a *allowance) take(n int64) bool {
	if a.left.Add(-n) >= 0 {
		return true
	}
	a.left.Add(n)
	return false
}

// freeBytes of each body do not count, so that small requests are answered even while
// large ones have used the allowance up.
const freeBytes = 4 << 10

// hold takes what a request holds, with so many bytes of its body here, beyond what it
// has taken before. So a client that only announces a large body takes nothing.
func (s *Server) hold(e *exchange, bytes int) error {
	if more := int64(bytes) - freeBytes - e.held; more > 0 {
		if !s.allowance.take(more) {
			return errHeldBytes
		}
		e.held += more
	}
	return nil
}
