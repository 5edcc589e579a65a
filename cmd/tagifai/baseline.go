package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/dataset"
	"tagifai/internal/monitor"
	"tagifai/model"
)

// textFlags say how files of texts are laid out, which may have tags.
type textFlags struct {
	TextColumn []string `sep:"none" placeholder:"NAME" help:"Column of the text, in place of title and description, or text; several are joined by a space."`
	TagColumn  string   `placeholder:"NAME" help:"Column of the tag, in place of tag, if there is one."`
	Delimiter  string   `placeholder:"CHAR" help:"What is between the columns, in place of a comma; tab for a tab."`
}

func (f textFlags) read(file string) (*dataset.Dataset, error) {
	l, err := dataFlags{TextColumn: f.TextColumn, TagColumn: f.TagColumn, Delimiter: f.Delimiter}.layout()
	if err != nil {
		return nil, err
	}
	return l.ReadTexts(file)
}

type baselineCommand struct {
	textFlags
	Data string `required:"" placeholder:"FILE" help:"CSV file with the columns title and description, or text, and possibly tag. Its texts should be like those that the model will get, and not be those that it was trained on."`
	Dir  string `arg:"" help:"Artifact directory to read, scikit-learn's or our own."`
	Out  string `arg:"" help:"Artifact directory of our own to make, with baseline.json; it must not exist."`
}

func (baselineCommand) Help() string {
	return "A service and tagifai batch compare what they predict with the baseline. If its texts have tags, they also estimate accuracy. " +
		"Rows that the model was trained on are left out, if the model has a record of them; scikit-learn's models have none.\n\n" +
		"Example:\n\n    tagifai baseline --data held-out.csv from-python runs/watched"
}

func (c baselineCommand) Run(ctx context.Context, env cli.Env) error {
	if err := checkNew(c.Out); err != nil {
		return err
	}
	now, err := timeOfTraining()
	if err != nil {
		return err
	}
	a, m, err := cli.OpenArtifact(&c.Dir)
	if err != nil {
		return err
	}
	cli.PrintWarnings(env.Err, conversionWarnings(a, m, nil))
	data, err := c.read(c.Data)
	if err != nil {
		return err
	}
	printDropped(env.Err, data)
	seen, err := cli.ReadSeen(&c.Dir)
	if err != nil {
		return err
	}
	if seen != nil {
		o := seen.Overlap(data)
		if len(o.Unseen.Rows) == 0 {
			return fmt.Errorf("%s: the model was trained on every row, so it would look surer than it is; give it other texts", c.Data)
		}
		if o.Seen > 0 {
			fmt.Fprintf(env.Err, "%s: %d of %d rows are left out, since the model was trained on them\n", c.Data, len(data.Rows)-len(o.Unseen.Rows), len(data.Rows))
		}
		data = o.Unseen
	}
	predicted, err := predictRows(ctx, m, data)
	if err != nil {
		return err
	}
	b := predicted.Baseline()
	if a.Baseline, err = b.Object(); err != nil {
		return err
	}
	if _, err := writeConverted(env, c.Dir, c.Out, a, m, now); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Out, "%s: a baseline of %d texts of %s\n", filepath.Join(c.Out, model.BaselineFile), b.Texts, b.From)
	return err
}

// predictRows returns what the model predicts for the texts of a file.
func predictRows(ctx context.Context, m *model.Model, data *dataset.Dataset) (*monitor.Builder, error) {
	classes := m.Classes()
	other := slices.Index(classes, model.Other)
	builder := monitor.NewBuilder(filepath.Base(data.File), classes)
	for _, row := range data.Rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		label := monitor.Unlabelled
		if data.Tagged {
			if label = slices.Index(classes, row.Tag); label < 0 {
				label = max(other, monitor.Unlabelled) // an unknown tag counts as other
			}
		}
		answer := m.Classify(row.Text, nil, nil)
		known, all := m.Known(row.Text)
		builder.Add(row.Text, answer.Class, label, answer.Confidence, known, all)
	}
	return builder, nil
}
