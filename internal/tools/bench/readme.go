package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
)

// columns are the sides that README sets beside each other.
var columns = []struct{ side, title string }{
	{sides.Service, "this service"},
	{sides.Gunicorn, "FastAPI"},
	{sides.MLServer, "MLServer"},
	{sides.MLflow, "MLflow"},
	{sides.BentoML, "BentoML"},
	{sides.LitServe, "LitServe"},
}

// A figure is a row of README: the medians of a metric.
type figure struct {
	title, unit  string
	part         report.Part
	name, metric string
	times        bool // with the multiple of this service's
}

var (
	served = []figure{
		{"`POST /predict`, " + targetShape.String(), "/s", HTTP, targetShape.cell(targetConnections), rate, false},
		{"the same, processor time of the server per request", " ms", HTTP, targetShape.cell(targetConnections), cpuPer, true},
		{"the same, 99th percentile", " ms", HTTP, targetShape.cell(targetConnections), p99, false},
		{"the same, resident memory", " MB", HTTP, targetShape.cell(targetConnections), memory, true},
		{manyShape.String(), "/s", HTTP, manyShape.cell(targetConnections), rate, false},
		{"from exec to the first right answer", " ms", Start, startCase, firstPrediction, false},
		{"on the disk, without an interpreter", " MB", Disk, diskCase, diskMB, true},
	}
	inProcessRows = []struct {
		title, unit       string
		part              report.Part
		name, ours, other string
		metric            string
	}{
		{"one text of 60 characters, in process", " µs", Text, textCase, inGo, inPython, perText},
		{"each line of a large file, 140 characters, one core", " µs", Bulk, bulkCase, predictOne, batchCall, perLine},
		{"the same, all cores", " µs", Bulk, bulkCase, predictAll, batchCall, perLine},
		{"the same, one core, beside fastText of dimension 10", " µs", Bulk, bulkCase, predictOne, fastText, perLine},
		{"loading the artifact directory", " ms", Load, loadCase, inGo, inPython, milliseconds},
		{"loading one of 110,000 n-grams", " ms", Load, loadLarge, inGo, inPython, milliseconds},
		{"training by the course's recipe", " s", Train, trainCase, trainer, fitter, seconds},
	}
)

// readme writes the tables that README shows, of the medians.
func readme(r *report.Results) []byte {
	var w bytes.Buffer
	head := []string{""}
	for _, column := range columns {
		head = append(head, column.title)
	}
	rows := [][]string{head}
	for _, f := range served {
		row := []string{f.title}
		for _, column := range columns {
			row = append(row, f.cell(r, column.side))
		}
		rows = append(rows, row)
	}
	report.WriteTable(&w, rows)
	rows = [][]string{{"", "this project", "the other", ""}}
	for _, f := range inProcessRows {
		ours, other := r.Find(f.part, f.name, f.ours, f.metric), r.Find(f.part, f.name, f.other, f.metric)
		if ours == nil || other == nil {
			continue
		}
		factor := stats.Ratio(other.Values, ours.Values)
		rows = append(rows, []string{f.title, stats.Number(ours.Median) + f.unit, stats.Number(other.Median) + f.unit, stats.Number(factor.Median) + " ×"})
	}
	if len(rows) > 1 {
		fmt.Fprintln(&w)
		report.WriteTable(&w, rows)
	}
	fmt.Fprintf(&w, "\nThe figures are medians of %s in which the sides take turns: %s, %d cores, %s, %s.\n",
		roundsOf(r), r.Environment.CPU, r.Environment.Cores, r.Environment.Date[:min(len(r.Environment.Date), len("2006-01-02"))], r.Environment.Go)
	return w.Bytes()
}

// cell is the figure of a side.
func (f figure) cell(r *report.Results, side string) string {
	s := r.Find(f.part, f.name, side, f.metric)
	if s == nil {
		return "–"
	}
	cell := stats.Number(s.Median) + f.unit
	if factor := stats.Ratio(s.Values, r.Values(f.part, f.name, sides.Service, f.metric)); f.times && side != sides.Service && !math.IsNaN(factor.Median) {
		cell += " (" + stats.Number(factor.Median) + " ×)"
	}
	return cell
}

// roundsOf says how many rounds the parts had that README shows.
func roundsOf(r *report.Results) string {
	var counts []string
	for _, f := range served {
		if s := r.Find(f.part, f.name, sides.Service, f.metric); s != nil && f.part != Disk {
			if count := fmt.Sprint(len(s.Values)); !slices.Contains(counts, count) {
				counts = append(counts, count)
			}
		}
	}
	return strings.Join(counts, " or ") + " rounds"
}
