package train

import (
	"context"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"tagifai/model"
)

// A Report says how well a model predicts tags. Its JSON form is performance.json.
type Report struct {
	Overall Metrics            `json:"overall"` // means of the classes, weighted by their samples
	Class   map[string]Metrics `json:"class"`
	Slices  map[string]Metrics `json:"slices"` // of some of the samples, all classes together

	Classes []string `json:"-"` // in order
	all     *tally
	parts   map[string]*tally // of the slices
}

// Confusion counts the samples by true class (row) and predicted class (column), in
// the order of Classes.
func (r *Report) Confusion() [][]int { return r.all.confusion }

// Metrics are precision, recall and F1 of a number of samples. As in scikit-learn,
// they are 0 where their denominator is.
type Metrics struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Samples   int     `json:"num_samples"`
}

// Object returns the report as performance.json holds it.
func (r *Report) Object() (model.Object, error) {
	data, err := json.Marshal(r, json.Deterministic(true))
	if err != nil {
		return model.Object{}, err
	}
	return model.ParseObject(data)
}

// slicing holds the functions that say which samples belong to a slice, by its name.
// These two are the course's.
var slicing = map[string]func(text, tag string) bool{
	"nlp_cnn": func(text, tag string) bool {
		return tag == "natural-language-processing" &&
			(strings.Contains(text, "CNN") || strings.Contains(strings.ToLower(text), "convolution"))
	},
	"short_text": func(text, _ string) bool { return len(strings.Fields(text)) < 8 },
}

// report compares predictions, which are indices of classes, with the labels of s.
func (s *samples) report(predicted []int) *Report {
	all, parts := newTally(len(s.classes)), newSlices(len(s.classes))
	for i, label := range s.labels {
		all.add(label, predicted[i])
		for name, in := range slicing {
			if in(s.texts[i], s.classes[label]) {
				parts[name].add(label, predicted[i])
			}
		}
	}
	return newReport(s.classes, all, parts)
}

// newReport makes a report from the counts of all samples and of the slices.
func newReport(classes []string, all *tally, parts map[string]*tally) *Report {
	r := &Report{
		Overall: all.weighted(),
		Class:   make(map[string]Metrics),
		Slices:  make(map[string]Metrics),
		Classes: classes,
		all:     all,
		parts:   parts,
	}
	for k, class := range classes {
		r.Class[class] = all.class(k)
	}
	for name, part := range parts {
		r.Slices[name] = part.micro()
	}
	return r
}

// newSlices returns an empty tally for each slice.
func newSlices(classes int) map[string]*tally {
	parts := make(map[string]*tally)
	for name := range slicing {
		parts[name] = newTally(classes)
	}
	return parts
}

// A tally counts samples by true and by predicted class.
type tally struct{ confusion [][]int }

func newTally(classes int) *tally {
	t := &tally{confusion: make([][]int, classes)}
	for k := range t.confusion {
		t.confusion[k] = make([]int, classes)
	}
	return t
}

func (t *tally) add(label, predicted int) { t.confusion[label][predicted]++ }

func (t *tally) merge(other *tally) {
	for label, row := range other.confusion {
		for predicted, n := range row {
			t.confusion[label][predicted] += n
		}
	}
}

// class returns the metrics of class k against the rest.
func (t *tally) class(k int) Metrics {
	samples, predicted := 0, 0
	for j := range t.confusion {
		samples += t.confusion[k][j]
		predicted += t.confusion[j][k]
	}
	return newMetrics(t.confusion[k][k], predicted, samples)
}

func newMetrics(hits, predicted, samples int) Metrics {
	m := Metrics{Precision: ratio(hits, predicted), Recall: ratio(hits, samples), Samples: samples}
	m.F1 = ratio(2*hits, predicted+samples)
	return m
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// weighted returns the means over the classes, weighted by their samples.
func (t *tally) weighted() Metrics {
	var mean Metrics
	for k := range t.confusion {
		m := t.class(k)
		n := float64(m.Samples)
		mean.Precision += n * m.Precision
		mean.Recall += n * m.Recall
		mean.F1 += n * m.F1
		mean.Samples += m.Samples
	}
	if n := float64(mean.Samples); n > 0 {
		mean.Precision /= n
		mean.Recall /= n
		mean.F1 /= n
	}
	return mean
}

// micro returns the metrics of all classes together. All three are the share of
// samples with the right prediction.
func (t *tally) micro() Metrics {
	hits, samples := 0, 0
	for k, row := range t.confusion {
		hits += row[k]
		for _, n := range row {
			samples += n
		}
	}
	return newMetrics(hits, samples, samples)
}

// Evaluate compares the model's predictions with the tags of a data set. As in
// training, a tag counts as other if it is neither a class of the model nor one of more.
func Evaluate(ctx context.Context, m *model.Model, d *Dataset, more ...string) (*Report, error) {
	s := &samples{classes: m.Classes()}
	for _, class := range more {
		if !slices.Contains(s.classes, class) {
			s.classes = append(s.classes, class)
		}
	}
	other := slices.Index(s.classes, model.Other)
	for _, row := range d.Rows {
		class := slices.Index(s.classes, row.Tag)
		if class < 0 {
			class = other
		}
		if class < 0 {
			return nil, d.errorf(row.Line, "tag %q is none of the classes %q", row.Tag, s.classes)
		}
		s.texts = append(s.texts, row.Text)
		s.labels = append(s.labels, class)
	}
	if len(s.texts) == 0 {
		return nil, d.errorf(1, "no row has a text and a tag")
	}
	predicted, err := s.predict(ctx, m)
	if err != nil {
		return nil, err
	}
	return s.report(predicted), nil
}

// predict returns the index of the class that m predicts for each sample.
func (s *samples) predict(ctx context.Context, m *model.Model) ([]int, error) {
	predicted := make([]int, len(s.texts))
	for i, text := range s.texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		predicted[i] = slices.Index(s.classes, m.Tag(text))
	}
	return predicted, nil
}

// Pool merges several reports on the same classes into one of all their samples.
func Pool(reports []*Report) *Report {
	classes := reports[0].Classes
	all, parts := newTally(len(classes)), newSlices(len(classes))
	for _, r := range reports {
		all.merge(r.all)
		for name, part := range r.parts {
			parts[name].merge(part)
		}
	}
	return newReport(classes, all, parts)
}
