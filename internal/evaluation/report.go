// Package evaluation compares what a classifier predicts with the true tags: precision,
// recall and F1, calibration, and pictures of them.
package evaluation

// Predictions are the answers of a classifier to labelled texts.
type Predictions struct {
	Classes []string
	Texts   []string
	Labels  []int // true class of each text
	Answers []int // predicted class of each text
	// Probabilities holds a number for each class of the classifier, which are the first
	// of Classes. It is nil if the classifier has no probabilities.
	Probabilities [][]float64
}

// Append adds the predictions of others, which have the same classes.
func (p *Predictions) Append(others *Predictions) {
	p.Classes = others.Classes
	p.Texts = append(p.Texts, others.Texts...)
	p.Labels = append(p.Labels, others.Labels...)
	p.Answers = append(p.Answers, others.Answers...)
	p.Probabilities = append(p.Probabilities, others.Probabilities...)
}

// A Report says how well a classifier predicts tags. Its JSON form is performance.json.
type Report struct {
	Overall     Metrics            `json:"overall"` // means of the classes, weighted by their samples
	Class       map[string]Metrics `json:"class"`
	Slices      map[string]Metrics `json:"slices"` // of some of the samples, all classes together
	Calibration *Calibration       `json:"calibration,omitzero"`

	Classes   []string `json:"-"` // in order
	Confusion Tally    `json:"-"`
}

// Metrics are precision, recall and F1 of a number of samples. As in scikit-learn,
// they are 0 where their denominator is.
type Metrics struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Samples   int     `json:"num_samples"`
}

// Report returns a report on the predictions and on these slices of them.
func (p *Predictions) Report(slices Slices) *Report {
	r := &Report{
		Class:       make(map[string]Metrics),
		Slices:      make(map[string]Metrics),
		Calibration: p.calibration(),
		Classes:     p.Classes,
		Confusion:   NewTally(len(p.Classes)),
	}
	parts := make([]Tally, len(slices))
	for i := range slices {
		parts[i] = NewTally(len(p.Classes))
	}
	for i, label := range p.Labels {
		r.Confusion.Add(label, p.Answers[i])
		for k := range slices {
			if slices[k].has(p.Texts[i], p.Classes[label]) {
				parts[k].Add(label, p.Answers[i])
			}
		}
	}
	r.Overall = r.Confusion.Weighted()
	for k, class := range p.Classes {
		r.Class[class] = r.Confusion.Class(k)
	}
	for k := range slices {
		r.Slices[slices[k].Name] = parts[k].Micro()
	}
	return r
}

// A Tally is a confusion matrix: it counts samples by true class (row) and by predicted
// class (column).
type Tally [][]int

// NewTally returns an empty tally of so many classes.
func NewTally(classes int) Tally {
	t := make(Tally, classes)
	for k := range t {
		t[k] = make([]int, classes)
	}
	return t
}

// Add counts a sample.
func (t Tally) Add(label, predicted int) { t[label][predicted]++ }

// Class returns the metrics of class k against the rest.
func (t Tally) Class(k int) Metrics {
	samples, predicted := 0, 0
	for j := range t {
		samples += t[k][j]
		predicted += t[j][k]
	}
	return newMetrics(t[k][k], predicted, samples)
}

func newMetrics(hits, predicted, samples int) Metrics {
	return Metrics{
		Precision: ratio(hits, predicted),
		Recall:    ratio(hits, samples),
		F1:        ratio(2*hits, predicted+samples),
		Samples:   samples,
	}
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Weighted returns the means over the classes, weighted by their samples.
func (t Tally) Weighted() Metrics {
	var mean Metrics
	for k := range t {
		m := t.Class(k)
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

// Micro returns the metrics of all classes together. All three are the share of
// samples with the right prediction.
func (t Tally) Micro() Metrics {
	hits, samples := 0, 0
	for k, row := range t {
		hits += row[k]
		for _, n := range row {
			samples += n
		}
	}
	return newMetrics(hits, samples, samples)
}
