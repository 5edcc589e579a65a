package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/dataset"
	"tagifai/internal/evaluation"
	"tagifai/internal/recipe"
	"tagifai/internal/train"
	"tagifai/model"
)

type evaluateCommand struct {
	dataFlags
	Model  *string `placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Unseen bool    `help:"Leave out the rows that the model was trained on."`
	Folds  int     `placeholder:"K" help:"Judge the model's arguments instead: train K models, each on all but a K-th of the file, and judge each by that K-th. If the rows have times (created_on), also judge the newest rows by a model of the older ones."`
	Seeds  int     `default:"1" placeholder:"N" help:"With --folds: do so with N seeds, from that of the arguments upwards, and show mean and standard deviation (${default})."`
	JSON   bool    `name:"json" help:"Print JSON."`
	Plot   bool    `help:"Draw a confusion matrix and a reliability diagram, as PNG and SVG, into the directory of --out."`
	Out    string  `default:"." placeholder:"DIR" help:"Directory for the pictures (the current one)."`
}

func (evaluateCommand) Help() string {
	return "Example:\n\n    tagifai evaluate --data labelled.csv --model runs/first --unseen\n    tagifai evaluate --data labelled.csv --folds 5 --seeds 10 --plot --out pictures"
}

// An evaluationResult is what evaluate prints.
type evaluationResult struct {
	Data string `json:"data"`
	Rows int    `json:"rows"` // that were judged

	// Without --folds.
	*evaluation.Report
	Confusion evaluation.Tally            `json:"confusion,omitzero"` // by true and predicted class, in the order of Classes
	Classes   []string                    `json:"classes,omitzero"`
	Unknown   []train.TagCount            `json:"unknown_tags,omitzero"` // of which the model knows nothing; they count as other
	TrainedOn *trainedOn                  `json:"trained_on,omitzero"`
	OutOfFold *evaluation.CrossValidation `json:"out_of_fold,omitzero"` // of the training, if the model was trained on these rows

	// With --folds.
	CrossValidation *evaluation.CrossValidation `json:"cross_validation,omitzero"`
	TimeOrdered     *evaluation.TimeOrdered     `json:"time_ordered,omitzero"`

	Plots []string `json:"plots,omitzero"`
}

// trainedOn says how many of the rows the model was trained on.
type trainedOn struct {
	SameFile bool `json:"same_file"`
	Rows     *int `json:"rows,omitzero"`     // nil if the model does not know its texts
	LeftOut  int  `json:"left_out,omitzero"` // of those, by --unseen
}

func (c evaluateCommand) Run(ctx context.Context, env cli.Env) error {
	switch {
	case c.Seeds < 1:
		return fmt.Errorf("--seeds is %d; want at least 1", c.Seeds)
	case c.Folds == 0 && c.Seeds > 1:
		return errors.New("--seeds needs --folds: 5, say")
	case c.Folds == 0 && (len(c.Also) > 0 || c.Vectors != nil):
		return errors.New("--also and --vectors need --folds: they are for training, and nothing is trained without")
	case c.Folds != 0 && c.Unseen:
		return errors.New("--unseen does not go with --folds, whose models see nothing that they are judged by")
	}
	a, m, err := cli.OpenArtifact(c.Model)
	if err != nil {
		return err
	}
	cli.PrintWarnings(env.Err, m.Warnings())
	data, err := c.read(env.Err)
	if err != nil {
		return err
	}
	if c.Folds != 0 {
		return c.crossValidate(ctx, env, m, data)
	}

	result := evaluationResult{Data: c.Data}
	if data, err = result.lookAtTraining(c, a, data, env.Err); err != nil {
		return err
	}
	e, err := train.Evaluate(ctx, m, data)
	if err != nil {
		return err
	}
	printUnknown(env.Err, data.File, e.Unknown)
	result.Rows, result.Unknown = len(data.Rows), e.Unknown
	result.Report, result.Confusion, result.Classes = e.Report, e.Report.Confusion, e.Report.Classes
	return c.print(env, &result, fmt.Sprintf("%s, %d rows", filepath.Base(c.Data), result.Rows), e.Report)
}

// lookAtTraining says on stderr whether the model was trained on rows of the data. It
// returns the rows to evaluate.
func (r *evaluationResult) lookAtTraining(c evaluateCommand, a *model.Artifact, data *dataset.Dataset, stderr io.Writer) (*dataset.Dataset, error) {
	seen, err := cli.ReadSeen(c.Model)
	if err != nil {
		return nil, err
	}
	same := a.Weights.Provenance["dataset_sha256"] == data.SHA256
	if seen == nil {
		if c.Unseen {
			return nil, fmt.Errorf("--unseen: the model does not say which texts it was trained on: it has no %s, as models of `tagifai train` have it", dataset.SeenFile)
		}
		if same {
			r.TrainedOn = &trainedOn{SameFile: true}
			fmt.Fprintf(stderr, "%s: the model was trained on this file, so the figures show how well it remembers its rows, not how good it is\n", c.Data)
		}
	} else {
		o := seen.Overlap(data)
		r.TrainedOn = &trainedOn{SameFile: same, Rows: &o.Seen}
		if c.Unseen {
			r.TrainedOn.LeftOut = len(data.Rows) - len(o.Unseen.Rows)
			if len(o.Unseen.Rows) == 0 {
				return nil, fmt.Errorf("%s: the model was trained on every row, so --unseen leaves nothing; evaluate it with other rows, or its arguments with --folds 5", c.Data)
			}
			fmt.Fprintf(stderr, "%s: %d of %d rows are left out, since the model was trained on them\n", c.Data, r.TrainedOn.LeftOut, len(data.Rows))
			return o.Unseen, nil
		}
		if o.Seen > 0 {
			fmt.Fprintf(stderr, "%s: the model was trained on %d of %d rows, so the figures show how well it remembers them, not how good it is; --unseen leaves them out\n", c.Data, o.Seen, o.Rows)
		}
		same = same || 2*o.Seen > o.Rows
	}
	if !same {
		return data, nil
	}
	if r.OutOfFold, err = evaluation.OutOfFold(a.Performance); err != nil {
		return nil, err
	}
	if r.OutOfFold == nil {
		fmt.Fprintf(stderr, "its %s has no out-of-fold figures; --folds 5 finds them\n", model.PerformanceFile)
	}
	return data, nil
}

func (c evaluateCommand) crossValidate(ctx context.Context, env cli.Env, m *model.Model, data *dataset.Dataset) error {
	args, err := recipe.Parse(m.Args().JSON())
	if err != nil {
		return fmt.Errorf("the model's arguments cannot be trained with: %w", err)
	}
	bar := newBar(env.Err, train.EpochsOfFolds(data, args, c.Folds, c.Seeds))
	cv, byTime, err := train.CrossValidate(ctx, data, args, c.Folds, c.Seeds, showEpoch(bar))
	_ = bar.Clear() // what follows begins a line
	if err != nil {
		return err
	}
	result := evaluationResult{Data: c.Data, Rows: cv.Overall.Samples / c.Seeds, CrossValidation: cv, TimeOrdered: byTime}
	return c.print(env, &result, fmt.Sprintf("Out of %d folds", c.Folds), cv.Report)
}

// print prints the result, and draws the report if it is to be drawn.
func (c evaluateCommand) print(env cli.Env, result *evaluationResult, of string, report *evaluation.Report) error {
	if c.Plot {
		var err error
		if result.Plots, err = writePictures(c.Out, reportPictures(of, report)); err != nil {
			return err
		}
	}
	if c.JSON {
		return cli.PrintJSON(env.Out, result)
	}
	if err := result.write(env.Out); err != nil {
		return err
	}
	for _, name := range result.Plots {
		fmt.Fprintln(env.Out, "plot", name)
	}
	return nil
}

func (r *evaluationResult) write(w io.Writer) error {
	if cv := r.CrossValidation; cv != nil {
		writeRuns(w, cv)
		return printMore(w, &evaluation.Performance{CrossValidation: cv, TimeOrdered: r.TimeOrdered})
	}
	if err := printReport(w, r.Report); err != nil {
		return err
	}
	return printMore(w, &evaluation.Performance{CrossValidation: r.OutOfFold})
}

// writeRuns shows the folds of a single run, or the runs if there are several.
func writeRuns(w io.Writer, cv *evaluation.CrossValidation) {
	if len(cv.Runs) == 1 {
		f1s := cv.Runs[0].F1ByFold
		for i, f1 := range f1s {
			fmt.Fprintf(w, "fold %d  weighted f1 %.4f\n", i+1, f1)
		}
		mean, deviation := evaluation.Spread(f1s)
		fmt.Fprintf(w, "mean    weighted f1 %.4f, standard deviation %.4f\n", mean, deviation)
		return
	}
	line := func(name string, f evaluation.Figures) {
		fmt.Fprintf(w, "%-20s  weighted f1 %.4f, calibration error %.4f, Brier score %.4f, log loss %.4f\n", name, f.F1, f.Error, f.Brier, f.LogLoss)
	}
	for _, run := range cv.Runs {
		line(fmt.Sprintf("seed %d", run.Seed), run.Figures)
	}
	line("mean", cv.Mean)
	line("standard deviation", cv.Deviation)
}

// writePictures writes pictures into dir, and returns their paths.
func writePictures(dir string, pictures map[string]evaluation.Picture) ([]string, error) {
	files, err := evaluation.Files(pictures)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var paths []string
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths, nil
}
