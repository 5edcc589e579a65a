package gate_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tagifai/internal/config"
	"tagifai/internal/gate"
)

func limits(queued int, wait time.Duration) config.Limits {
	return config.Limits{MaxQueued: queued, MaxQueueWait: wait}
}

// Who leaves lets in who has waited longest; who comes when the queue is full is sent away.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(1, limits(2, time.Minute))
		if err := g.Enter(t.Context()); err != nil || g.Taken() != 1 {
			t.Fatalf("the first: %v, %d places taken", err, g.Taken())
		}
		order := make(chan int, 2)
		for i := range 2 {
			go func() {
				if err := g.Enter(t.Context()); err != nil {
					t.Error(err)
				}
				order <- i
			}()
			synctest.Wait()
		}
		if g.Waiting() != 2 || !g.Full() {
			t.Errorf("%d wait; full is %t", g.Waiting(), g.Full())
		}
		if err := g.Enter(t.Context()); !errors.Is(err, gate.ErrFull) {
			t.Errorf("one too many: %v", err)
		}
		for want := range 2 {
			g.Leave()
			if got := <-order; got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		}
		g.Leave()
		if g.Taken() != 0 || g.Waiting() != 0 || g.Full() {
			t.Errorf("at the end %d are taken and %d wait; full is %t", g.Taken(), g.Waiting(), g.Full())
		}
	})
}

// Nobody waits longer than is allowed, nor at all where one would wait in vain.
func TestGateWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(1, limits(10, time.Second))
		if err := g.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		from := time.Now()
		if err := g.Enter(t.Context()); !errors.Is(err, gate.ErrWaited) || time.Since(from) != time.Second {
			t.Errorf("%v after %s", err, time.Since(from))
		}
		if g.Full() {
			t.Error("it is full, and nobody waits")
		}
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() { gone <- g.Enter(ctx) }()
		synctest.Wait()
		if !g.Full() {
			t.Error("it is not full behind one who waits, after one who waited in vain")
		}
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// With ten times the work that it has room for, a gate keeps its places taken, and hardly
// anybody is read or waits in vain: who would is sent away at once.
func TestOverload(t *testing.T) {
	const (
		places  = 4
		reading = 2 * time.Millisecond
		working = 10 * time.Millisecond
		lasts   = 3 * time.Second
		room    = int(places * lasts / working) // for so many
	)
	var sentAway, turns, readInVain, waitedInVain atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(places, limits(256, 50*time.Millisecond))
		var all sync.WaitGroup
		for range 10 * room {
			time.Sleep(lasts / time.Duration(10*room))
			all.Go(func() {
				if g.Full() {
					sentAway.Add(1)
					return
				}
				time.Sleep(reading)
				switch err := g.Enter(t.Context()); {
				case err == nil:
					time.Sleep(working)
					g.Leave()
					turns.Add(1)
				case errors.Is(err, gate.ErrFull):
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
