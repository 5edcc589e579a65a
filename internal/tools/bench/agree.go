package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/go-json-experiment/json"

	"tagifai/internal/server"
	"tagifai/internal/server/exchange"
	"tagifai/internal/tools/bench/sides"
	"tagifai/model"
)

// tolerance is how far apart two sides' probabilities of a class may be.
const tolerance = 1e-9

// compared is how many requests of a group are compared.
const compared = 100

// agree makes sure that all sides that are measured with a group do the same work: this
// service and FastAPI give all texts the tags of the model, and the peers give them its
// probabilities, from which the same tags follow.
func (b *bench) agree(ctx context.Context, g group, servers []*sides.Server) error {
	for _, s := range servers {
		if s.Name == sides.Floor || !b.measures(s.Side, g.shape, targetConnections) {
			continue
		}
		for i, body := range g.bodies[s.Name][:min(compared, len(g.texts))] {
			answer, err := s.Predict(ctx, body)
			if err != nil {
				return err
			}
			if err := same(b.model, s.Side, g.texts[i], answer); err != nil {
				return err
			}
		}
	}
	return nil
}

// same makes sure that a side's answer to texts is that of the model.
func same(m *model.Model, s sides.Side, texts []string, answer []byte) error {
	var err error
	want := m.PredictAll(texts)
	if s.Dialect == nil {
		err = sameTags(texts, want, answer)
	} else {
		var rows [][]float64
		if rows, err = s.Dialect.Probabilities(answer); err == nil {
			err = sameProbabilities(m, texts, want, rows)
		}
	}
	if err != nil {
		return fmt.Errorf("%s does not do the same work: %w", s.Name, err)
	}
	return nil
}

// sameTags compares an answer of POST /predict.
func sameTags(texts []string, want []model.Prediction, answer []byte) error {
	var a exchange.Answer[server.Predictions]
	if err := json.Unmarshal(answer, &a); err != nil {
		return err
	}
	got := a.Data.Predictions
	if len(got) != len(texts) {
		return fmt.Errorf("%d predictions for %d texts", len(got), len(texts))
	}
	for i, text := range texts {
		if got[i].InputText != text || got[i].PredictedTag != want[i].Tag {
			return fmt.Errorf("%q is %s, but it answers %v", text, want[i].Tag, got[i])
		}
	}
	return nil
}

// sameProbabilities compares the probabilities of each text.
func sameProbabilities(m *model.Model, texts []string, want []model.Prediction, rows [][]float64) error {
	if len(rows) != len(texts) {
		return fmt.Errorf("probabilities of %d texts, not of %d", len(rows), len(texts))
	}
	for i, text := range texts {
		near := slices.EqualFunc(rows[i], want[i].Probabilities, func(x, y float64) bool { return math.Abs(x-y) <= tolerance })
		if !near {
			return fmt.Errorf("%q: probabilities %v, not %v", text, rows[i], want[i].Probabilities)
		}
		if tag := decide(m, rows[i]); tag != want[i].Tag {
			return fmt.Errorf("%q: tag %s, not %s", text, tag, want[i].Tag)
		}
	}
	return nil
}

// decide returns the tag that follows from probabilities: the most probable class or,
// if it does not exceed its threshold, the class other.
func decide(m *model.Model, probabilities []float64) string {
	classes := m.Classes()
	best := slices.Index(probabilities, slices.Max(probabilities))
	if slices.Contains(classes, model.Other) {
		if threshold, _ := m.Threshold(best); probabilities[best] <= threshold {
			return model.Other
		}
	}
	return classes[best]
}

// instruct gives the floor, if it is up, this service's answer to one of the bodies, to
// repeat it.
func instruct(ctx context.Context, bodies []string, servers []*sides.Server) error {
	service, floor := named(servers, sides.Service), named(servers, sides.Floor)
	if service == nil || floor == nil {
		return nil
	}
	answer, err := service.Predict(ctx, bodies[len(bodies)/2])
	if err != nil {
		return err
	}
	return floor.Repeat(ctx, answer)
}

// named returns the server of a side, nil if it is not up.
func named(servers []*sides.Server, name string) *sides.Server {
	i := slices.IndexFunc(servers, func(s *sides.Server) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return servers[i]
}
