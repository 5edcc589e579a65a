package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tagifai/internal/tools/soak/load"
	"tagifai/model"
)

// besideLong has two clients keep both processors at work on long requests, while others send
// small ones at a rate that takes next to nothing.
func (o *overloaded) besideLong(ctx context.Context, m *model.Model) error {
	const texts, clients = 9000, 2
	long := newLoad(o.addr, m, writeTexts(texts, 140), tagsAlone)
	long.Conns = clients
	small := newLoad(o.addr, m, writeTexts(2, 60), tagsAlone)
	small.Rate, small.Conns = 300, 16

	var medians, p99 []time.Duration
	bad := 0
	for range o.rounds(3) {
		timed, cancel := context.WithTimeout(ctx, o.phase(4*time.Second))
		type outcome struct {
			*load.Tally
			err error
		}
		longs := make(chan outcome, 1)
		go func() {
			t, err := long.Run(timed)
			longs <- outcome{t, err}
		}()
		t, err := small.Run(timed)
		done := <-longs
		cancel()
		if err != nil {
			return err
		}
		if done.err != nil {
			return done.err
		}
		latencies := t.Latencies(http.StatusOK, o.phase(400*time.Millisecond))
		medians, p99 = append(medians, latencies.At(.5)), append(p99, latencies.At(.99))
		bad += t.Others(http.StatusOK) + t.Wrong + done.Others(http.StatusOK) + done.Wrong
	}
	o.claim(fmt.Sprintf("beside %d clients that ask for %d texts again and again, a small request does not wait until the runtime looks for it, every 10 ms", clients, texts),
		fmt.Sprintf("half within %s, 99 %% within %s; %d requests went wrong", round(load.Median(medians)), round(load.Median(p99)), bad),
		"1 ms for half, 10 ms for 99 %", bad == 0 && load.Median(medians) <= time.Millisecond && load.Median(p99) <= 10*time.Millisecond)
	return nil
}
