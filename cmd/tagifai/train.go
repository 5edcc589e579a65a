package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/dataset"
	"tagifai/internal/evaluation"
	"tagifai/internal/golden"
	"tagifai/internal/recipe"
	"tagifai/internal/train"
	"tagifai/model"
)

type trainCommand struct {
	dataFlags
	Args *string  `placeholder:"FILE" help:"Training arguments; the default recipe if left out (see configs/args.json)."`
	Set  []string `sep:"none" placeholder:"KEY=VALUE" help:"Change an argument, such as num_epochs=50; may be given several times."`
	Out  string   `required:"" placeholder:"DIR" help:"Artifact directory to make; it must not exist."`
	Plot bool     `help:"Put a confusion matrix, a reliability diagram and the loss curves beside the model, as PNG and SVG."`
}

func (trainCommand) Help() string {
	return "Example:\n\n    tagifai train --data labelled.csv --args configs/args.json --out runs/first" +
		"\n    tagifai train --data labelled.csv --also everyday.csv --set num_epochs=50 --out runs/second" +
		"\n    tagifai train --data labelled.csv --vectors vectors.txt.gz --out runs/third" +
		"\n    tagifai serve --model runs/first" +
		"\n\nArguments, in a file or with --set:\n\n" + indent(recipe.Describe(72))
}

func (c trainCommand) Run(ctx context.Context, env cli.Env) error {
	args, err := readArgs(c.Args, c.Set)
	if err != nil {
		return err
	}
	if err := checkNew(c.Out); err != nil { // before the work, not after it
		return err
	}
	now, err := timeOfTraining()
	if err != nil {
		return err
	}
	data, err := c.read(env.Err)
	if err != nil {
		return err
	}
	printUnusedDocuments(env.Err, data, args)
	bar := newBar(env.Err, train.Epochs(data, args))
	result, err := train.Train(ctx, data, args, train.Origin{Tool: env.Tool(), Time: now}, showEpoch(bar))
	_ = bar.Clear() // what follows begins a line
	if err != nil {
		return err
	}
	for _, line := range result.Folded.Lines(&args) {
		fmt.Fprintf(env.Err, "%s: %s\n", data.File, line)
	}
	more := make(map[string][]byte) // files
	if c.Plot {
		if more, err = trainingPlots(result); err != nil {
			return err
		}
	}
	plots := slices.Sorted(maps.Keys(more))
	if more[golden.File], err = trainedGolden(result.Artifact, data); err != nil {
		return err
	}
	if more[dataset.SeenFile], err = result.Seen.JSON(); err != nil {
		return err
	}
	if err := result.Artifact.Write(c.Out, more); err != nil {
		return err
	}
	return printResult(env.Out, c.Out, plots, result)
}

// trainingPlots returns the pictures of a training, as files by their names.
func trainingPlots(r *train.Result) (map[string][]byte, error) {
	of, report := "Test part", r.Performance.Report
	if cv := r.Performance.CrossValidation; cv != nil { // more samples
		of, report = fmt.Sprintf("Out of %d folds", cv.Folds), cv.Report
	}
	pictures := reportPictures(of, report)
	var training, validation []float64
	for _, loss := range r.Losses {
		training, validation = append(training, loss.Train), append(validation, loss.Validation)
	}
	pictures["losses"] = evaluation.LossCurves(training, validation)
	return evaluation.Files(pictures)
}

// printUnusedDocuments says which documents of the arguments the data cannot have. Data
// with a single column has none, whatever the arguments.
func printUnusedDocuments(stderr io.Writer, data *dataset.Dataset, args recipe.Args) {
	for _, d := range args.Documents {
		if len(data.Columns) > 1 && !slices.Contains(data.Columns, d.Column) {
			fmt.Fprintf(stderr, "%s: the text is made of the columns %q, and no documents are made of %q\n", data.File, data.Columns, d.Column)
		}
	}
}

// indent puts four spaces before each line.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ")
}

// trainedGolden returns golden.json for an artifact that was trained on data.
func trainedGolden(a *model.Artifact, data *dataset.Dataset) ([]byte, error) {
	m, err := model.New(a)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, row := range data.Rows {
		texts = append(texts, row.Text)
	}
	return golden.Make(m, texts).JSON()
}

// checkNew makes sure that dir can be made.
func checkNew(dir string) error {
	if dir == "" {
		return errors.New("the name of the output directory is empty")
	}
	_, err := os.Lstat(dir)
	if err == nil {
		return fmt.Errorf("%s exists already; name another directory", dir)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// showEpoch returns a function that moves the bar on by an epoch.
func showEpoch(bar *progressbar.ProgressBar) train.Progress {
	return func(e train.Epoch) {
		text := fmt.Sprintf("%s, epoch %3d", e.Fit, e.Number)
		if e.Loss != nil {
			text += fmt.Sprintf("  loss %.4f  validation %.4f", e.Loss.Train, e.Loss.Validation)
		}
		bar.Describe(text)
		_ = bar.Add(1) // a progress bar that cannot be drawn is no reason to stop
	}
}

// newBar returns a progress bar on a terminal, and one that is silent elsewhere.
func newBar(w io.Writer, steps int) *progressbar.ProgressBar {
	return progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetVisibility(cli.IsTerminal(w)),
		progressbar.OptionThrottle(50*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

// timeOfTraining is now, or SOURCE_DATE_EPOCH, for those who want the same bytes
// again (reproducible-builds.org/specs/source-date-epoch).
func timeOfTraining() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if now := time.Unix(seconds, 0).UTC(); err == nil && seconds >= 0 && now.Year() <= 9999 {
		return now, nil
	}
	return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %q is not a number of seconds since 1970", text)
}
