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
	pace      atomic.Int64 // at which those who wait get in, in nanoseconds for each
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
// in vain is to be known before it is read, or reading those takes from the work. Until it
// is read others may come, so it is to have twice the time that it is expected to wait.
func (g *Gate) Full() bool {
	waiting := g.waiting.Load()
	return len(g.places) == cap(g.places) &&
		(waiting >= g.maxQueued || time.Duration(waiting*g.pace.Load()) > g.maxWait/2)
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
	position := g.waiting.Add(1)
	if position > g.maxQueued || position > 1 && time.Duration(position*g.pace.Load()) > g.maxWait {
		return ErrFull
	}
	over := time.NewTimer(g.maxWait)
	defer over.Stop()
	from := time.Now()
	select {
	case g.places <- struct{}{}: // in the order of arrival
		g.pace.Store(g.paceAfter(position, time.Since(from)))
		return nil
	case <-over.C:
		g.pace.Store(max(g.pace.Load(), int64(g.maxWait)/position)) // at least
		return ErrWaited
	case <-ctx.Done():
		return ctx.Err()
	}
}

// paceAfter returns the pace when one who had this position in the queue has waited for so
// long, as the mean of that and of some turns before, since places are not given back at
// even intervals.
func (g *Gate) paceAfter(position int64, waited time.Duration) int64 {
	const before = 32
	return (before*g.pace.Load() + int64(waited)) / (before + position)
}

// Leave gives a place to the next.
func (g *Gate) Leave() { <-g.places }

// Taken returns how many places are taken.
func (g *Gate) Taken() int { return len(g.places) }

// Waiting returns how many requests wait for their turn.
func (g *Gate) Waiting() int { return int(g.waiting.Load()) }
