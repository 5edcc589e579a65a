package monitor

import (
	"fmt"
	"html/template"
	"io"
	"text/tabwriter"
)

// Write writes the comparison as a table.
func (r *Comparison) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "feature\tPSI\tby chance\tJS distance\tverdict\n")
	for i := range r.Features {
		f := &r.Features[i]
		fmt.Fprintf(t, "%s\t%.4f\t%s\t%.4f\t%s\n", f.Name, f.PSI, f.ByChance, f.JSDistance, f.Verdict())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(t, "texts\t%d\n", r.Texts)
	fmt.Fprintf(t, "unknown n-grams\t%s, baseline %s\n", r.UnknownNGrams, r.BaselineUnknownNGrams)
	fmt.Fprintf(t, "expected accuracy\t%s, baseline %s\n", r.ExpectedAccuracy, r.BaselineAccuracy)
	if r.Accuracy.Known() {
		fmt.Fprintf(t, "accuracy\t%s\n", r.Accuracy)
	}
	return t.Flush()
}

// String returns the number with four digits, "unknown" if it is not known.
func (s Share) String() string {
	if !s.Known() {
		return "unknown"
	}
	return fmt.Sprintf("%.4f", float64(s))
}

// WriteHTML writes the comparison as a page that needs nothing else.
func (r *Comparison) WriteHTML(w io.Writer, title string) error {
	return page.Execute(w, struct {
		Title string
		*Comparison
	}{title, r})
}

var page = template.Must(template.New("").Funcs(template.FuncMap{
	"percent": func(share float64) string { return fmt.Sprintf("%.1f", 100*share) },
	"number":  func(n float64) string { return fmt.Sprintf("%.4f", n) },
}).Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
.bar { display: block; height: .6rem; min-width: 1px; }
.baseline { background: #9ab; } .current { background: #c50; }
td.bars { width: 24rem; } .drifted { color: #b00; font-weight: bold; }
</style>
<h1>{{.Title}}</h1>
<table>
<tr><th>feature<th>PSI<th>by chance<th>Jensen-Shannon distance<th>verdict
{{range .Features}}<tr><td>{{.Name}}<td>{{number .PSI}}<td>{{.ByChance}}<td>{{number .JSDistance}}<td class="{{.Verdict}}">{{.Verdict}}
{{end}}</table>
<table>
<tr><th><th>baseline<th>current
<tr><td>texts<td><td>{{.Texts}}
<tr><td>unknown n-grams<td>{{.BaselineUnknownNGrams}}<td>{{.UnknownNGrams}}
<tr><td>expected accuracy<td>{{.BaselineAccuracy}}<td>{{.ExpectedAccuracy}}
{{if .Accuracy.Known}}<tr><td>accuracy<td>{{.BaselineAccuracy}}<td>{{.Accuracy}}
{{end}}</table>
{{range .Features}}<h2>{{.Name}}</h2>
<table>
<tr><th><th>baseline, %<th>current, %<th>
{{range .Bins}}<tr><td>{{.Name}}<td>{{percent .Baseline}}<td>{{percent .Current}}<td class="bars"><span class="bar baseline" style="width: {{percent .Baseline}}%"></span><span class="bar current" style="width: {{percent .Current}}%"></span>
{{end}}</table>
{{end}}</html>
`))
