package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// A report collects claims, and tells on stderr how it goes.
type report struct {
	scenario string // the one that runs
	rows     []row
}

type row struct {
	scenario, claim, measured, bound string
	state                            state
}

type state string

const (
	ok     state = "yes"
	failed state = "**no**"
	noted  state = "" // a number that says how to take the others
)

// claim adds a claim and whether it holds.
func (r *report) claim(claim, measured, bound string, holds bool) {
	state := failed
	if holds {
		state = ok
	}
	r.add(row{r.scenario, claim, measured, bound, state})
}

// note adds a number that has no bound.
func (r *report) note(what, measured string) {
	r.add(row{r.scenario, what, measured, "", noted})
}

func (r *report) add(row row) {
	r.rows = append(r.rows, row)
	r.logf("%s: %s", row.claim, row.measured)
}

func (r *report) logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "soak: %s: %s\n", r.scenario, fmt.Sprintf(format, args...))
}

// failed reports whether a claim does not hold.
func (r *report) failed() bool {
	for _, row := range r.rows {
		if row.state == failed {
			return true
		}
	}
	return false
}

// String returns the report as a Markdown table.
func (r *report) String() string {
	var b strings.Builder
	b.WriteString("| scenario | claim | measured | bound | ok |\n|---|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", row.scenario, cell.Replace(row.claim), cell.Replace(row.measured), cell.Replace(row.bound), row.state)
	}
	return b.String()
}

// round rounds a duration to three digits or so.
func round(d time.Duration) time.Duration {
	for unit := time.Second; unit > time.Microsecond; unit /= 10 {
		if d >= unit {
			return d.Round(unit / 100)
		}
	}
	return d
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
