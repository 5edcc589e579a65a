package server

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tagifai/internal/config"
)

// With ten times the work that it has room for, a gate keeps its places taken, and hardly
// anybody is read or waits in vain: who would is sent away at once.
func TestGateOverload(t *testing.T) {
	const (
		places  = 4
		reading = 2 * time.Millisecond
		working = 10 * time.Millisecond
		lasts   = 3 * time.Second
		room    = int(places * lasts / working) // for so many
	)
	var sentAway, turns, readInVain, waitedInVain atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		g := newGate(places, config.Limits{MaxQueued: 256, MaxQueueWait: 50 * time.Millisecond})
		var all sync.WaitGroup
		for range 10 * room {
			time.Sleep(lasts / time.Duration(10*room))
			all.Go(func() {
				if g.full() {
					sentAway.Add(1)
					return
				}
				time.Sleep(reading)
				switch err := g.enter(t.Context()); {
				case err == nil:
					time.Sleep(working)
					g.leave()
					turns.Add(1)
				case errors.Is(err, errQueueFull):
					readInVain.Add(1)
				default:
					waitedInVain.Add(1)
				}
			})
		}
		all.Wait()
	})
	t.Logf("room for %d: %d had their turn, %d were sent away before they were read, %d after that, %d after they waited",
		room, turns.Load(), sentAway.Load(), readInVain.Load(), waitedInVain.Load())
	if turns.Load() < int64(room) {
		t.Error("too few had their turn")
	}
	if readInVain.Load()+waitedInVain.Load() > int64(room/4) {
		t.Error("too many were read in vain")
	}
}
