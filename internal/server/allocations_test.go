//go:build !race

// The race detector makes sync.Pool drop what it holds.

package server_test

import "testing"

func TestAllocations(t *testing.T) {
	const most = 16 // of which it needs 12
	ask, _ := predictTwo(t)
	if got := testing.AllocsPerRun(200, ask); got > most {
		t.Errorf("a prediction of two texts took %v allocations, more than %d", got, most)
	}
}
