package main

import (
	"net/http"
	"testing"
	"time"

	"tagifai/internal/tools/soak/load"
)

func TestProcessorTime(t *testing.T) {
	answered := func(ok, busy int) *load.Tally {
		var t load.Tally
		for i := range ok + busy {
			status := http.StatusOK
			if i >= ok {
				status = http.StatusServiceUnavailable
			}
			t.Records = append(t.Records, load.Record{Status: status})
		}
		return &t
	}
	var p processorTime
	for _, extra := range []time.Duration{0, 5 * time.Millisecond, time.Second} { // of which the last is an outlier
		p.add(
			answered(100, 0), usage{service: 1.5, load: .1, cpu: 200 * time.Millisecond},
			answered(50, 1000), usage{service: 1.25, load: .5, cpu: 115*time.Millisecond + extra},
		)
	}
	const want = "at its best the service 1.50 and the load 0.10; under ten times as much 1.25 and 0.50, of that 20µs for each refusal if what is accepted takes as long as at best"
	if got := p.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
