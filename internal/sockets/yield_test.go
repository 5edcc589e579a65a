package sockets_test

import (
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tagifai/internal/sockets"
)

// What comes over a connection is seen in time beside goroutines that would take all of the
// processors and yield, which [runtime.Gosched], the naive twin, does not do.
func TestYield(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux knows how")
	}
	yielding, naive := roundTrip(t, sockets.Yield), roundTrip(t, runtime.Gosched)
	if yielding > naive/2 {
		t.Errorf("beside goroutines that yield a round trip takes %s, and %s with Gosched", yielding, naive)
	}
}

// roundTrip returns the median time that a byte and its echo take beside goroutines that work
// and yield.
func roundTrip(t *testing.T, yield func()) time.Duration {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	var stopped atomic.Bool
	var all sync.WaitGroup
	all.Go(func() { _, _ = io.Copy(accepted, accepted) })
	for range 2 * runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for !stopped.Load() {
				work(100 * time.Microsecond)
				yield()
			}
		})
	}
	var took []time.Duration
	for range 25 {
		begin := time.Now()
		var b [1]byte
		if _, err := conn.Write(b[:]); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, b[:]); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	stopped.Store(true)
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
	if err := accepted.Close(); err != nil {
		t.Error(err)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// work takes a processor for some time.
func work(d time.Duration) {
	for begin, n := time.Now(), 0; time.Since(begin) < d; n++ {
		_ = n
	}
}

// BenchmarkYield is what it costs who has nobody to yield to.
func BenchmarkYield(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sockets.Yield()
	}
}
