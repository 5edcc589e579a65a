package main

import (
	"context"

	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
)

// The figures of a start.
const (
	firstHealth     = "ms to health"
	firstPrediction = "ms to first prediction"
)

const startCase = "from exec"

// start measures how long it takes from exec to the first 200, the programs' files
// being in the page cache.
func (b *bench) start(ctx context.Context) error {
	b.setupf("Start: from exec to the first 200, asked every half millisecond, the files being in the page cache; first its health (not of the peers), and in a start of its own the right prediction for a text. " +
		"Of this service and the floor each round has the median of 3 starts. The model inside is of the embedded artifact, all others load that of scikit-learn.")
	alone := sides.NewService(b.tagifai)
	alone.Name = sides.ServiceAlone
	all := []sides.Side{b.service(), alone, sides.NewFloor(), b.python.Gunicorn(b.artifact), b.python.Uvicorn(b.artifact)}
	if b.base != "" {
		all = append(all, b.serviceBase())
	}
	all = append(b.available(all...), b.installed()...)
	texts := b.corpus.Cut(1, 60)
	return b.eachRound(ctx, Start, func(round int) error {
		for _, s := range stats.Rotated(all, round) {
			body, err := s.Body(texts)
			if err != nil {
				return err
			}
			times := 3
			if s.Finishes { // which takes long to start
				times = 1
			}
			firsts := []struct{ metric, body string }{{firstHealth, ""}, {firstPrediction, body}}
			if s.Dialect != nil {
				firsts = firsts[1:] // each peer means something else by its health
			}
			for _, first := range firsts {
				var took []float64
				for range times {
					t, answer, err := sides.FirstAnswer(ctx, s, first.body)
					if err != nil {
						return err
					}
					if first.body != "" && s.Name != sides.Floor && s.Name != sides.ServiceAlone {
						if err := same(b.model, s, texts, answer); err != nil {
							return err
						}
					}
					took = append(took, t.Seconds()*1e3)
				}
				b.results.Add(Start, startCase, s.Name, first.metric, stats.Median(took))
			}
		}
		return nil
	})
}
