package report

import (
	"fmt"
	"slices"
	"strings"
)

// Join returns the results of several runs as those of one. A part that several have is
// that of the last of them. Runs on different machines are an error.
func Join(runs []*Results) (*Results, error) {
	joined := new(Results)
	for _, run := range runs {
		measured := make(map[Part]bool)
		for _, s := range run.Series {
			measured[s.Part] = true
		}
		joined.Series = slices.DeleteFunc(joined.Series, func(s *Series) bool { return measured[s.Part] })
		joined.Series = append(joined.Series, run.Series...)
		for _, sentence := range run.Setup {
			if !slices.Contains(joined.Setup, sentence) {
				joined.Setup = append(joined.Setup, sentence)
			}
		}
		if joined.Environment == nil {
			first := *run.Environment
			joined.Environment = &first
			continue
		}
		if err := joined.Environment.join(run.Environment); err != nil {
			return nil, err
		}
	}
	return joined, nil
}

// join makes e that of both runs; its date is that of the later one.
func (e *Environment) join(of *Environment) error {
	if e.CPU != of.CPU || e.Cores != of.Cores {
		return fmt.Errorf("the runs were made on different machines: %s, %d cores, and %s, %d cores", e.CPU, e.Cores, of.CPU, of.Cores)
	}
	for _, field := range []struct {
		to  *string
		add string
	}{{&e.Commit, of.Commit}, {&e.Kernel, of.Kernel}, {&e.Go, of.Go}} {
		if !slices.Contains(strings.Split(*field.to, " and "), field.add) {
			*field.to += " and " + field.add
		}
	}
	for _, name := range of.Packages {
		if !slices.Contains(e.Packages, name) {
			e.Packages = append(slices.Clip(e.Packages), name)
		}
	}
	e.Date, e.LoadAfter = of.Date, of.LoadAfter
	return nil
}
