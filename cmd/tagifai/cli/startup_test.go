package cli

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// gcPercent returns the setting of the collector.
func gcPercent() int {
	percent := debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent
}

func TestStartLean(t *testing.T) {
	t.Setenv("GOGC", "")
	usual := gcPercent()
	t.Cleanup(func() { debug.SetGCPercent(usual) })

	started := StartLean()
	if got := gcPercent(); got != startingHeap {
		t.Errorf("while it starts: got %d, want %d", got, startingHeap)
	}
	started()
	if got := gcPercent(); got != usual {
		t.Errorf("when it has started: got %d, want %d", got, usual)
	}

	// A start that needs much memory has the usual collector from the first collection on.
	StartLean()
	for end := time.Now().Add(10 * time.Second); gcPercent() != usual; runtime.GC() {
		if time.Now().After(end) {
			t.Fatalf("after a collection: got %d, want %d", gcPercent(), usual)
		}
		time.Sleep(time.Millisecond)
	}

	t.Setenv("GOGC", "100")
	StartLean()
	if got := gcPercent(); got != usual {
		t.Errorf("with GOGC: got %d, want %d", got, usual)
	}
}
