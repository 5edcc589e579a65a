package grows

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/tools/bench/report"
)

const fewest = 5 // points of a curve

// page has the words of growth.md; the figures are put into it. Words beside them say
// what holds for any run.
//
//go:embed page.md.tmpl
var page string

// write writes growth.md, growth.json and a plot for each axis to a directory.
func write(dir string, all map[report.Part]*report.Results) error {
	raw, err := json.Marshal(all, json.Deterministic(true), json.FormatNilSliceAsNull(false), jsontext.WithIndent(" "))
	if err != nil {
		return err
	}
	text, err := markdown(all)
	if err != nil {
		return err
	}
	files := map[string][]byte{"growth.md": text, "growth.json": append(raw, '\n')}
	for _, a := range axes {
		if r := all[a.name]; r != nil {
			if files[a.file()], err = picture(a, r); err != nil {
				return err
			}
		}
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), content, 0o666))
	}
	return err
}

func (a *axis) file() string { return fmt.Sprintf("growth-%s.png", a.name) }

// markdown writes the page.
func markdown(all map[report.Part]*report.Results) ([]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{
		"figures": func(name report.Part) (string, error) { return figures(find(name), all[name]) },
	}).Parse(page)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, nil)
	return out.Bytes(), err
}

// figures writes what was measured of an axis: the plot, the curves and the table.
func figures(a *axis, r *report.Results) (string, error) {
	if r == nil {
		return "Not measured yet.", nil
	}
	var w strings.Builder
	e := r.Environment
	fmt.Fprintf(&w, "![%s](%s)\n\n%s %s, commit %s, %s, %d cores, %s; load average before %s.\n\n",
		a.x, a.file(), strings.Join(r.Setup, " "), e.Date, e.Commit, e.CPU, e.Cores, e.Go, e.LoadBefore)
	rows := [][]string{{"side", "figure", "curve, " + a.short + " being the " + a.x, "largest deviation", "bend"}}
	for _, p := range a.panels {
		for _, side := range drawn {
			xs, series := values(a, r, side.name, p.metric)
			if len(xs) < fewest {
				continue
			}
			f := newFit(p.form, xs, medians(series))
			bend := "none"
			if f.bends() {
				bend = si(f.bend)
			}
			rows = append(rows, []string{side.name, p.metric, f.formula(a.short),
				fmt.Sprintf("%+.0f %% at %s", 100*f.worst, si(f.worstAt)), bend})
		}
	}
	report.WriteTable(&w, rows)
	fmt.Fprintln(&w)
	report.WriteTable(&w, table(a, r))
	return strings.TrimSpace(w.String()), nil
}

// table has a line for each point and side.
func table(a *axis, r *report.Results) [][]string {
	var metrics []string
	for _, s := range r.Series {
		if !slices.Contains(metrics, s.Metric) {
			metrics = append(metrics, s.Metric)
		}
	}
	rows := [][]string{append([]string{a.x, "side"}, metrics...)}
	for _, point := range a.points {
		for _, side := range drawn {
			row, measured := []string{si(float64(point)), side.name}, false
			for _, metric := range metrics {
				cell := ""
				if s := r.Find(a.name, strconv.Itoa(point), side.name, metric); s != nil {
					cell, measured = s.Summary.String(), true
				}
				row = append(row, cell)
			}
			if measured {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// values returns the points at which a figure was measured, and what came out.
func values(a *axis, r *report.Results, side, metric string) (xs []float64, series []*report.Series) {
	for _, point := range a.points {
		s := r.Find(a.name, strconv.Itoa(point), side, metric)
		if s != nil && s.Low > 0 && !math.IsInf(s.High, 0) { // which a logarithm can show
			xs, series = append(xs, float64(point)), append(series, s)
		}
	}
	return xs, series
}

func medians(series []*report.Series) []float64 {
	var ys []float64
	for _, s := range series {
		ys = append(ys, s.Median)
	}
	return ys
}
