package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
)

// write writes the results to a directory, and the table to stdout as well.
func write(r *report.Results, dir string) error {
	table := markdown(r)
	raw, err := json.Marshal(r, json.FormatNilSliceAsNull(false), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	png, err := picture(r)
	if err != nil {
		return err
	}
	files := map[string][]byte{"table.md": table, "results.json": append(raw, '\n')}
	if png != nil {
		files["plot.png"] = png
	}
	err = os.MkdirAll(dir, 0o777)
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), content, 0o666))
	}
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(table)
	logf("results are in %s", dir)
	return err
}

// sections are the tables of the report, in this order.
var sections = []report.Section{
	{Part: HTTP, Title: "POST /predict under load", Hidden: []string{wrkBusy}, Comparisons: []report.Comparison{
		{Metric: rate, More: true, Better: sides.Service},
		{Metric: cpuPer, Better: sides.Service},
	}},
	{Part: Rest, Title: "Resident memory at rest", Comparisons: []report.Comparison{{Metric: memory, Better: sides.Service}}},
	{Part: Disk, Title: "Installed size", Comparisons: []report.Comparison{{Metric: diskMB, Better: sides.Service}}},
	{Part: Bulk, Title: "A file of many lines", Comparisons: []report.Comparison{{Metric: perLine, Better: predictOne}}},
	{Part: Start, Title: "Start to first answer", Comparisons: []report.Comparison{{Metric: firstPrediction, Better: sides.Service}}},
	{Part: Load, Title: "Loading an artifact directory", Comparisons: []report.Comparison{{Metric: milliseconds, Better: inGo}}},
	{Part: Train, Title: "Training", Comparisons: []report.Comparison{{Metric: seconds, Better: trainer}}},
	{Part: Text, Title: "One text in process", Comparisons: []report.Comparison{{Metric: perText, Better: inGo}}},
	{Part: Go, Title: "Go benchmarks"},
}

// rank is the order of the sides in the tables.
var rank = []string{sides.Service, sides.ServiceAlone, sides.ServiceQuiet, sides.ServiceProbabilities, sides.ServiceExplanation, inGo, predictOne, trainer, predictAll, inGoOwn, sides.Gunicorn, sides.Uvicorn,
	sides.MLServer, sides.MLflow, sides.BentoML, sides.LitServe, sides.Floor}

// markdown writes the results as text with tables.
func markdown(r *report.Results) []byte {
	told := *r
	if sentence := generator(r); sentence != "" {
		told.Setup = append(slices.Clip(told.Setup), sentence)
	}
	var w bytes.Buffer
	told.Markdown(&w, sections, rank)
	return w.Bytes()
}

// generator says whether the load generator was the bottleneck, "" without a load.
func generator(r *report.Results) string {
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
		return fmt.Sprintf("wrk was busy for at most %s of its core: it was nowhere the bottleneck.", stats.Number(busiest))
	}
	return "wrk was the bottleneck, and the server could do more, at: " + strings.Join(where, "; ") + "."
}
