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

	const follows = 80
	started := StartLean(follows)
	if got := gcPercent(); got != startingHeap {
		t.Errorf("while it starts: got %d, want %d", got, startingHeap)
	}
	started()
	if got := gcPercent(); got != follows {
		t.Errorf("when it has started: got %d, want %d", got, follows)
	}

	// A start that needs much memory has it from the first collection on.
	StartLean(follows)
	for end := time.Now().Add(10 * time.Second); gcPercent() != follows; runtime.GC() {
		if time.Now().After(end) {
			t.Fatalf("after a collection: got %d, want %d", gcPercent(), follows)
		}
		time.Sleep(time.Millisecond)
	}

	t.Setenv("GOGC", "100")
	StartLean(UsualHeap)
	if got := gcPercent(); got != follows {
		t.Errorf("with GOGC: got %d, want what it was, %d", got, follows)
	}
}
