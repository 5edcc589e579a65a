package train

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"tagifai/internal/dataset"
	"tagifai/internal/evaluation"
	"tagifai/internal/monitor"
	"tagifai/internal/recipe"
	"tagifai/model"
)

// An Evaluation compares a model's predictions with the tags of a data set.
type Evaluation struct {
	*evaluation.Report
	// Unknown are the tags that the model does not know. Their rows count as other.
	Unknown []TagCount
}

// A TagCount is a tag and the number of rows that have it.
type TagCount struct {
	Tag  string `json:"tag"`
	Rows int    `json:"rows"`
}

func (t TagCount) String() string { return fmt.Sprintf("%q (%d)", t.Tag, t.Rows) }

// Evaluate compares the model's predictions with the tags of a data set. The classes of
// more are known, too. Without a class other, an unknown tag is an error.
func Evaluate(ctx context.Context, m *model.Model, d *dataset.Dataset, more ...string) (*Evaluation, error) {
	s := &samples{classes: m.Classes()}
	for _, class := range more {
		if !slices.Contains(s.classes, class) {
			s.classes = append(s.classes, class)
		}
	}
	parts, err := slicesOf(m)
	if err != nil {
		return nil, err
	}
	other := slices.Index(s.classes, model.Other)
	unknown, line := make(map[string]int), 0
	for _, row := range d.Rows {
		class := slices.Index(s.classes, row.Tag)
		if class < 0 {
			unknown[row.Tag]++
			if line == 0 {
				line = row.Line
			}
			class = other
		}
		s.texts = append(s.texts, row.Text)
		s.labels = append(s.labels, class)
	}
	e := &Evaluation{Unknown: countTags(unknown)}
	switch {
	case len(s.texts) == 0:
		return nil, d.Errorf(1, "no row has a text and a tag")
	case len(unknown) > 0 && other < 0:
		return nil, d.Errorf(line, "the model has the classes %q, but the file has other tags, too: %s; take out their rows, or train with them",
			s.classes, Join(e.Unknown))
	}
	predictions, err := s.predict(ctx, m)
	if err != nil {
		return nil, err
	}
	e.Report = predictions.Report(parts)
	return e, nil
}

// countTags returns the tags, those of most rows first.
func countTags(rows map[string]int) []TagCount {
	var counts []TagCount
	for tag, n := range rows {
		counts = append(counts, TagCount{tag, n})
	}
	slices.SortFunc(counts, func(a, b TagCount) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Tag, b.Tag))
	})
	return counts
}

// Join lists the first tags, for people.
func Join(counts []TagCount) string {
	const most = 10
	var names []string
	for _, c := range counts[:min(most, len(counts))] {
		names = append(names, c.String())
	}
	if more := len(counts) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// slicesOf returns the slices of the model's arguments, or those of the course.
func slicesOf(m *model.Model) (evaluation.Slices, error) {
	value, ok := m.Args().Get("slices")
	if !ok || value.Kind() == 'n' {
		return evaluation.CourseSlices(m.Classes()), nil
	}
	var defined []evaluation.Slice
	if err := json.Unmarshal(value, &defined); err != nil {
		return nil, fmt.Errorf("%s: slices: %w", model.ArgsFile, err)
	}
	compiled, err := evaluation.CompileSlices(defined)
	if err != nil {
		return nil, fmt.Errorf("%s: slices.%w", model.ArgsFile, err)
	}
	return compiled, nil
}

// slicing returns the slices to evaluate a model of these classes by.
func slicing(args *recipe.Args, classes []string) evaluation.Slices {
	if args.Slices == nil {
		return evaluation.CourseSlices(classes)
	}
	compiled, err := evaluation.CompileSlices(args.Slices)
	if err != nil {
		panic(err) // they were checked when the arguments were read
	}
	return compiled
}

// predict returns what m predicts for each sample.
func (s *samples) predict(ctx context.Context, m *model.Model) (*evaluation.Predictions, error) {
	p := &evaluation.Predictions{Classes: s.classes, Texts: s.texts, Labels: s.labels, Answers: make([]int, len(s.texts))}
	for i, text := range s.texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var probabilities []float64
		if m.HasProbabilities() {
			probabilities = make([]float64, len(m.Classes()))
			p.Probabilities = append(p.Probabilities, probabilities)
		}
		p.Answers[i] = m.Classify(text, probabilities, nil).Class
	}
	return p, nil
}

// addPredictions adds predictions to a baseline. Of each text, known has the number of
// n-grams that the model knows, and that of all.
func addPredictions(to *monitor.Builder, p *evaluation.Predictions, known [][2]int) {
	for i, text := range p.Texts {
		to.Add(text, p.Answers[i], p.Labels[i], slices.Max(p.Probabilities[i]), known[i][0], known[i][1])
	}
}
