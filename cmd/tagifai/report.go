package main

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"tagifai/internal/evaluation"
	"tagifai/internal/train"
)

func printResult(w io.Writer, dir string, plots []string, r *train.Result) error {
	last := r.Losses[len(r.Losses)-1]
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "run\t%s\n", r.Artifact.RunID)
	fmt.Fprintf(t, "samples\t%d to train, %d to validate, %d to test\n", r.Train, r.Validation, r.Test)
	fmt.Fprintf(t, "n-grams\t%d\n", r.Artifact.Weights.Features())
	fmt.Fprintf(t, "loss\t%.4f, validation %.4f\n", last.Train, last.Validation)
	if r.Temperature != 1 {
		fmt.Fprintf(t, "temperature\t%.4f\n", r.Temperature)
	}
	if threshold, ok := r.Artifact.Args.Get("threshold"); ok {
		fmt.Fprintf(t, "threshold\t%s\n", threshold)
	}
	fmt.Fprintf(t, "written to\t%s\n", dir)
	for _, name := range plots {
		fmt.Fprintf(t, "plot\t%s\n", filepath.Join(dir, name))
	}
	fmt.Fprint(t, "\n")
	if err := t.Flush(); err != nil {
		return err
	}
	if err := printReport(w, r.Performance.Report); err != nil {
		return err
	}
	return printMore(w, r.Performance)
}

// printMore prints the other reports than that on the test part.
func printMore(w io.Writer, p *evaluation.Performance) error {
	if cv := p.CrossValidation; cv != nil {
		fmt.Fprintf(w, "\nout of %d folds, by models that had not seen the row\n", cv.Folds)
		if err := printReport(w, cv.Report); err != nil {
			return err
		}
	}
	if t := p.TimeOrdered; t != nil {
		fmt.Fprintf(w, "\nrows from %s on, by a model of the %d older ones\n", t.From.Format(time.DateOnly), t.Train)
		return printReport(w, t.Report)
	}
	return nil
}

func printReport(w io.Writer, r *evaluation.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, m evaluation.Metrics) {
		if m.Samples == 0 {
			fmt.Fprintf(t, "%s\t-\t-\t-\t0\t\n", name)
			return
		}
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%d\t\n", name, m.Precision, m.Recall, m.F1, m.Samples)
	}
	fmt.Fprint(t, "\tprecision\trecall\tf1\tsamples\t\n")
	classes := r.Classes
	if classes == nil { // it was read from a file
		classes = slices.Sorted(maps.Keys(r.Class))
	}
	for _, class := range classes {
		row(class, r.Class[class])
	}
	row("overall", r.Overall)
	for _, name := range slices.Sorted(maps.Keys(r.Slices)) {
		row("slice "+name, r.Slices[name])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if c := r.Calibration; c != nil {
		_, err := fmt.Fprintf(w, "\ncalibration error  %.3f\nBrier score        %.3f\nlog loss           %.3f\n", c.Error, c.Brier, c.LogLoss)
		return err
	}
	return nil
}

// reportPictures draws a report, by the names of the pictures.
func reportPictures(of string, r *evaluation.Report) map[string]evaluation.Picture {
	pictures := map[string]evaluation.Picture{"confusion_matrix": evaluation.ConfusionMatrix(of, r)}
	if r.Calibration != nil {
		pictures["reliability"] = evaluation.ReliabilityDiagram(of, r.Calibration)
	}
	return pictures
}

// printUnknown says which tags the model does not know.
func printUnknown(w io.Writer, file string, unknown []train.TagCount) {
	if len(unknown) == 0 {
		return
	}
	rows := 0
	for _, tag := range unknown {
		rows += tag.Rows
	}
	fmt.Fprintf(w, "%s: the model does not know the tags of %d rows, which count as other: %s\n", file, rows, train.Join(unknown))
}
