// Package train trains models on labelled CSV files, and evaluates them.
package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"tagifai/model"
)

// shares are the shares of the parts of a data set: the model is trained on the first,
// its threshold is found on the second, and the third evaluates the result.
var shares = []float64{0.70, 0.15, 0.15}

// A Result is a trained model and a record of its training.
type Result struct {
	Artifact *model.Artifact
	Report   *Report // on the test part, before the refit
	Losses   []Loss  // of each epoch before the refit
	Folded   Folded

	Train, Validation, Test int // samples in each part
}

// A Loss is the mean log loss after an epoch.
type Loss struct{ Train, Validation float64 }

// Origin says what made a model, and when.
type Origin struct {
	Tool string // name and version
	Time time.Time
}

// A Progress function is called after each epoch; the first is 1. The loss is nil in a
// refit, which does not compute it.
type Progress func(epoch, epochs int, loss *Loss)

// Train trains a model on the data set. Equal data, arguments and origin give equal
// artifacts, byte for byte, whatever the number of cores.
func Train(ctx context.Context, d *Dataset, args Args, origin Origin, progress Progress) (*Result, error) {
	rng := rand.New(rand.NewPCG(args.Seed, 0))
	all, err := label(d, &args, rng)
	if err != nil {
		return nil, err
	}
	parts := all.split(shares, args.Shuffle, rng)
	train, validation, test := parts[0], parts[1], parts[2]
	result := &Result{Folded: all.folded, Train: len(train.texts), Validation: len(validation.texts), Test: len(test.texts)}

	weights, losses, err := fitWithThreshold(ctx, &args, train, validation, rng, progress)
	if err != nil {
		return nil, err
	}
	result.Losses = losses
	m, err := newModel(&args, weights)
	if err != nil {
		return nil, err
	}
	predicted, err := test.predict(ctx, m)
	if err != nil {
		return nil, err
	}
	result.Report = test.report(predicted)
	if args.Refit {
		if weights, err = refit(ctx, &args, all, rng, progress); err != nil {
			return nil, err
		}
	}
	weights.Provenance = map[string]string{
		"created":        origin.Time.UTC().Format(time.RFC3339),
		"tool":           origin.Tool,
		"dataset_sha256": d.SHA256,
		"dataset_rows":   strconv.Itoa(len(all.texts)),
		"seed":           strconv.FormatUint(args.Seed, 10),
	}
	if len(d.Also) > 0 {
		weights.Provenance["also_sha256"] = strings.Join(d.alsoSHA256(), " ")
		weights.Provenance["also_rows"] = strconv.Itoa(len(all.also.texts))
	}
	result.Artifact, err = newArtifact(&args, weights)
	if err != nil {
		return nil, err
	}
	if result.Artifact.Performance, err = result.Report.Object(); err != nil {
		return nil, err
	}
	if result.Artifact.Performance, err = all.folded.addTo(result.Artifact.Performance); err != nil {
		return nil, err
	}
	result.Artifact.RunID = runID(result.Artifact.Args, d)
	return result, nil
}

// CrossValidate trains k models. Each leaves out another k-th of the data set and is
// evaluated on it. CrossValidate returns the report of each.
func CrossValidate(ctx context.Context, d *Dataset, args Args, k int, progress func(fold, epoch, epochs int)) ([]*Report, error) {
	rng := rand.New(rand.NewPCG(args.Seed, 0))
	all, err := label(d, &args, rng)
	if err != nil {
		return nil, err
	}
	if k < 2 || k > len(all.texts)/2 {
		return nil, fmt.Errorf("%s: %d folds of %d rows; at least 2 folds with at least 2 rows are wanted", d.File, k, len(all.texts))
	}
	var reports []*Report
	for fold, held := range all.folds(k, args.Shuffle, rng) {
		rest := all.without(held)
		if err := rest.checkSizes(d); err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		validation := shares[1] / (shares[0] + shares[1])
		parts := rest.split([]float64{1 - validation, validation}, args.Shuffle, rng)
		onEpoch := func(epoch, epochs int, _ *Loss) { progress(fold+1, epoch, epochs) }
		foldArgs := args
		weights, _, err := fitWithThreshold(ctx, &foldArgs, parts[0], parts[1], rng, onEpoch)
		if err != nil {
			return nil, err
		}
		if args.Refit {
			if weights, err = refit(ctx, &foldArgs, rest, rng, onEpoch); err != nil {
				return nil, err
			}
		}
		m, err := newModel(&foldArgs, weights)
		if err != nil {
			return nil, err
		}
		test := all.at(held)
		predicted, err := test.predict(ctx, m)
		if err != nil {
			return nil, err
		}
		reports = append(reports, test.report(predicted))
	}
	return reports, nil
}

// fitWithThreshold fits on train, finds the threshold on validation, and sets it in
// args.
func fitWithThreshold(ctx context.Context, args *Args, train, validation *samples, rng *rand.Rand, progress Progress) (*model.Weights, []Loss, error) {
	var losses []Loss
	f := newFit(args, train)
	validationRows := f.union.transform(validation.texts)
	err := f.run(ctx, rng, func(epoch int) {
		c := f.classifier()
		loss := Loss{
			Train:      c.meanLoss(f.rows, f.documents.labels, f.documents.weights),
			Validation: c.meanLoss(validationRows, validation.labels, validation.weights),
		}
		losses = append(losses, loss)
		progress(epoch, args.NumEpochs, &loss)
	})
	if err != nil {
		return nil, nil, err
	}
	weights := f.weights()
	unbounded := *args
	unbounded.Threshold = nil
	m, err := newModel(&unbounded, weights)
	if err != nil {
		return nil, nil, err
	}
	args.Threshold = validation.threshold(args, m)
	return weights, losses, nil
}

// refit fits on all samples. It leaves the threshold alone.
func refit(ctx context.Context, args *Args, all *samples, rng *rand.Rand, progress Progress) (*model.Weights, error) {
	f := newFit(args, all)
	err := f.run(ctx, rng, func(epoch int) { progress(epoch, args.NumEpochs, nil) })
	if err != nil {
		return nil, err
	}
	return f.weights(), nil
}

func newArtifact(args *Args, weights *model.Weights) (*model.Artifact, error) {
	object, err := args.Object()
	if err != nil {
		return nil, err
	}
	return &model.Artifact{Args: object, Weights: weights}, nil
}

func newModel(args *Args, weights *model.Weights) (*model.Model, error) {
	a, err := newArtifact(args, weights)
	if err != nil {
		return nil, err
	}
	return model.New(a)
}

// runID returns the name of a run: a hash of its arguments and its data.
func runID(args model.Object, d *Dataset) string {
	text := d.SHA256 + string(args.JSON()) + strings.Join(d.alsoSHA256(), "")
	if l := d.layout; len(l.TextColumns) > 0 || l.TagColumn != "" || l.WeightColumn != "" || l.Delimiter != 0 {
		text += fmt.Sprintf("%q %q %q %q", l.TextColumns, l.TagColumn, l.WeightColumn, l.Delimiter)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// alsoSHA256 returns the SHA-256 of each file of extra rows, in hexadecimal.
func (d *Dataset) alsoSHA256() []string {
	var sums []string
	for _, also := range d.Also {
		sums = append(sums, also.SHA256)
	}
	return sums
}
