package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tagifai/internal/tools/process"
)

// The figures of a start.
const (
	firstHealth     = "ms to GET /"
	firstPrediction = "ms to POST /predict"
)

const startCase = "from exec"

// start measures how long it takes from exec to the first 200, the programs' files
// being in the page cache.
func (b *bench) start(ctx context.Context) error {
	b.setupf("Start: from exec to the first 200, asked every half millisecond, the files being in the page cache; first GET /, and in a start of its own POST /predict with a text. " +
		"Of this service and the floor each round has the median of 3 starts.")
	bodies, err := b.corpus.bodies(1, 1, 60)
	if err != nil {
		return err
	}
	sides := []side{b.service(), b.floor(), b.gunicorn(), b.uvicorn()}
	if b.base != "" {
		sides = append(sides, b.serviceBase())
	}
	sides = b.available(sides...)
	return b.eachRound(ctx, Start, func(round int) error {
		for _, s := range rotated(sides, round) {
			times := 3
			if s.finishes { // which takes long to start
				times = 1
			}
			for _, first := range []struct{ metric, body string }{{firstHealth, ""}, {firstPrediction, bodies[0]}} {
				var took []float64
				for range times {
					t, err := firstAnswer(ctx, s, first.body)
					if err != nil {
						return err
					}
					took = append(took, t.Seconds()*1e3)
				}
				b.results.add(Start, startCase, s.name, first.metric, median(took))
			}
		}
		return nil
	})
}

// firstAnswer starts a side, asks until it answers 200, and stops it. Without a body it
// asks for GET /, else for POST /predict.
func firstAnswer(ctx context.Context, s side, body string) (time.Duration, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	begin := time.Now()
	p, err := process.Start(ctx, s.command(ctx, addr))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.name, err)
	}
	defer p.Kill()
	method, url := http.MethodGet, "http://"+addr+"/"
	if body != "" {
		method, url = http.MethodPost, url+"predict"
	}
	for {
		if _, err = send(ctx, method, url, body); err == nil {
			return time.Since(begin), nil
		}
		select {
		case <-p.Done():
			return 0, fmt.Errorf("%s has ended before it answered: %s", s.name, p.Stderr())
		case <-ctx.Done():
			return 0, fmt.Errorf("%s: no 200: %w; stderr: %s", s.name, err, p.Stderr())
		case <-time.After(500 * time.Microsecond):
		}
	}
}
