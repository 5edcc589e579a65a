package train

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"tagifai/internal/dataset"
	"tagifai/internal/evaluation"
	"tagifai/internal/recipe"
)

// A leftOut are samples that were left out of a training, with the scores that the model
// of the rest gives them.
type leftOut struct {
	held       *scored
	validation *scored // what the threshold is found on
}

// outOfFold are the folds of a cross-validation: together, all samples.
type outOfFold struct {
	args  *recipe.Args
	all   *samples
	rng   *rand.Rand // as the folds left it
	folds []leftOut
	cool  bool // whether calibration makes their probabilities better
}

// CrossValidate trains k models for each seed, from that of the arguments upwards. Each
// leaves out another k-th of the data set and is evaluated on it. If the rows have
// times, it also judges the newest by a model of the older ones, with the first seed.
func CrossValidate(ctx context.Context, d *dataset.Dataset, args recipe.Args, k, seeds int, progress Progress) (*evaluation.CrossValidation, *evaluation.TimeOrdered, error) {
	var runs [][]*evaluation.Predictions
	var used []uint64
	var classes []string
	var byTime *evaluation.TimeOrdered
	for range seeds {
		o, err := crossValidate(ctx, d, &args, k, progress)
		if err != nil {
			return nil, nil, err
		}
		if len(runs) == 0 {
			classes = o.all.classes
			if byTime, err = o.timeOrdered(ctx, d, progress); err != nil {
				return nil, nil, err
			}
		}
		runs, used = append(runs, o.predictions()), append(used, args.Seed)
		args.Seed++
	}
	return evaluation.NewCrossValidation(used, runs, slicing(&args, classes)), byTime, nil
}

func crossValidate(ctx context.Context, d *dataset.Dataset, args *recipe.Args, k int, progress Progress) (*outOfFold, error) {
	given := *args
	rng := rand.New(rand.NewPCG(args.Seed, 0))
	all, err := label(d, &given, rng)
	if err != nil {
		return nil, err
	}
	if k < 2 || k > len(all.texts)/2 {
		return nil, fmt.Errorf("%s: %d folds of %d rows; at least 2 folds with at least 2 rows are wanted", d.File, k, len(all.texts))
	}
	o := &outOfFold{args: &given, all: all, rng: rng}
	for i, held := range all.folds(k, args.Shuffle, rng) {
		f, err := leaveOut(ctx, d, all, held, &given, rng, progress.of(fmt.Sprintf("fold %d of %d", i+1, k)))
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", i+1, err)
		}
		o.folds = append(o.folds, *f)
	}
	if args.Calibration == recipe.ByTemperature {
		o.calibrate()
	}
	return o, nil
}

// calibrate finds out whether a temperature makes the probabilities better.
func (o *outOfFold) calibrate() {
	before := pool(o.predictions()).Report(nil).Calibration
	o.cool = true
	after := pool(o.predictions()).Report(nil).Calibration
	o.cool = after.LogLoss < before.LogLoss && after.Error < before.Error
}

func pool(parts []*evaluation.Predictions) *evaluation.Predictions {
	all := new(evaluation.Predictions)
	for _, p := range parts {
		all.Append(p)
	}
	return all
}

// leaveOut trains on all samples but those with these indices, which are sorted.
func leaveOut(ctx context.Context, d *dataset.Dataset, all *samples, held []int, args *recipe.Args, rng *rand.Rand, progress Progress) (*leftOut, error) {
	rest := all.without(held)
	if err := rest.checkSizes(d, 2); err != nil {
		return nil, err
	}
	share := shares[1] / (shares[0] + shares[1])
	parts := rest.split([]float64{1 - share, share}, args.Shuffle, rng)
	weights, err := fitOn(ctx, args, parts[0], rng, progress)
	if err != nil {
		return nil, err
	}
	m, err := newModel(args, weights)
	if err != nil {
		return nil, err
	}
	f := new(leftOut)
	if f.validation, err = parts[1].score(ctx, m); err != nil {
		return nil, err
	}
	if args.Refit {
		if weights, err = fitOn(ctx, args, rest, rng, progress); err != nil {
			return nil, err
		}
		if m, err = newModel(args, weights); err != nil {
			return nil, err
		}
	}
	f.held, err = all.at(held).score(ctx, m)
	return f, err
}

// predictions returns those on the samples of each fold.
func (o *outOfFold) predictions() []*evaluation.Predictions {
	var all []*evaluation.Predictions
	for i := range o.folds {
		all = append(all, o.of(&o.folds[i]))
	}
	return all
}

// of returns the predictions on the samples of a fold. What calibrates them, and the
// threshold, know nothing of these samples.
func (o *outOfFold) of(f *leftOut) *evaluation.Predictions {
	t := o.temperature(f.held.samples)
	threshold := f.validation.threshold(o.args, t)
	return f.held.cooled(t).predictions(o.args, threshold)
}

// temperature returns that of all samples but the excepted ones.
func (o *outOfFold) temperature(except *samples) float64 {
	if !o.cool {
		return 1
	}
	excepted := make(map[int]bool)
	if except != nil {
		for _, i := range except.indices {
			excepted[i] = true
		}
	}
	var parts []*scored
	for _, f := range o.folds {
		part := &scored{samples: new(samples)}
		part.classes = f.held.classes
		for i, index := range f.held.indices {
			if !excepted[index] {
				part.labels = append(part.labels, f.held.labels[i])
				part.scores = append(part.scores, f.held.scores[i])
			}
		}
		parts = append(parts, part)
	}
	return temperature(parts)
}

// newest returns the sorted indices of the newest of the samples whose time is known: as
// many as the test part has. It returns none if there are no such samples.
func (s *samples) newest() []int {
	var known []int
	for i := range s.created {
		if !s.created[i].IsZero() {
			known = append(known, i)
		}
	}
	slices.SortStableFunc(known, func(a, b int) int {
		return cmp.Or(s.created[a].Compare(s.created[b]), cmp.Compare(s.lines[a], s.lines[b]))
	})
	held := known[len(known)-int(math.Round(shares[2]*float64(len(known)))):]
	slices.Sort(held)
	return held
}

// timeOrdered trains on the older samples and judges the newer ones. It returns nil if
// the samples have no times, or if some class is too rare among the older ones.
func (o *outOfFold) timeOrdered(ctx context.Context, d *dataset.Dataset, progress Progress) (*evaluation.TimeOrdered, error) {
	held := o.all.newest()
	if rare, _ := o.all.without(held).tooRare(2); rare >= 0 || len(held) == 0 {
		return nil, nil
	}
	f, err := leaveOut(ctx, d, o.all, held, o.args, o.rng, progress.of("older rows"))
	if err != nil {
		return nil, err
	}
	t := &evaluation.TimeOrdered{
		Train:  len(o.all.texts) - len(held),
		From:   slices.MinFunc(f.held.created, time.Time.Compare),
		Report: o.of(f).Report(slicing(o.args, o.all.classes)),
	}
	return t, nil
}
