// Package train trains models on labelled CSV files, and evaluates them.
package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"tagifai/internal/dataset"
	"tagifai/internal/evaluation"
	"tagifai/internal/monitor"
	"tagifai/internal/recipe"
	"tagifai/model"
	"tagifai/model/linear"
)

// shares are the shares of the parts of a data set: the model is trained on the first,
// its threshold is found on the second, and the third evaluates the result.
var shares = []float64{0.70, 0.15, 0.15}

// A Result is a trained model and a record of its training.
type Result struct {
	Artifact    *model.Artifact
	Performance *evaluation.Performance // its report is on the test part, before the refit
	Losses      []Loss                  // of each epoch before the refit
	Temperature float64                 // by which the scores were divided; 1 if they were not
	Seen        *dataset.Seen           // texts that the model knows
	Folded      Folded

	Train, Validation, Test int // samples in each part
}

// A Loss is the mean log loss after an epoch.
type Loss struct{ Train, Validation float64 }

// Origin says what made a model, and when.
type Origin struct {
	Tool string // name and version
	Time time.Time
}

// An Epoch is one that has ended.
type Epoch struct {
	Fit    string // what was fitted on: "training part", "all rows", "fold 1 of 5", "older rows"
	Number int    // from 1
	Loss   *Loss  // nil where it is not computed
}

// A Progress function is called after each epoch.
type Progress func(Epoch)

// of returns a function that says that the epochs are those of another fit.
func (p Progress) of(fit string) Progress {
	return func(e Epoch) {
		e.Fit = fit
		p(e)
	}
}

// Epochs returns how many epochs a training goes through, cross-validation and
// everything else included.
func Epochs(d *dataset.Dataset, args recipe.Args) int {
	if args.Folds == 0 {
		return epochsOf(&args)
	}
	return epochsOf(&args) + EpochsOfFolds(d, args, args.Folds, 1)
}

// EpochsOfFolds returns how many epochs CrossValidate goes through, at most.
func EpochsOfFolds(d *dataset.Dataset, args recipe.Args, k, seeds int) int {
	fits := k * seeds
	if slices.ContainsFunc(d.Rows, func(r dataset.Row) bool { return !r.Created.IsZero() }) {
		fits++
	}
	return fits * epochsOf(&args)
}

// epochsOf returns how many epochs a fit goes through, and the one of all rows after it.
func epochsOf(args *recipe.Args) int {
	if args.Refit {
		return 2 * args.NumEpochs
	}
	return args.NumEpochs
}

// Train trains a model on the data set. The artifact's baseline is of the out-of-fold
// predictions or, without folds, of those on the test part: of texts that the model which
// predicts them was not trained on. Equal data, arguments and origin give equal
// artifacts, byte for byte, whatever the number of cores.
func Train(ctx context.Context, d *dataset.Dataset, args recipe.Args, origin Origin, progress Progress) (*Result, error) {
	rng := rand.New(rand.NewPCG(args.Seed, 0))
	all, err := label(d, &args, rng)
	if err != nil {
		return nil, err
	}
	parts := all.split(shares, args.Shuffle, rng)
	train, validation, test := parts[0], parts[1], parts[2]
	result := &Result{
		Performance: &evaluation.Performance{CountedAsOther: all.folded.counts()},
		Temperature: 1,
		Folded:      all.folded,
		Train:       len(train.texts),
		Validation:  len(validation.texts),
		Test:        len(test.texts),
	}
	weights, losses, err := fitAndValidate(ctx, &args, train, validation, rng, progress)
	if err != nil {
		return nil, err
	}
	result.Losses = losses
	m, err := newModel(&args, weights)
	if err != nil {
		return nil, err
	}
	validated, err := validation.score(ctx, m)
	if err != nil {
		return nil, err
	}
	tested, err := test.score(ctx, m)
	if err != nil {
		return nil, err
	}

	baseline := monitor.NewBuilder("test part", all.classes)
	onTest := 1.0 // temperature that knows nothing of the test part
	if args.Folds > 0 {
		o, err := crossValidate(ctx, d, &args, min(args.Folds, len(all.texts)/2), progress)
		if err != nil {
			return nil, err
		}
		baseline = monitor.NewBuilder(fmt.Sprintf("out of %d folds", len(o.folds)), all.classes)
		for i, p := range o.predictions() {
			addPredictions(baseline, p, o.folds[i].held.known)
		}
		onTest, result.Temperature = o.temperature(test), o.temperature(nil)
		result.Performance.CrossValidation = evaluation.NewCrossValidation(
			[]uint64{args.Seed}, [][]*evaluation.Predictions{o.predictions()}, slicing(&args, all.classes))
		if result.Performance.TimeOrdered, err = o.timeOrdered(ctx, d, progress); err != nil {
			return nil, err
		}
	}
	predictions := tested.cooled(onTest).predictions(&args, validated.threshold(&args, onTest))
	result.Performance.Report = predictions.Report(slicing(&args, all.classes))
	if args.Folds == 0 {
		addPredictions(baseline, predictions, tested.known)
	}

	args.Threshold = validated.threshold(&args, result.Temperature)
	var also []string
	if all.also != nil {
		also = all.also.texts
	}
	result.Seen = dataset.NewSeen(slices.Concat(train.texts, validation.texts, also))
	if args.Refit {
		if weights, err = fitOn(ctx, &args, all, rng, progress); err != nil {
			return nil, err
		}
		result.Seen = dataset.NewSeen(slices.Concat(all.texts, also))
	}
	cool(weights, result.Temperature)
	weights.Provenance = provenanceOf(d, all, args.Seed, result.Temperature, origin)
	result.Artifact, err = newArtifact(&args, weights)
	if err != nil {
		return nil, err
	}
	if result.Artifact.Performance, err = result.Performance.Object(); err != nil {
		return nil, err
	}
	if result.Artifact.Baseline, err = baseline.Baseline().Object(); err != nil {
		return nil, err
	}
	result.Artifact.RunID = runID(result.Artifact.Args, d)
	return result, nil
}

// provenanceOf says what a model was made of, and by what.
func provenanceOf(d *dataset.Dataset, all *samples, seed uint64, temperature float64, origin Origin) map[string]string {
	provenance := map[string]string{
		"created":        origin.Time.UTC().Format(time.RFC3339),
		"tool":           origin.Tool,
		"dataset_sha256": d.SHA256,
		"dataset_rows":   strconv.Itoa(len(all.texts)),
		"seed":           strconv.FormatUint(seed, 10),
	}
	if len(d.Also) > 0 {
		provenance["also_sha256"] = strings.Join(alsoSHA256(d), " ")
		provenance["also_rows"] = strconv.Itoa(len(all.also.texts))
	}
	if temperature != 1 {
		provenance["temperature"] = strconv.FormatFloat(temperature, 'g', -1, 64)
	}
	if v := d.Vectors; v != nil {
		provenance["vectors_sha256"] = v.SHA256
		provenance["vectors"] = fmt.Sprintf("%d words, %d dimensions", len(v.Words), v.Dimensions)
	}
	return provenance
}

// fitAndValidate fits on train. It computes the losses of both parts after each epoch.
func fitAndValidate(ctx context.Context, args *recipe.Args, train, validation *samples, rng *rand.Rand, progress Progress) (*linear.Weights, []Loss, error) {
	var losses []Loss
	f := newFit(args, train)
	validationRows := f.union.transform(validation.texts)
	err := f.run(ctx, rng, func(epoch int) {
		loss := Loss{
			Train:      f.classifier.meanLoss(f.rows, f.documents.labels, f.documents.weights),
			Validation: f.classifier.meanLoss(validationRows, validation.labels, validation.weights),
		}
		losses = append(losses, loss)
		progress(Epoch{"training part", epoch, &loss})
	})
	if err != nil {
		return nil, nil, err
	}
	return f.weights(), losses, nil
}

// fitOn fits on samples. It computes no losses.
func fitOn(ctx context.Context, args *recipe.Args, s *samples, rng *rand.Rand, progress Progress) (*linear.Weights, error) {
	f := newFit(args, s)
	err := f.run(ctx, rng, func(epoch int) { progress(Epoch{"all rows", epoch, nil}) })
	if err != nil {
		return nil, err
	}
	return f.weights(), nil
}

func newArtifact(args *recipe.Args, weights *linear.Weights) (*model.Artifact, error) {
	object, err := args.Object()
	if err != nil {
		return nil, err
	}
	return &model.Artifact{Args: object, Weights: weights}, nil
}

func newModel(args *recipe.Args, weights *linear.Weights) (*model.Model, error) {
	a, err := newArtifact(args, weights)
	if err != nil {
		return nil, err
	}
	return model.New(a)
}

// runID returns the name of a run: a hash of its arguments and its data.
func runID(args model.Object, d *dataset.Dataset) string {
	text := d.SHA256 + string(args.JSON()) + strings.Join(alsoSHA256(d), "")
	if l := d.Layout; len(l.TextColumns) > 0 || l.TagColumn != "" || l.WeightColumn != "" || l.Delimiter != 0 {
		text += fmt.Sprintf("%q %q %q %q", l.TextColumns, l.TagColumn, l.WeightColumn, l.Delimiter)
	}
	if d.Vectors != nil {
		text += d.Vectors.SHA256
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// alsoSHA256 returns the SHA-256 of each file of extra rows, in hexadecimal.
func alsoSHA256(d *dataset.Dataset) []string {
	var sums []string
	for _, also := range d.Also {
		sums = append(sums, also.SHA256)
	}
	return sums
}
