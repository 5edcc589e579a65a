package models

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/dataset"
	"tagifai/internal/registry"
	"tagifai/internal/store"
	"tagifai/internal/train"
	"tagifai/model"
)

type diffCommand struct {
	Name    string   `arg:"" help:"Model."`
	A       string   `arg:"" help:"Version to compare with, by number or alias: stable, say."`
	B       string   `arg:"" help:"Version to judge, by number or alias."`
	Data    string   `required:"" placeholder:"FILE" help:"CSV file with the columns title and description, or text; and tag, if the versions are to be judged."`
	MaxDrop *float64 `placeholder:"DROP" help:"Fail with exit code 3 if the weighted F1 of B is lower than that of A by more than this: 0.01, say."`
	Top     int      `default:"10" placeholder:"N" help:"How many of the texts that differ most to show (${default})."`
}

func (diffCommand) Help() string {
	return "Example:\n\n    tagifai models --models store diff tagger stable 3 --data labelled.csv --max-drop 0.01"
}

// A comparison is the result of diff.
type comparison struct {
	Name   string       `json:"name"`
	A      side         `json:"a"`
	B      side         `json:"b"`
	Texts  int          `json:"texts"`
	Differ int          `json:"differ"` // texts with another tag
	Most   []difference `json:"most"`   // texts that differ most, the first most of all
}

// A side is one of the versions compared.
type side struct {
	Version int      `json:"version"`
	F1      *float64 `json:"weighted_f1,omitzero"` // nil if the file has no tags

	model *model.Model
}

// A difference is a text with the answers of both sides.
type difference struct {
	Text     string  `json:"text"`
	A        string  `json:"a"`        // tag
	B        string  `json:"b"`        // tag
	Distance float64 `json:"distance"` // largest difference of a probability
}

func (c diffCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	if c.MaxDrop != nil && !(*c.MaxDrop >= 0 && *c.MaxDrop <= 1) {
		return fmt.Errorf("--max-drop is %v; want a number from 0 to 1", *c.MaxDrop)
	}
	st, err := group.open()
	if err != nil {
		return err
	}
	result := comparison{Name: c.Name}
	for _, one := range []struct {
		side *side
		text string
	}{{&result.A, c.A}, {&result.B, c.B}} {
		if *one.side, err = openSide(ctx, st, c.Name, one.text); err != nil {
			return err
		}
	}
	data, err := dataset.ReadTexts(c.Data)
	if err != nil {
		return err
	}
	if data.Dropped > 0 {
		fmt.Fprintf(env.Err, "%s: %d rows without a tag or a text are left out\n", data.File, data.Dropped)
	}
	if c.MaxDrop != nil && !data.Tagged {
		return fmt.Errorf("%s has no column tag, and --max-drop needs one", c.Data)
	}
	if err := result.compare(ctx, data, c.Top); err != nil {
		return err
	}
	if err := group.print(env.Out, result, result.write); err != nil {
		return err
	}
	if c.MaxDrop == nil {
		return nil
	}
	if drop := *result.A.F1 - *result.B.F1; drop > *c.MaxDrop {
		return &cli.Error{Code: cli.Worse, Err: fmt.Errorf("the weighted F1 drops by %.4f, more than the %v that --max-drop allows", drop, *c.MaxDrop)}
	}
	return nil
}

// openSide loads a version, once it has been checked as before it is served.
func openSide(ctx context.Context, st *store.Store, name, text string) (side, error) {
	version, err := st.Resolve(name, text)
	if err != nil {
		return side{}, err
	}
	if _, err := st.Verify(ctx, name, version); err != nil {
		return side{}, err
	}
	dir := st.VersionDir(name, version)
	m, err := registry.Open(os.DirFS(dir), cli.Formats...)
	if err != nil {
		return side{}, fmt.Errorf("%s: %w", dir, err)
	}
	return side{Version: version, model: m}, nil
}

func (r *comparison) compare(ctx context.Context, data *dataset.Dataset, top int) error {
	a, b := r.A.model, r.B.model
	for _, row := range data.Rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		pa, pb := a.Predict(row.Text), b.Predict(row.Text)
		d := difference{row.Text, pa.Tag, pb.Tag, distance(a.Classes(), pa, b.Classes(), pb)}
		r.Texts++
		if d.A != d.B {
			r.Differ++
		}
		if d.A != d.B || d.Distance > 0 {
			r.Most = append(r.Most, d)
		}
	}
	slices.SortStableFunc(r.Most, func(x, y difference) int {
		switch {
		case (x.A != x.B) != (y.A != y.B): // another tag weighs more than any distance
			if x.A != x.B {
				return -1
			}
			return 1
		case x.Distance > y.Distance:
			return -1
		case x.Distance < y.Distance:
			return 1
		}
		return 0
	})
	r.Most = r.Most[:min(max(top, 0), len(r.Most))]
	if !data.Tagged {
		return nil
	}
	for _, one := range []struct {
		side, other *side
	}{{&r.A, &r.B}, {&r.B, &r.A}} {
		report, err := train.Evaluate(ctx, one.side.model, data, one.other.model.Classes()...)
		if err != nil {
			return err
		}
		one.side.F1 = &report.Overall.F1
	}
	return nil
}

// distance returns the largest difference between the probabilities of a class, which is
// 0 for a model that does not have it. Of a model without probabilities, that of its tag
// counts as 1.
func distance(aClasses []string, a model.Prediction, bClasses []string, b model.Prediction) float64 {
	of := func(classes []string, p model.Prediction, class string) float64 {
		switch k := slices.Index(classes, class); {
		case k >= 0 && p.Probabilities != nil:
			return p.Probabilities[k]
		case k >= 0 && p.Tag == class:
			return 1
		}
		return 0
	}
	most := 0.0
	for _, class := range slices.Concat(aClasses, bClasses) {
		most = max(most, math.Abs(of(aClasses, a, class)-of(bClasses, b, class)))
	}
	return most
}

func (r *comparison) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "texts\t%d\n", r.Texts)
	fmt.Fprintf(t, "another tag\t%d (%.1f%%)\n", r.Differ, 100*float64(r.Differ)/float64(max(r.Texts, 1)))
	if r.A.F1 != nil {
		fmt.Fprintf(t, "weighted f1\t%.4f in %d, %.4f in %d (%+.4f)\n", *r.A.F1, r.A.Version, *r.B.F1, r.B.Version, *r.B.F1-*r.A.F1)
	}
	if len(r.Most) > 0 {
		fmt.Fprintf(t, "\nDISTANCE\tIN %d\tIN %d\tTEXT\n", r.A.Version, r.B.Version)
		for _, d := range r.Most {
			fmt.Fprintf(t, "%.4f\t%s\t%s\t%s\n", d.Distance, d.A, d.B, oneLine(d.Text))
		}
	}
	return t.Flush()
}

// oneLine returns the beginning of a text, for a table.
func oneLine(text string) string {
	const most = 80
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	return text
}
