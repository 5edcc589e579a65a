package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/schollz/progressbar/v3"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/batch"
	"tagifai/internal/monitor"
)

// A batchProgress shows how far a run is: a bar on a terminal, elsewhere a line of JSON
// a minute.
type batchProgress struct {
	w        io.Writer
	terminal bool
	bar      *progressbar.ProgressBar
	start    time.Time
	last     time.Time // of the last line or change of the bar
}

func newBatchProgress(w io.Writer) *batchProgress {
	now := time.Now()
	return &batchProgress{w: w, terminal: cli.IsTerminal(w), start: now, last: now}
}

func (p *batchProgress) Status(s batch.Status) {
	now := time.Now()
	if !p.terminal {
		if now.Sub(p.last) >= time.Minute {
			p.last = now
			p.line("progress", &s, nil)
		}
		return
	}
	if now.Sub(p.last) < 100*time.Millisecond {
		return
	}
	p.last = now
	if p.bar == nil {
		total := s.Total
		if total == 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
		)
	}
	text := fmt.Sprintf("%d rows, %.0f/s, %d errors", s.Rows, p.rate(&s), s.Errors)
	if left, ok := p.left(&s); ok {
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	p.bar.Describe(text)
	_ = p.bar.Set64(s.Done) // a progress bar that cannot be drawn is no reason to stop
}

func (p *batchProgress) Waiting(err error) {
	if p.terminal {
		fmt.Fprintf(p.w, "waiting for the database: %v\n", err)
		return
	}
	p.print(struct {
		Message string `json:"message"`
		Error   string `json:"error"`
	}{"waiting for the database", err.Error()})
}

// print prints a line of JSON.
func (p *batchProgress) print(line any) {
	data, err := json.Marshal(line, json.Deterministic(true))
	if err != nil {
		panic(err) // all of it are numbers and texts
	}
	fmt.Fprintf(p.w, "%s\n", data)
}

func (p *batchProgress) end() {
	if p.bar != nil {
		_ = p.bar.Exit()
		fmt.Fprintln(p.w)
	}
}

// rate is the number of rows a second of this run.
func (p *batchProgress) rate(s *batch.Status) float64 {
	return float64(s.Rows-s.Resumed) / max(time.Since(p.start).Seconds(), 1e-3)
}

// left is how long the rest of the source will take, if its size is known.
func (p *batchProgress) left(s *batch.Status) (time.Duration, bool) {
	if s.Total == 0 || s.Done <= s.Began {
		return 0, false
	}
	return time.Duration(float64(time.Since(p.start)) * float64(s.Total-s.Done) / float64(s.Done-s.Began)), true
}

// A batchLine is a line of progress, and the summary.
type batchLine struct {
	Message   string           `json:"message"`
	Rows      int64            `json:"rows"`
	Errors    int64            `json:"errors"`
	Unchanged int64            `json:"unchanged"`
	Resumed   int64            `json:"resumed"`
	PerSecond int64            `json:"rows_per_second"`
	Seconds   float64          `json:"seconds"`
	Left      *float64         `json:"seconds_left,omitzero"`
	Tags      map[string]int64 `json:"tags,omitzero"`
	// Of the rows of this run; nil if the model has no baseline, or nothing was scored.
	Drift *monitor.Comparison `json:"drift,omitzero"`
}

// compared compares what a run scored with the baseline of the model. It returns nil if
// there is nothing to compare.
func compared(scored *monitor.Monitor) *monitor.Comparison {
	b, err := scored.Baseline()
	counts := scored.Counts()
	if err != nil || counts.Texts() == 0 {
		return nil
	}
	return b.Compare(&counts)
}

func (p *batchProgress) line(message string, s *batch.Status, drift *monitor.Comparison) {
	elapsed := time.Since(p.start).Seconds()
	line := batchLine{
		Message: message, Rows: s.Rows, Errors: s.Errors, Unchanged: s.Unchanged, Resumed: s.Resumed,
		PerSecond: int64(p.rate(s)), Seconds: elapsed, Drift: drift,
	}
	if message == "done" {
		line.Tags = s.Tags
	} else if left, ok := p.left(s); ok {
		seconds := left.Seconds()
		line.Left = &seconds
	}
	p.print(line)
}

func (p *batchProgress) summary(s *batch.Status, scored *monitor.Monitor) error {
	if _, err := scored.Baseline(); err != nil && !errors.Is(err, monitor.ErrNone) {
		cli.PrintWarnings(p.w, []string{err.Error()})
	}
	drift := compared(scored)
	if !p.terminal {
		p.line("done", s, drift)
		return nil
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "rows\t%d in %v, %.0f a second\n", s.Rows, time.Since(p.start).Round(10*time.Millisecond), p.rate(s))
	if s.Resumed > 0 {
		fmt.Fprintf(t, "resumed\t%d rows were done before\n", s.Resumed)
	}
	if s.Unchanged > 0 {
		fmt.Fprintf(t, "unchanged\t%d\n", s.Unchanged)
	}
	fmt.Fprintf(t, "errors\t%d\n", s.Errors)
	tags := slices.SortedFunc(maps.Keys(s.Tags), func(a, b string) int { return int(s.Tags[b] - s.Tags[a]) })
	for _, tag := range tags {
		fmt.Fprintf(t, "%s\t%d\t%.1f %%\n", tag, s.Tags[tag], 100*float64(s.Tags[tag])/float64(s.Rows))
	}
	if err := t.Flush(); err != nil || drift == nil {
		return err
	}
	fmt.Fprint(p.w, "\ncompared with the baseline of the model:\n")
	return drift.Write(p.w)
}
