package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"
	"tagifai/model"
)

// drawn returns samples with random scores, and labels drawn with the probabilities that
// the scores give at a temperature.
func drawn(classes, n int, temperature float64) *scored {
	rng := rand.New(rand.NewPCG(7, uint64(classes)))
	s := &scored{samples: new(samples)}
	for k := range classes {
		s.classes = append(s.classes, fmt.Sprint("class ", k))
	}
	s.classes[classes-1] = model.Other
	for range n {
		scores := make([]float64, classes)
		for k := range scores {
			scores[k] = 1.5*rng.NormFloat64() - 1
		}
		if classes == 2 {
			scores[0] = -scores[1]
		}
		s.scores = append(s.scores, scores)
		s.texts = append(s.texts, "")
	}
	cooled := s.cooled(temperature)
	for i := range n {
		u, label := rng.Float64(), 0
		for p := cooled.probabilities(i); label < classes-1 && u >= p[label]; label++ {
			u -= p[label]
		}
		s.labels = append(s.labels, label)
	}
	return s
}

func TestTemperature(t *testing.T) {
	for _, classes := range []int{2, 5} {
		for _, want := range []float64{0.4, 1, 3} {
			t.Run(fmt.Sprintf("%d classes, %v", classes, want), func(t *testing.T) {
				s := drawn(classes, 2000, want)
				got := temperature([]*scored{s})
				if math.Abs(math.Log(got/want)) > 0.2 {
					t.Errorf("got %v, want about %v", got, want)
				}
				best := logLoss([]*scored{s}, got)
				for x := 0.3; x < 6; x *= 1.1 {
					if l := logLoss([]*scored{s}, x); l < best-1e-9 {
						t.Errorf("log loss %v at %v, but %v at %v", best, got, l, x)
					}
				}
			})
		}
	}
}

// Division by a temperature changes no answer, be it without a threshold or with one on the
// sigmoid.
func TestTemperatureKeepsAnswers(t *testing.T) {
	for _, classes := range []int{2, 3, 8} {
		s := drawn(classes, 500, 1)
		for _, args := range []*recipe.Args{
			{ThresholdRule: recipe.NoThreshold, ThresholdOn: recipe.OnProbability},
			{ThresholdRule: recipe.MaxF1, ThresholdOn: recipe.OnSigmoid},
			{ThresholdRule: recipe.FirstQuartile, ThresholdOn: recipe.OnSigmoid},
		} {
			want := s.predictions(args, s.threshold(args, 1)).Answers
			for _, temperature := range []float64{0.2, 0.7, 1.3, 8} {
				got := s.cooled(temperature).predictions(args, s.threshold(args, temperature)).Answers
				if diff := cmp.Diff(got, want); diff != "" {
					t.Errorf("%d classes, %s, temperature %v: %s", classes, args.ThresholdRule, temperature, diff)
				}
			}
		}
	}
}

// What is said of out-of-fold samples is what a model says of them.
func TestPredictionsAreTheModels(t *testing.T) {
	d, err := dataset.Read("testdata/labelled.csv")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*recipe.Args){
		"no threshold":             func(a *recipe.Args) { a.ThresholdRule = recipe.NoThreshold },
		"threshold on probability": func(a *recipe.Args) { a.ThresholdRule = recipe.FirstQuartile },
		"threshold on sigmoid":     func(a *recipe.Args) { a.ThresholdRule, a.ThresholdOn = recipe.FirstQuartile, recipe.OnSigmoid },
		"two classes": func(a *recipe.Args) {
			a.AcceptedTags = []string{"computer-vision"}
			a.ThresholdRule = recipe.FirstQuartile
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := recipe.Default()
			args.MinFreq, args.NumEpochs = 3, 3
			change(&args)
			rng := rand.New(rand.NewPCG(1, 0))
			s, err := label(d, &args, rng)
			if err != nil {
				t.Fatal(err)
			}
			weights, err := fitOn(t.Context(), &args, s, rng, func(Epoch) {})
			if err != nil {
				t.Fatal(err)
			}
			m, err := newModel(&args, weights)
			if err != nil {
				t.Fatal(err)
			}
			scores, err := s.score(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			const temperature = 0.8
			args.Threshold = scores.threshold(&args, temperature)
			cool(weights, temperature)
			if m, err = newModel(&args, weights); err != nil {
				t.Fatal(err)
			}
			want, err := s.predict(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			got := scores.cooled(temperature).predictions(&args, args.Threshold)
			for i := range got.Probabilities {
				compare(t, "probabilities", got.Probabilities[i], want.Probabilities[i], 1e-12)
			}
			if diff := cmp.Diff(got.Answers, want.Answers); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A temperature that makes out-of-fold probabilities no better is not used.
func TestTemperatureOnlyIfItHelps(t *testing.T) {
	args := &recipe.Args{ThresholdRule: recipe.NoThreshold, ThresholdOn: recipe.OnProbability, Calibration: recipe.ByTemperature}
	for _, c := range []struct {
		of   float64
		want bool
	}{{0.4, true}, {1, false}, {3, true}} {
		all := drawn(4, 1000, c.of)
		o := &outOfFold{args: args}
		for k := range 5 {
			held := &scored{samples: &samples{classes: all.classes}}
			for i := k; i < len(all.labels); i += 5 {
				held.labels = append(held.labels, all.labels[i])
				held.texts = append(held.texts, "")
				held.indices = append(held.indices, i)
				held.scores = append(held.scores, all.scores[i])
			}
			o.folds = append(o.folds, leftOut{held: held, validation: held})
		}
		if o.calibrate(); o.cool != c.want {
			t.Errorf("temperature %v: used %v, want %v", c.of, o.cool, c.want)
		}
		// What calibrates a fold knows nothing of it.
		before := o.temperature(o.folds[0].held.samples)
		slices.Reverse(o.folds[0].held.labels)
		if after := o.temperature(o.folds[0].held.samples); after != before {
			t.Errorf("temperature %v with other labels of the fold that is judged, %v before", after, before)
		}
	}
}
