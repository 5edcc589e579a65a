package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"golang.org/x/term"

	"tagifai/internal/train"
)

// isTerminal reports whether what is written to w appears before a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func printResult(w io.Writer, dir string, r *train.Result) error {
	last := r.Losses[len(r.Losses)-1]
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "run\t%s\n", r.Artifact.RunID)
	fmt.Fprintf(t, "samples\t%d to train, %d to validate, %d to test\n", r.Train, r.Validation, r.Test)
	fmt.Fprintf(t, "n-grams\t%d\n", r.Artifact.Weights.Features())
	fmt.Fprintf(t, "loss\t%.4f, validation %.4f\n", last.Train, last.Validation)
	if threshold, ok := r.Artifact.Args.Get("threshold"); ok {
		fmt.Fprintf(t, "threshold\t%s\n", threshold)
	}
	fmt.Fprintf(t, "written to\t%s\n\n", dir)
	if err := t.Flush(); err != nil {
		return err
	}
	return printReport(w, r.Report)
}

func printReport(w io.Writer, r *train.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, m train.Metrics) {
		if m.Samples == 0 {
			fmt.Fprintf(t, "%s\t-\t-\t-\t0\t\n", name)
			return
		}
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%d\t\n", name, m.Precision, m.Recall, m.F1, m.Samples)
	}
	fmt.Fprint(t, "\tprecision\trecall\tf1\tsamples\t\n")
	for _, class := range r.Classes {
		row(class, r.Class[class])
	}
	row("overall", r.Overall)
	for _, name := range slices.Sorted(maps.Keys(r.Slices)) {
		row("slice "+name, r.Slices[name])
	}
	return t.Flush()
}
