// Package report keeps what a benchmark has measured, and writes it as JSON and as tables.
package report

import "tagifai/internal/tools/bench/stats"

// A Part is one of the questions of a benchmark.
type Part string

// Results are all that was measured.
type Results struct {
	Environment *Environment `json:"environment"`
	Setup       []string     `json:"setup"` // sentences: what was measured, and what to mind
	Targets     []Verdict    `json:"targets"`
	Series      []*Series    `json:"series"`
}

// A Series is one figure of one side in one case, a value for each round.
type Series struct {
	Part   Part      `json:"part"`
	Case   string    `json:"case"`
	Side   string    `json:"side"`
	Metric string    `json:"metric"` // with its unit
	Values []float64 `json:"values"`
	stats.Summary
}

// Add notes the value of a round.
func (r *Results) Add(part Part, name, side, metric string, value float64) {
	s := r.Find(part, name, side, metric)
	if s == nil {
		s = &Series{Part: part, Case: name, Side: side, Metric: metric}
		r.Series = append(r.Series, s)
	}
	s.Values = append(s.Values, value)
	s.Summary = stats.Summarize(s.Values)
}

// Values returns the values of all rounds, none of what was not measured.
func (r *Results) Values(part Part, name, side, metric string) []float64 {
	if s := r.Find(part, name, side, metric); s != nil {
		return s.Values
	}
	return nil
}

// Find returns a series, nil if there is none.
func (r *Results) Find(part Part, name, side, metric string) *Series {
	for _, s := range r.Series {
		if s.Part == part && s.Case == name && s.Side == side && s.Metric == metric {
			return s
		}
	}
	return nil
}

// A Verdict is a target and what came of it.
type Verdict struct {
	Target string `json:"target"`
	Want   string `json:"want"`
	// Got is nil if it was not measured.
	Got     *stats.Summary `json:"got"`
	Unit    string         `json:"unit"`
	Reached bool           `json:"reached"` // by the median
}
