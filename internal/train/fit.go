package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"tagifai/internal/recipe"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// A fit fits the blocks of a vectorizer and a classifier to samples.
type fit struct {
	args       *recipe.Args
	documents  *samples // all that is made of the samples
	union      *union
	rows       *rows // TF-IDF of the documents
	classifier *classifier
}

func newFit(args *recipe.Args, s *samples) *fit {
	f := &fit{args: args, documents: s.documents(args)}
	f.union, f.rows = fitUnion(args.AllBlocks(), f.documents.texts, s.vectors, args.VectorWeight)
	f.classifier = newClassifier(args, f.union.features(), f.documents.labels, f.documents.first, len(s.classes))
	return f
}

// run runs all epochs and calls after at the end of each.
func (f *fit) run(ctx context.Context, rng *rand.Rand, after func(epoch int)) error {
	if err := f.union.check(); err != nil {
		return err
	}
	var order []int
	if f.args.Balance == recipe.Oversampling {
		order = f.documents.oversample(rng)
	} else {
		order = sequence(len(f.documents.labels))
	}
	for epoch := 1; epoch <= f.args.NumEpochs; epoch++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.args.Shuffle {
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		f.classifier.epoch(f.rows, f.documents.labels, f.documents.weights, order)
		if !f.classifier.finite() {
			return fmt.Errorf("the weights became infinite in epoch %d: learning_rate %v or alpha %v is too high; try a tenth", epoch, f.args.LearningRate, f.args.Alpha)
		}
		after(epoch)
	}
	return nil
}

func (f *fit) weights() *linear.Weights {
	coefficients, intercepts := f.classifier.coefficients()
	return &linear.Weights{
		Blocks:       f.union.blocks(),
		Norm:         tfidf.NoNorm,
		Links:        []linear.Link{{Loss: linear.LogLoss, Weight: 1}},
		Classes:      slices.Clone(f.documents.classes),
		Coefficients: f.union.fold(coefficients),
		Intercepts:   intercepts,
	}
}
