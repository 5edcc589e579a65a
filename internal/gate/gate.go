// Package gate lets a number of requests be worked on at once.
package gate

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"tagifai/internal/config"
)

// Errors of [Gate.Enter].
var (
	ErrFull   = errors.New("too many requests wait for their turn")
	ErrWaited = errors.New("the request waited too long for its turn")
)

// A Gate lets so many requests be worked on at once; of the others some wait for
// their turn, for some time, and the rest is sent away. What counts as work is what
// takes a processor: a body that is still on its way in, or an answer on its way out,
// holds no place, so that slow clients take none from others. It is safe for concurrent
// use.
type Gate struct {
	places    chan struct{}
	waiting   atomic.Int64
	waited    atomic.Int64 // how long the last waited who got or gave up its turn, in nanoseconds
	maxQueued int64
	maxWait   time.Duration
}

// New returns a gate with so many places. The limits say how many may wait, and how long.
func New(places int, limits config.Limits) *Gate {
	return &Gate{
		places:    make(chan struct{}, places),
		maxQueued: int64(limits.MaxQueued),
		maxWait:   limits.MaxQueueWait,
	}
}

// Full reports whether a request that comes now would be sent away. That it would wait
// in vain is to be known before it is read, or reading those takes from the work: so
// nobody is let in behind one who waited for half of what is allowed.
func (g *Gate) Full() bool {
	waiting := g.waiting.Load()
	return len(g.places) == cap(g.places) &&
		(waiting >= g.maxQueued || waiting > 0 && time.Duration(g.waited.Load()) > g.maxWait/2)
}

// Enter takes a place, and waits for one if need be; [Gate.Leave] gives it back. The error is
// ErrFull, ErrWaited or that of ctx.
func (g *Gate) Enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.maxQueued {
		return ErrFull
	}
	over := time.NewTimer(g.maxWait)
	defer over.Stop()
	from := time.Now()
	defer func() { g.waited.Store(int64(time.Since(from))) }()
	select {
	case g.places <- struct{}{}: // in the order of arrival
		return nil
	case <-over.C:
		return ErrWaited
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Leave gives a place to the next.
func (g *Gate) Leave() { <-g.places }

// Taken returns how many places are taken.
func (g *Gate) Taken() int { return len(g.places) }

// Waiting returns how many requests wait for their turn.
func (g *Gate) Waiting() int { return int(g.waiting.Load()) }
