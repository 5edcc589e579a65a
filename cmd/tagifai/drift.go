package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/monitor"
	"tagifai/model"
)

type driftCommand struct {
	textFlags
	Model  *string  `placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Files  []string `arg:"" name:"file" help:"BASELINE and CURRENT, CSV files of texts; CURRENT alone is compared with baseline.json of the model."`
	JSON   bool     `name:"json" xor:"format" help:"Print JSON."`
	HTML   bool     `name:"html" xor:"format" help:"Print a page of HTML."`
	MaxPSI *float64 `name:"max-psi" placeholder:"PSI" help:"Fail with exit code 3 if the population stability index of class, confidence, unknown n-grams or length is above this, and above what chance explains with so few texts: 0.2, say."`
}

func (driftCommand) Help() string {
	return "The usual reading of the population stability index: below 0.1 nothing has changed, above 0.25 much has. " +
		"If the baseline has tags, the accuracy on the other texts is estimated; if those have tags, too, it is counted.\n\n" +
		"Example:\n\n    tagifai drift --model runs/first last-month.csv yesterday.csv --max-psi 0.2\n" +
		"    tagifai drift --model runs/first yesterday.csv --html > drift.html"
}

func (c driftCommand) Run(ctx context.Context, env cli.Env) error {
	if len(c.Files) > 2 {
		return fmt.Errorf("%d files; BASELINE and CURRENT are wanted, or CURRENT alone", len(c.Files))
	}
	if c.MaxPSI != nil && !(*c.MaxPSI >= 0) {
		return fmt.Errorf("--max-psi %v: a number from 0 on is wanted", *c.MaxPSI)
	}
	m, err := cli.OpenModelWarning(c.Model, env.Err)
	if err != nil {
		return err
	}
	var b *monitor.Baseline
	against := filepath.Base(c.Files[0])
	if len(c.Files) == 2 {
		baseline, err := c.predict(ctx, m, c.Files[0], env.Err)
		if err != nil {
			return err
		}
		b = baseline.Baseline()
	} else {
		if b, err = monitor.Of(m); err != nil {
			return err
		}
		against = "the baseline, " + b.From
	}
	file := c.Files[len(c.Files)-1]
	current, err := c.predict(ctx, m, file, env.Err)
	if err != nil {
		return err
	}
	r := b.Compare(current.Counts())
	r.Accuracy = monitor.Share(current.Baseline().Accuracy())
	switch {
	case c.JSON:
		err = cli.PrintJSON(env.Out, r)
	case c.HTML:
		err = r.WriteHTML(env.Out, fmt.Sprintf("%s against %s", filepath.Base(file), against))
	default:
		err = r.Write(env.Out)
	}
	if err != nil || c.MaxPSI == nil {
		return err
	}
	if drifted := r.Drifted(*c.MaxPSI); len(drifted) > 0 {
		return &cli.Error{Code: cli.Worse, Err: fmt.Errorf("the population stability index of %s is above the %v that --max-psi allows", strings.Join(drifted, ", "), *c.MaxPSI)}
	}
	return nil
}

// predict returns what the model predicts for the texts of a file. It says on stderr if the
// model was trained on them.
func (c driftCommand) predict(ctx context.Context, m *model.Model, file string, stderr io.Writer) (*monitor.Builder, error) {
	data, err := c.read(file)
	if err != nil {
		return nil, err
	}
	seen, err := cli.ReadSeen(c.Model)
	if err != nil {
		return nil, err
	}
	if seen != nil {
		if o := seen.Overlap(data); o.Seen > 0 {
			fmt.Fprintf(stderr, "%s: the model was trained on %d of %d rows, and is surer of them than of others\n", file, o.Seen, o.Rows)
		}
	}
	return predictRows(ctx, m, data)
}
