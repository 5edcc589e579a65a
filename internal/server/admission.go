package server

import (
	"context"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"tagifai/internal/config"
)

// A gate lets so many requests be worked on at once; of the others some wait for
// their turn, for some time, and the rest is sent away. What counts as work is what
// takes a processor: a body that is still on its way in, or an answer on its way out,
// holds no place, so that slow clients take none from others.
type gate struct {
	places    chan struct{}
	waiting   atomic.Int64
	pace      atomic.Int64 // at which those who wait get in, in nanoseconds for each
	maxQueued int64
	maxWait   time.Duration
}

func newGate(places int, limits config.Limits) *gate {
	return &gate{
		places:    make(chan struct{}, places),
		maxQueued: int64(limits.MaxQueued),
		maxWait:   limits.MaxQueueWait,
	}
}

// full reports whether a request that comes now would be sent away. That it would wait
// in vain is to be known before it is read, or reading those takes from the work. Until it
// is read others may come, so it is to have twice the time that it is expected to wait.
func (g *gate) full() bool {
	waiting := g.waiting.Load()
	return len(g.places) == cap(g.places) &&
		(waiting >= g.maxQueued || time.Duration(waiting*g.pace.Load()) > g.maxWait/2)
}

// enter takes a place; leave gives it back.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	position := g.waiting.Add(1)
	if position > g.maxQueued || position > 1 && time.Duration(position*g.pace.Load()) > g.maxWait {
		return errQueueFull
	}
	over := time.NewTimer(g.maxWait)
	defer over.Stop()
	from := time.Now()
	select {
	case g.places <- struct{}{}: // in the order of arrival
		g.pace.Store(g.paceAfter(position, time.Since(from)))
		return nil
	case <-over.C:
		g.pace.Store(max(g.pace.Load(), g.paceAfter(position, g.maxWait))) // or less, as others gave up before
		return errQueueWait
	case <-ctx.Done():
		return ctx.Err()
	}
}

// paceAfter returns the pace when one who had this position in the queue has waited for so
// long, as the mean of that and of some turns before, since places are not given back at
// even intervals.
func (g *gate) paceAfter(position int64, waited time.Duration) int64 {
	const before = 32
	return (before*g.pace.Load() + int64(waited)) / (before + position)
}

func (g *gate) leave() { <-g.places }

// Idle reports whether at least half of the processors have nothing to do, so that a
// request that comes now finds one.
func (s *Server) Idle() bool {
	return len(s.gate.places)+len(s.long.places) < max(1, runtime.GOMAXPROCS(0)/2)
}

// turn lets a handler of a version work when it is its request's turn.
func (s *Server) turn(h handler) handler {
	return func(e *exchange, r *http.Request) (any, error) {
		if s.gate.full() {
			return nil, errQueueFull
		}
		if _, err := s.version(e, r, nil); err != nil {
			return nil, err
		}
		if err := s.gate.admit(e, r); err != nil {
			return nil, err
		}
		return h(e, r)
	}
}

// admit waits until it is the turn of r, which gives a place that it has of another gate
// back before. The place is given back when the answer is ready to be sent.
func (g *gate) admit(e *exchange, r *http.Request) error {
	e.leaveGate()
	err := g.enter(r.Context())
	if err == nil {
		e.gate = g
	}
	return err
}

// A request of more texts than longTexts, or of a longer document than longDocument, is
// much work. Such requests have few places of their own, so that others need not wait for
// them.
const (
	longTexts    = 1000
	longDocument = 128 << 10
)
