package gate_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tagifai/internal/gate"
	"tagifai/internal/sockets"
)

// Work gets its share of the processors beside a rest that never ends, and so does the rest.
// Work that only yields, the naive twin, gets next to nothing.
func TestSlices(t *testing.T) {
	s := gate.Slices{Weight: 2}
	got, naive := shareOfWork(s.Yield), shareOfWork(sockets.Yield)
	t.Logf("the share of work is %.3f, of work that only yields %.3f", got, naive)
	if got < .02 || got > .95 || got < 5*naive {
		t.Error("want a share of work between 0.05 and 0.95, and five times that of work that only yields")
	}
}

// shareOfWork returns the share of what is done that two goroutines for each processor do,
// beside a hundred times as many others.
func shareOfWork(yield func()) float64 {
	const (
		workers = 2
		others  = 200
		lasts   = 400 * time.Millisecond
	)
	var work, rest atomic.Int64
	var all sync.WaitGroup
	end := time.Now().Add(lasts)
	start := func(n int, done *atomic.Int64, yield func()) {
		for range n * runtime.GOMAXPROCS(0) {
			all.Go(func() {
				for time.Now().Before(end) {
					for range 100 {
						done.Add(1)
					}
					yield()
				}
			})
		}
	}
	start(workers, &work, yield)
	start(others, &rest, runtime.Gosched)
	all.Wait()
	return float64(work.Load()) / float64(work.Load()+rest.Load())
}

// Those who work are not held up where there is no rest.
func TestSlicesAlone(t *testing.T) {
	s := gate.Slices{Weight: 2}
	begin := time.Now()
	for range 1000 {
		s.Yield()
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("to yield a thousand times took %s", took)
	}
}
