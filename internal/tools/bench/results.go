package main

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
	Summary
}

// add notes the value of a round.
func (r *Results) add(part Part, name, side, metric string, value float64) {
	s := r.find(part, name, side, metric)
	if s == nil {
		s = &Series{Part: part, Case: name, Side: side, Metric: metric}
		r.Series = append(r.Series, s)
	}
	s.Values = append(s.Values, value)
	s.Summary = summarize(s.Values)
}

// values returns the values of all rounds, none of what was not measured.
func (r *Results) values(part Part, name, side, metric string) []float64 {
	if s := r.find(part, name, side, metric); s != nil {
		return s.Values
	}
	return nil
}

func (r *Results) find(part Part, name, side, metric string) *Series {
	for _, s := range r.Series {
		if s.Part == part && s.Case == name && s.Side == side && s.Metric == metric {
			return s
		}
	}
	return nil
}
