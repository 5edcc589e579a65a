package main

import (
	"context"
	"fmt"
	"math"

	"tagifai/internal/train"
)

type evaluateCommand struct {
	Data  string  `required:"" placeholder:"FILE" help:"CSV file with the columns title, description, tag; or text, tag."`
	Model *string `placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Folds int     `placeholder:"K" help:"Judge the model's arguments instead: train K models, each on all but a K-th of the file, and judge each by that K-th."`
}

func (evaluateCommand) Help() string {
	return "Example:\n\n    tagifai evaluate --data labeled.csv --model runs/first\n    tagifai evaluate --data labeled.csv --folds 5"
}

func (c evaluateCommand) Run(ctx context.Context, s streams) error {
	m, err := openModelWarning(c.Model, s.err)
	if err != nil {
		return err
	}
	data, err := train.ReadDataset(c.Data)
	if err != nil {
		return err
	}
	if data.Dropped > 0 {
		fmt.Fprintf(s.err, "%s: %d rows without a tag or a text are left out\n", data.File, data.Dropped)
	}
	if c.Folds == 0 {
		report, err := train.Evaluate(ctx, m, data)
		if err != nil {
			return err
		}
		return printReport(s.out, report)
	}
	args, err := train.ParseArgs(m.Args().JSON())
	if err != nil {
		return fmt.Errorf("the model's arguments cannot be trained with: %w", err)
	}
	bar := newBar(s.err, c.Folds*epochs(args))
	reports, err := train.CrossValidate(ctx, data, args, c.Folds, func(fold, _, _ int) {
		bar.Describe(fmt.Sprintf("fold %d of %d", fold, c.Folds))
		_ = bar.Add(1) // a progress bar that cannot be drawn is no reason to stop
	})
	_ = bar.Exit()
	if err != nil {
		return err
	}
	return printFolds(s, reports)
}

func printFolds(s streams, reports []*train.Report) error {
	mean, squares := 0.0, 0.0
	for i, r := range reports {
		fmt.Fprintf(s.out, "fold %d  weighted f1 %.4f\n", i+1, r.Overall.F1)
		mean += r.Overall.F1 / float64(len(reports))
	}
	for _, r := range reports {
		squares += (r.Overall.F1 - mean) * (r.Overall.F1 - mean)
	}
	fmt.Fprintf(s.out, "mean    weighted f1 %.4f, standard deviation %.4f\n\n", mean, math.Sqrt(squares/float64(len(reports))))
	return printReport(s.out, train.Pool(reports))
}
