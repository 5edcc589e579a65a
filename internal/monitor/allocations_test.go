//go:build !race

// The race detector makes sync.Pool drop what it holds.

package monitor_test

import (
	"testing"
	"time"

	"tagifai/internal/monitor"
)

func TestAllocations(t *testing.T) {
	m := open(t)
	w := monitor.New(m, time.Now())
	answer := m.Classify("stir the soup", nil, nil)
	if n := testing.AllocsPerRun(1000, func() { w.Predicted("stir the soup", answer) }); n > 0 {
		t.Errorf("got %v allocations", n)
	}
}
