package train

import (
	"context"
	"math"
	"slices"

	"tagifai/internal/evaluation"
	"tagifai/internal/recipe"
	"tagifai/model"
	"tagifai/model/linear"
)

// scored are samples with the scores that a model gave them, one for each class.
type scored struct {
	*samples
	scores [][]float64
	known  [][2]int // of each: n-grams that the model knows, and all n-grams
}

func (s *samples) score(ctx context.Context, m *model.Model) (*scored, error) {
	r := &scored{samples: s}
	for _, text := range s.texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.scores = append(r.scores, m.Scores(text))
		known, all := m.Known(text)
		r.known = append(r.known, [2]int{known, all})
	}
	return r, nil
}

// cooled returns the samples with their scores divided by a temperature.
func (s *scored) cooled(temperature float64) *scored {
	r := &scored{samples: s.samples, known: s.known}
	for _, scores := range s.scores {
		divided := make([]float64, len(scores))
		for k, score := range scores {
			divided[k] = score / temperature
		}
		r.scores = append(r.scores, divided)
	}
	return r
}

func (s *scored) probabilities(i int) []float64 {
	p := make([]float64, len(s.classes))
	scores := s.scores[i]
	if len(scores) == 2 {
		scores = scores[1:] // the other is its negative
	}
	linear.LogLoss.Probabilities(p, scores)
	return p
}

// predictions returns what a model with this threshold answers.
func (s *scored) predictions(args *recipe.Args, threshold *float64) *evaluation.Predictions {
	p := &evaluation.Predictions{Classes: s.classes, Texts: s.texts, Labels: s.labels}
	other := slices.Index(s.classes, model.Other)
	for i := range s.scores {
		g := s.guess(i, args.ThresholdOn)
		if threshold != nil && other >= 0 && g.confidence <= *threshold {
			g.class = other
		}
		p.Answers = append(p.Answers, g.class)
		p.Probabilities = append(p.Probabilities, s.probabilities(i))
	}
	return p
}

// logLoss returns the mean log loss of parts together, at a temperature.
func logLoss(parts []*scored, temperature float64) float64 {
	sum, n := 0.0, 0
	for _, part := range parts {
		cooled := part.cooled(temperature)
		for i, label := range part.labels {
			sum += evaluation.LogLoss(cooled.probabilities(i)[label])
		}
		n += len(part.labels)
	}
	return sum / float64(n)
}

// temperature returns the temperature with the lowest log loss: the best of some, and
// then the best of its neighbourhood, by golden section of the logarithm. Scores are not
// scaled so far that logistic functions become 1, since then classes would be equal.
func temperature(parts []*scored) float64 {
	const (
		hottest, steps = 10, 20 // on either side of 1
		largestScore   = 30
	)
	highest := 0.0
	for _, part := range parts {
		for _, scores := range part.scores {
			highest = max(highest, slices.Max(scores))
		}
	}
	low, high := math.Log(max(1.0/hottest, min(1, highest/largestScore))), math.Log(hottest)
	loss := func(log float64) float64 { return logLoss(parts, math.Exp(log)) }
	step := (high - low) / (2 * steps)
	best, lowest := 0.0, math.Inf(1)
	for i := range 2*steps + 1 {
		if l := loss(low + float64(i)*step); l < lowest {
			best, lowest = low+float64(i)*step, l
		}
	}
	a, b := max(low, best-step), min(high, best+step)
	for b-a > 1e-6 {
		c := b - (b-a)/math.Phi
		if d := a + (b-a)/math.Phi; loss(c) < loss(d) {
			b = d
		} else {
			a = c
		}
	}
	return math.Exp((a + b) / 2)
}

// cool divides the scores that the weights give by a temperature.
func cool(w *linear.Weights, temperature float64) {
	for i := range w.Coefficients {
		w.Coefficients[i] /= temperature
	}
	for i := range w.Intercepts {
		w.Intercepts[i] /= temperature
	}
}
