package server

import (
	"context"
	"net/http"
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
	maxQueued int64
	maxWait   time.Duration
}

// full reports whether enter would send a request away at once.
func (g *gate) full() bool {
	return len(g.places) == cap(g.places) && g.waiting.Load() >= g.maxQueued
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
