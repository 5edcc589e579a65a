//go:build !race

// The race detector makes sync.Pool drop what it holds.

package monitor_test

import (
	"runtime"
	"testing"
	"time"

	"tagifai/internal/monitor"
	"tagifai/model"
)

func TestAllocations(t *testing.T) {
	m := open(t)
	w := monitor.New(m, time.Now())
	answer := m.Classify("stir the soup", nil, nil)
	if n := testing.AllocsPerRun(1000, func() { w.Predicted("stir the soup", answer) }); n > 0 {
		t.Errorf("got %v allocations", n)
	}
}

// A monitor takes the same memory after three days of texts as at the beginning, and a
// little more for each class.
func TestMemory(t *testing.T) {
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	answer := m.Classify("stir the soup", nil, nil)
	start := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	const monitors = 50
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := heap()
	var all []*monitor.Monitor
	for range monitors {
		all = append(all, monitor.New(m, start))
	}
	atStart := heap() - before
	for minute := range 3 * 24 * 60 {
		for _, w := range all {
			w.Tick(start.Add(time.Duration(minute) * time.Minute))
			w.Predicted("stir the soup", answer)
		}
	}
	later := heap() - before
	runtime.KeepAlive(all)
	t.Logf("%d classes: %d bytes at the beginning, %d after three days", len(m.Classes()), atStart/monitors, later/monitors)
	if later/monitors > 16<<10 {
		t.Errorf("a monitor takes %d bytes, want less than 16 KiB", later/monitors)
	}
}
