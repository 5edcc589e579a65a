package main

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
)

// A table is a column for each version.
type table []column

// write writes the table as Markdown: a pipeline a row, a version a column, and the
// reasons of the refusals below.
func (t table) write(w io.Writer) error {
	var b strings.Builder
	var reasons notes
	b.WriteString("| pipeline |")
	for _, c := range t {
		b.WriteString(" " + c.version + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(t)) + "\n")
	for _, name := range t.names() {
		b.WriteString("| " + name + " |")
		for _, c := range t {
			b.WriteString(" " + c.cell(name, &reasons) + " |")
		}
		b.WriteByte('\n')
	}
	b.WriteString("| **load, of those that should** |")
	for _, c := range t {
		loaded, all := c.loaded()
		fmt.Fprintf(&b, " %d of %d |", loaded, all)
	}
	b.WriteString("\n| **refused as they should be** |")
	for _, c := range t {
		refused, all := c.refusals()
		fmt.Fprintf(&b, " %d of %d |", refused, all)
	}
	b.WriteString("\n\nA number is the largest difference of a probability or score in all forms of the pipeline; " +
		"\"=\" says that the tags are equal where there is no number to compare, and \"–\" that the version has no such pipeline. " +
		"What is not as it should be is in bold.\n")
	for i, reason := range reasons {
		fmt.Fprintf(&b, "\n[%d] refused: %s\n", i+1, reason)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// names returns the names of all pipelines, sorted: those to be refused last.
func (t table) names() []string {
	const last = "\U0010ffff"
	var keys []string
	for _, c := range t {
		for _, p := range c.pipelines {
			key := p.name
			if p.refused != nil {
				key = last + key
			}
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for i, key := range keys {
		keys[i] = strings.TrimPrefix(key, last)
	}
	return keys
}

// failures counts the cells that are not as they should be.
func (t table) failures() int {
	n := 0
	for _, c := range t {
		for _, p := range c.pipelines {
			if p.wrong() {
				n++
			}
		}
	}
	return n
}

// notes are numbered from 1.
type notes []string

// offset is a place in a file, which says nothing that tells two reasons apart.
var offset = regexp.MustCompile(`byte \d+`)

// number returns the number of a note, the same for those that differ by an offset.
func (n *notes) number(note string) int {
	note = offset.ReplaceAllString(note, "byte …")
	i := slices.Index(*n, note)
	if i < 0 {
		i = len(*n)
		*n = append(*n, note)
	}
	return i + 1
}

func (c column) cell(name string, reasons *notes) string {
	i := slices.IndexFunc(c.pipelines, func(p pipeline) bool { return p.name == name })
	if i < 0 {
		return "–"
	}
	return c.pipelines[i].cell(reasons)
}

// loaded counts the pipelines that should load, and those of them that do in all forms
// and with the right answers.
func (c column) loaded() (loaded, all int) {
	for _, p := range c.pipelines {
		if p.refused == nil {
			all++
			if !p.wrong() {
				loaded++
			}
		}
	}
	return loaded, all
}

// refusals counts the pipelines that should be refused, and those of them that are, with
// their reason named.
func (c column) refusals() (refused, all int) {
	for _, p := range c.pipelines {
		if p.refused != nil {
			all++
			if !p.wrong() {
				refused++
			}
		}
	}
	return refused, all
}

func (p *pipeline) wrong() bool {
	return slices.ContainsFunc(p.forms, func(f form) bool { return f.wrong != "" })
}

// cell is one text for all forms if they came to the same, else a text for each.
func (p *pipeline) cell(reasons *notes) string {
	texts := make([]string, len(p.forms))
	for i, f := range p.forms {
		texts[i] = f.cell(reasons)
	}
	largest := math.NaN()
	for _, f := range p.forms {
		if f.err != nil || f.wrong != "" {
			if distinct := slices.Compact(slices.Clone(texts)); len(distinct) == 1 {
				return distinct[0]
			}
			for i := range texts {
				texts[i] = p.forms[i].name + " " + texts[i]
			}
			return strings.Join(texts, ", ")
		}
		if !(f.largest <= largest) && !math.IsNaN(f.largest) {
			largest = f.largest
		}
	}
	return number(largest)
}

func (f *form) cell(reasons *notes) string {
	switch {
	case f.err != nil && f.wrong == "":
		return fmt.Sprintf("refused [%d]", reasons.number(f.err.Error()))
	case f.err != nil && f.wrong == "refused":
		return fmt.Sprintf("**refused** [%d]", reasons.number(f.err.Error()))
	case f.err != nil:
		return fmt.Sprintf("**%s** [%d]", f.wrong, reasons.number(f.err.Error()))
	case f.wrong == "differs":
		return "**" + number(f.largest) + "**"
	case f.wrong != "":
		return "**" + f.wrong + "**"
	}
	return number(f.largest)
}

func number(largest float64) string {
	switch {
	case math.IsNaN(largest):
		return "="
	case largest == 0:
		return "0"
	}
	return fmt.Sprintf("%.0e", largest)
}
