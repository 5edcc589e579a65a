package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"tagifai/internal/tools/bench/stats"
)

// A Section is the table of a part.
type Section struct {
	Part        Part
	Title       string
	Hidden      []string // metrics that are left out
	Comparisons []Comparison
}

// A Comparison is a column that says how many times better a side is than the others by
// a metric.
type Comparison struct {
	Metric string
	More   bool // is better
	Better string
}

// Markdown writes the results as text with tables: the environment, the sentences of
// the setup, the targets, and the sections of what was measured. The sides of a case are
// in the order of rank.
func (r *Results) Markdown(w io.Writer, sections []Section, rank []string) {
	e := r.Environment
	fmt.Fprintf(w, "# Side by side\n\n%s, commit %s, %s, %d cores, Linux %s; %s, %s. Load average before %s, after %s.\n\n",
		e.Date, e.Commit, e.CPU, e.Cores, e.Kernel, e.Go, strings.Join(e.Packages, ", "), e.LoadBefore, e.LoadAfter)
	fmt.Fprintln(w, "Figures are medians of all rounds, with the lowest and the highest in brackets; ratios are made within a round, then the same is done with them.")
	for _, sentence := range r.Setup {
		fmt.Fprintf(w, "- %s\n", sentence)
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
		fmt.Fprint(w, "\n## Targets\n\n")
		WriteTable(w, rows)
	}
	for _, section := range sections {
		if rows := r.Table(section, rank); len(rows) > 1 {
			fmt.Fprintf(w, "\n## %s\n\n", section.Title)
			WriteTable(w, rows)
		}
	}
}

// WriteTable writes rows as Markdown, the first as the names of the columns.
func WriteTable(w io.Writer, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
}

// Table returns the rows of a section, a line for each side of each case, with the names
// of the columns first. Only the first line of a case names it.
func (r *Results) Table(section Section, rank []string) [][]string {
	part := section.Part
	var metrics []string
	var lines [][2]string // case and side
	for _, s := range r.Series {
		if s.Part != part {
			continue
		}
		if !slices.Contains(metrics, s.Metric) && !slices.Contains(section.Hidden, s.Metric) {
			metrics = append(metrics, s.Metric)
		}
		if line := [2]string{s.Case, s.Side}; !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	sortLines(lines, rank)
	compared := slices.DeleteFunc(slices.Clone(section.Comparisons), func(c Comparison) bool {
		return !slices.ContainsFunc(lines, func(line [2]string) bool { return line[1] == c.Better })
	})
	head := []string{"", "side"}
	head = append(head, metrics...)
	for _, c := range compared {
		head = append(head, c.Metric+": "+c.Better+" is better by")
	}
	rows := [][]string{head}
	for i, line := range lines {
		row := []string{line[0], line[1]}
		if i > 0 && lines[i-1][0] == line[0] {
			row[0] = "" // as above
		}
		for _, metric := range metrics {
			cell := ""
			if s := r.Find(part, line[0], line[1], metric); s != nil {
				cell = s.Summary.String()
			}
			row = append(row, cell)
		}
		for _, c := range compared {
			x, y := r.Values(part, line[0], c.Better, c.Metric), r.Values(part, line[0], line[1], c.Metric)
			if !c.More {
				x, y = y, x
			}
			cell := ""
			if factor := stats.Ratio(x, y); line[1] != c.Better && !math.IsNaN(factor.Median) {
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
func sortLines(lines [][2]string, rank []string) {
	first := make(map[string]int)
	for i, line := range lines {
		if _, ok := first[line[0]]; !ok {
			first[line[0]] = i
		}
	}
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
