package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// report writes the results to the directory, and the table to stdout as well.
func (b *bench) report() error {
	table := markdown(&b.results)
	raw, err := json.Marshal(b.results, json.FormatNilSliceAsNull(false), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	png, err := picture(&b.results)
	if err != nil {
		return err
	}
	files := map[string][]byte{"table.md": table, "results.json": append(raw, '\n')}
	if png != nil {
		files["plot.png"] = png
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(b.out, name), content, 0o666))
	}
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(table)
	b.logf("results are in %s", b.out)
	return err
}

// titles name the parts for the reader.
var titles = map[Part]string{
	HTTP:  "POST /predict under load",
	Bulk:  "A file of many lines",
	Text:  "One text in process",
	Load:  "Loading an artifact directory",
	Train: "Training",
	Start: "Start to first answer",
	Go:    "Go benchmarks",
	Rest:  "Resident memory at rest",
}

// A comparison is a column that says how many times better a side is than another by
// a metric.
type comparison struct {
	metric string
	more   bool // is better
	better string
}

var comparisons = map[Part][]comparison{
	HTTP:  {{rate, true, service}, {cpuPer, false, service}},
	Bulk:  {{seconds, false, predictOne}},
	Text:  {{perText, false, inGo}},
	Load:  {{milliseconds, false, inGo}},
	Train: {{seconds, false, trainer}},
	Start: {{firstPrediction, false, service}},
	Rest:  {{memory, false, service}},
}

// markdown writes the results as text with tables.
func markdown(r *Results) []byte {
	var w bytes.Buffer
	e := r.Environment
	fmt.Fprintf(&w, "# Side by side\n\n%s, commit %s, %s, %d cores, Linux %s; %s, %s. Load average before %s, after %s.\n\n",
		e.Date, e.Commit, e.CPU, e.Cores, e.Kernel, e.Go, strings.Join(e.Packages, ", "), e.LoadBefore, e.LoadAfter)
	w.WriteString("Figures are medians of all rounds, with the lowest and the highest in brackets; ratios are made within a round, then the same is done with them.\n")
	for _, sentence := range r.Setup {
		fmt.Fprintf(&w, "- %s\n", sentence)
	}
	if sentence := r.generator(); sentence != "" {
		fmt.Fprintf(&w, "- %s\n", sentence)
	}
	rows := [][]string{{"what", "target", "got", ""}}
	for _, v := range r.Targets {
		got, reached := "", "not measured"
		if v.Got != nil {
			got, reached = v.Got.String()+v.Unit, "**not reached**"
			if v.Reached {
				reached = "reached"
			}
		}
		rows = append(rows, []string{v.Target, v.Want, got, reached})
	}
	if len(rows) > 1 {
		w.WriteString("\n## Targets\n\n")
		writeTable(&w, rows)
	}
	for _, part := range []Part{HTTP, Rest, Bulk, Start, Load, Train, Text, Go} {
		if rows := r.table(part); len(rows) > 1 {
			fmt.Fprintf(&w, "\n## %s\n\n", titles[part])
			writeTable(&w, rows)
		}
	}
	return w.Bytes()
}

// generator says whether the load generator was the bottleneck, "" without a load.
func (r *Results) generator() string {
	const enough = 0.9 // of its core
	busiest, where := 0.0, []string(nil)
	for _, s := range r.Series {
		if s.Part != HTTP || s.Metric != wrkBusy {
			continue
		}
		busiest = max(busiest, s.Median)
		if s.Median > enough {
			where = append(where, fmt.Sprintf("%s (%s)", s.Case, s.Side))
		}
	}
	switch {
	case busiest == 0:
		return ""
	case where == nil:
		return fmt.Sprintf("wrk was busy for at most %s of its core: it was nowhere the bottleneck.", number(busiest))
	}
	return "wrk was the bottleneck, and the server could do more, at: " + strings.Join(where, "; ") + "."
}

// table returns the rows of a part, a line for each side of each case, with the names
// of the columns first.
func (r *Results) table(part Part) [][]string {
	var metrics []string
	var lines [][2]string // case and side
	for _, s := range r.Series {
		if s.Part != part {
			continue
		}
		if !slices.Contains(metrics, s.Metric) {
			metrics = append(metrics, s.Metric)
		}
		if line := [2]string{s.Case, s.Side}; !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	sortLines(lines)
	compared := slices.DeleteFunc(slices.Clone(comparisons[part]), func(c comparison) bool {
		return !slices.ContainsFunc(lines, func(line [2]string) bool { return line[1] == c.better })
	})
	head := []string{"", "side"}
	head = append(head, metrics...)
	for _, c := range compared {
		head = append(head, c.metric+": "+c.better+" is better by")
	}
	rows := [][]string{head}
	for _, line := range lines {
		row := line[:]
		for _, metric := range metrics {
			cell := ""
			if s := r.find(part, line[0], line[1], metric); s != nil {
				cell = s.Summary.String()
			}
			row = append(row, cell)
		}
		for _, c := range compared {
			x, y := r.values(part, line[0], c.better, c.metric), r.values(part, line[0], line[1], c.metric)
			if !c.more {
				x, y = y, x
			}
			cell := ""
			if factor := ratio(x, y); line[1] != c.better && !math.IsNaN(factor.Median) {
				cell = factor.String() + " ×"
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// sortLines gives the sides of each case one order, the cases keeping theirs: who was
// first to be measured says nothing.
func sortLines(lines [][2]string) {
	first := make(map[string]int)
	for i, line := range lines {
		if _, ok := first[line[0]]; !ok {
			first[line[0]] = i
		}
	}
	rank := []string{service, serviceQuiet, inGo, predictOne, trainer, predictAll, inGoOwn, gunicorn, uvicorn, bare}
	place := func(side string) int {
		if i := slices.Index(rank, side); i >= 0 {
			return i
		}
		return len(rank)
	}
	slices.SortStableFunc(lines, func(a, b [2]string) int {
		if a[0] != b[0] {
			return first[a[0]] - first[b[0]]
		}
		return place(a[1]) - place(b[1])
	})
}

func writeTable(w *bytes.Buffer, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			w.WriteString("|" + strings.Repeat("---|", len(row)) + "\n")
		}
	}
}

// String is the median, and the ends in brackets if they are others.
func (s Summary) String() string {
	middle, low, high := number(s.Median), number(s.Low), number(s.High)
	if low == high {
		return middle
	}
	return fmt.Sprintf("%s (%s–%s)", middle, low, high)
}

// number writes x with three digits that say something.
func number(x float64) string {
	switch abs := math.Abs(x); {
	case abs == math.Trunc(abs) && abs < 1e3:
		return fmt.Sprintf("%.0f", x)
	case abs >= 1e3:
		unit := math.Pow(10, math.Floor(math.Log10(abs))-2)
		digits := fmt.Sprintf("%.0f", math.Round(x/unit)*unit)
		for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
		return digits
	case abs >= 100:
		return fmt.Sprintf("%.0f", x)
	case abs >= 10:
		return fmt.Sprintf("%.1f", x)
	case abs >= 1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.3g", x)
}
