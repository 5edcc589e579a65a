package evaluation

import (
	"fmt"
	"math"
	"time"

	"github.com/go-json-experiment/json"

	"tagifai/model"
)

// Performance is what performance.json holds: the report on the test part and, if they
// were asked for, other ways to judge the arguments.
type Performance struct {
	*Report
	CrossValidation *CrossValidation `json:"cross_validation,omitzero"`
	TimeOrdered     *TimeOrdered     `json:"time_ordered,omitzero"`
	CountedAsOther  map[string]int   `json:"counted_as_other,omitempty"` // rows of each tag that became other
}

// A CrossValidation is the report on out-of-fold predictions: each sample was judged by
// a model that had not seen it. Several runs, each with another seed, are pooled, so
// that each sample counts as often.
type CrossValidation struct {
	Folds     int     `json:"folds"`
	Runs      []Run   `json:"runs"`
	Mean      Figures `json:"mean"`               // of the runs
	Deviation Figures `json:"standard_deviation"` // of the runs
	*Report
	Counts Tally `json:"confusion"` // by true class (row) and predicted class (column), in the order of their names
}

// A Run is a cross-validation with one seed.
type Run struct {
	Seed uint64 `json:"seed"`
	Figures
	F1ByFold []float64 `json:"f1_by_fold"`
}

// Figures are the most telling ones of a report.
type Figures struct {
	F1      float64 `json:"f1"` // weighted
	Error   float64 `json:"expected_calibration_error"`
	Brier   float64 `json:"brier_score"`
	LogLoss float64 `json:"log_loss"`
}

// TimeOrdered is the report on the newest samples, by a model of the older ones.
type TimeOrdered struct {
	Train int       `json:"num_train"` // older samples
	From  time.Time `json:"from"`      // time of the oldest sample that is judged
	*Report
}

// Figures returns those of the report.
func (r *Report) Figures() Figures {
	f := Figures{F1: r.Overall.F1}
	if c := r.Calibration; c != nil {
		f.Error, f.Brier, f.LogLoss = c.Error, c.Brier, c.LogLoss
	}
	return f
}

// NewCrossValidation sums up runs: the out-of-fold predictions of each, fold by fold.
func NewCrossValidation(seeds []uint64, runs [][]*Predictions, slices Slices) *CrossValidation {
	c := &CrossValidation{Folds: len(runs[0])}
	var all Predictions
	for i, folds := range runs {
		run := Run{Seed: seeds[i]}
		var one Predictions
		for _, p := range folds {
			one.Append(p)
			run.F1ByFold = append(run.F1ByFold, p.Report(nil).Overall.F1)
		}
		run.Figures = one.Report(nil).Figures()
		c.Runs = append(c.Runs, run)
		all.Append(&one)
	}
	c.Mean, c.Deviation = figures(c.Runs)
	c.Report = all.Report(slices)
	c.Counts = c.Confusion
	return c
}

// figures returns mean and standard deviation of each figure.
func figures(runs []Run) (mean, deviation Figures) {
	fields := func(f *Figures) [4]*float64 { return [...]*float64{&f.F1, &f.Error, &f.Brier, &f.LogLoss} }
	for i := range fields(&mean) {
		values := make([]float64, len(runs))
		for k := range runs {
			values[k] = *fields(&runs[k].Figures)[i]
		}
		*fields(&mean)[i], *fields(&deviation)[i] = Spread(values)
	}
	return mean, deviation
}

// Spread returns mean and standard deviation of numbers, the latter as numpy's std.
func Spread(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / n
	}
	return mean, math.Sqrt(deviation)
}

// Object returns what performance.json holds.
func (p *Performance) Object() (model.Object, error) {
	data, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return model.Object{}, err
	}
	return model.ParseObject(data)
}

// OutOfFold returns the cross-validation that performance.json has, nil if it has none.
func OutOfFold(performance model.Object) (*CrossValidation, error) {
	value, ok := performance.Get("cross_validation")
	if !ok || value.Kind() == 'n' {
		return nil, nil
	}
	c := &CrossValidation{Report: new(Report)}
	if err := json.Unmarshal(value, c); err != nil {
		return nil, fmt.Errorf("%s: cross_validation: %w", model.PerformanceFile, err)
	}
	return c, nil
}
