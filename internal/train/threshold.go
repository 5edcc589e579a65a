package train

import (
	"cmp"
	"math"
	"slices"

	"tagifai/internal/evaluation"
	"tagifai/internal/recipe"
	"tagifai/model"
)

// A guess is the most probable class of a sample, and what is held against the threshold.
type guess struct {
	class, label int
	confidence   float64
}

// guesses returns a guess for each sample, the least confident first.
func (s *scored) guesses(on recipe.ThresholdOn) []guess {
	guesses := make([]guess, 0, len(s.scores))
	for i := range s.scores {
		guesses = append(guesses, s.guess(i, on))
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return cmp.Compare(a.confidence, b.confidence) })
	return guesses
}

func (s *scored) guess(i int, on recipe.ThresholdOn) guess {
	g := guess{label: s.labels[i]}
	for k, p := range s.probabilities(i) {
		if p > g.confidence {
			g.class, g.confidence = k, p
		}
	}
	if on == recipe.OnSigmoid {
		g.confidence = 1 / (1 + math.Exp(-slices.Max(s.scores[i])))
	}
	return g
}

// threshold finds the threshold by the rule in the arguments, for scores divided by a
// temperature. It returns nil if there is none. One that is on the sigmoid is found on the
// scores as they are, and moved with them, so that the temperature changes no answer. That
// cannot be had of one on the probability, which is made of all scores.
func (s *scored) threshold(args *recipe.Args, temperature float64) *float64 {
	if args.ThresholdOn != recipe.OnSigmoid {
		return s.cooled(temperature).findThreshold(args)
	}
	t := s.findThreshold(args)
	if t == nil || args.ThresholdRule == recipe.Fixed || temperature == 1 {
		return t
	}
	moved := 1 / (1 + math.Pow(1 / *t - 1, 1/temperature))
	return &moved
}

func (s *scored) findThreshold(args *recipe.Args) *float64 {
	switch args.ThresholdRule {
	case recipe.MaxF1:
		if other := slices.Index(s.classes, model.Other); other >= 0 {
			t := maxF1(s.guesses(args.ThresholdOn), other, len(s.classes))
			return &t
		}
	case recipe.FirstQuartile:
		var confidences []float64
		for _, g := range s.guesses(args.ThresholdOn) {
			confidences = append(confidences, g.confidence)
		}
		t := quantile(confidences, 0.25)
		return &t
	case recipe.Fixed:
		return args.Threshold
	}
	return nil
}

// maxF1 tries thresholds a hundredth apart. A validation part has some hundred samples,
// so F1 jumps from one threshold to the next, and its maximum is mostly luck.
// Therefore each threshold is rated by the mean F1 of its neighbours, up to a tenth
// away. Of those rated within asGood of the best, maxF1 takes the highest: it helps
// with texts that are unlike anything in the data set, and the validation part has
// none of these.
const (
	thresholdSteps = 100
	neighbours     = 10
	asGood         = 0.004
)

// maxF1 returns the threshold with the highest weighted F1, where guesses whose
// confidence is not above the threshold count as other. The guesses are sorted by
// confidence.
func maxF1(guesses []guess, other, classes int) float64 {
	t := evaluation.NewTally(classes)
	for _, g := range guesses {
		t.Add(g.label, g.class)
	}
	var f1, mean [thresholdSteps]float64
	for step := range f1 {
		for len(guesses) > 0 && guesses[0].confidence <= float64(step)/thresholdSteps {
			g := guesses[0]
			t[g.label][g.class]--
			t[g.label][other]++
			guesses = guesses[1:]
		}
		f1[step] = t.Weighted().F1
	}
	for step := range mean {
		near := f1[max(0, step-neighbours):min(step+neighbours+1, len(f1))]
		for _, x := range near {
			mean[step] += x / float64(len(near))
		}
	}
	best := 0
	highest := slices.Max(mean[:])
	for step := range mean {
		if mean[step] >= highest-asGood {
			best = step
		}
	}
	return float64(best) / thresholdSteps
}

// quantile returns the q-quantile of sorted values, interpolated linearly between
// its neighbours (numpy's default).
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}
