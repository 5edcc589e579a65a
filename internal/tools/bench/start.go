package main

import (
	"context"

	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
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
	bodies, err := b.corpus.Bodies(1, 1, 60)
	if err != nil {
		return err
	}
	all := []sides.Side{b.service(), sides.NewFloor(), b.python.Gunicorn(b.artifact), b.python.Uvicorn(b.artifact)}
	if b.base != "" {
		all = append(all, b.serviceBase())
	}
	all = b.available(all...)
	return b.eachRound(ctx, Start, func(round int) error {
		for _, s := range stats.Rotated(all, round) {
			times := 3
			if s.Finishes { // which takes long to start
				times = 1
			}
			for _, first := range []struct{ metric, body string }{{firstHealth, ""}, {firstPrediction, bodies[0]}} {
				var took []float64
				for range times {
					t, err := sides.FirstAnswer(ctx, s, first.body)
					if err != nil {
						return err
					}
					took = append(took, t.Seconds()*1e3)
				}
				b.results.Add(Start, startCase, s.Name, first.metric, stats.Median(took))
			}
		}
		return nil
	})
}
