package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"tagifai/model"
)

// A fit fits a vectorizer and a classifier to samples.
type fit struct {
	args       *Args
	samples    *samples
	vectorizer *vectorizer
	rows       *rows // TF-IDF of the samples
	classifier *classifier
}

func newFit(args *Args, s *samples) *fit {
	f := &fit{args: args, samples: s}
	f.vectorizer, f.rows = fitVectorizer(args.vectorizer(), s.texts)
	f.classifier = newClassifier(args, len(f.vectorizer.ngrams), s.labels, len(s.classes))
	return f
}

// run runs all epochs and calls after at the end of each.
func (f *fit) run(ctx context.Context, rng *rand.Rand, after func(epoch int)) error {
	var order []int
	if f.args.Balance == Oversampling {
		order = f.samples.oversample(rng)
	} else {
		order = sequence(len(f.samples.labels))
	}
	for epoch := 1; epoch <= f.args.NumEpochs; epoch++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.args.Shuffle {
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		f.classifier.epoch(f.rows, f.samples.labels, order)
		if !f.classifier.finite() {
			return fmt.Errorf("the weights became infinite in epoch %d: learning_rate %v or alpha %v is too high; try a tenth", epoch, f.args.LearningRate, f.args.Alpha)
		}
		after(epoch)
	}
	return nil
}

func (f *fit) weights() *model.Weights {
	coefficients, intercepts := f.classifier.coefficients()
	return &model.Weights{
		Blocks:       []model.Block{{Vectorizer: f.vectorizer.Vectorizer, Weight: 1, NGrams: f.vectorizer.ngrams, IDF: f.vectorizer.idf}},
		Norm:         model.NoNorm,
		Links:        []model.Link{{Loss: model.LogLoss, Weight: 1}},
		Classes:      slices.Clone(f.samples.classes),
		Coefficients: coefficients,
		Intercepts:   intercepts,
	}
}
