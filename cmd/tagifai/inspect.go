package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"tagifai/model"
)

type inspectCommand struct {
	Dir *string `arg:"" optional:"" help:"Artifact directory; the embedded model if left out."`
	Top int     `default:"10" placeholder:"N" help:"How many n-grams of each class to show (${default})."`
}

func (inspectCommand) Help() string {
	return "Example:\n\n    tagifai inspect runs/first"
}

func (c inspectCommand) Run(s streams) error {
	a, err := readArtifact(c.Dir)
	if err != nil {
		return err
	}
	printWarnings(s.err, a.Warnings)
	for _, name := range a.Changed {
		printWarnings(s.err, []string{name + " was changed or damaged since the model was written, so it cannot be served"})
	}
	if err := printArtifact(s.out, a); err != nil {
		return err
	}
	return printHeaviest(s.out, a.Weights, c.Top)
}

func printArtifact(w io.Writer, a *model.Artifact) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	v := a.Weights.Vectorizer
	var flags []string
	for _, flag := range []struct {
		name string
		on   bool
	}{{"lowercase", v.Lowercase}, {"use_idf", v.UseIDF}, {"sublinear_tf", v.SublinearTF}, {"binary", v.Binary}, {"clean", v.Clean}, {"stem", v.Stem}} {
		if flag.on {
			flags = append(flags, flag.name)
		}
	}
	threshold := "none"
	if value, ok := a.Args.Get("threshold"); ok && value.Kind() != 'n' {
		threshold = value.String()
	}
	fmt.Fprintf(t, "run\t%s\n", a.RunID)
	fmt.Fprintf(t, "format\t%s\n", a.Format)
	fmt.Fprintf(t, "classes\t%s\n", strings.Join(a.Weights.Classes, ", "))
	fmt.Fprintf(t, "threshold\t%s\n", threshold)
	fmt.Fprintf(t, "vectorizer\t%s, n-grams of %d to %d, norm %s, %s\n", v.Analyzer, v.NgramMin, v.NgramMax, v.Norm, strings.Join(flags, ", "))
	fmt.Fprintf(t, "vocabulary\t%d n-grams\n", len(a.Weights.NGrams))
	fmt.Fprintf(t, "loss\t%s\n", a.Weights.Loss)
	for _, name := range slices.Sorted(maps.Keys(a.Weights.Provenance)) {
		fmt.Fprintf(t, "%s\t%s\n", name, a.Weights.Provenance[name])
	}
	fmt.Fprintf(t, "args\t%s\n", a.Args.JSON())
	if overall, ok := a.Performance.Get("overall"); ok {
		fmt.Fprintf(t, "performance\t%s\n", overall)
	}
	return t.Flush()
}

// printHeaviest prints the n-grams that speak most for each class: those with the
// largest idf × coefficient.
func printHeaviest(w io.Writer, weights *model.Weights, top int) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\nheaviest n-grams\n")
	for class, name := range weights.Classes {
		var grams []string
		for _, column := range heaviest(weights, class, top) {
			grams = append(grams, fmt.Sprintf("%q", weights.NGrams[column]))
		}
		fmt.Fprintf(t, "%s\t%s\n", name, strings.Join(grams, " "))
	}
	return t.Flush()
}

// heaviest returns the columns of a class's heaviest n-grams, heaviest first.
func heaviest(weights *model.Weights, class, top int) []int {
	features := len(weights.NGrams)
	row, sign := class, 1.0
	if weights.Rows() == 1 { // the only row speaks for the second class
		row = 0
		if class == 0 {
			sign = -1
		}
	}
	weight := func(column int) float64 {
		w := sign * weights.Coefficients[row*features+column]
		if weights.IDF != nil {
			w *= weights.IDF[column]
		}
		return w
	}
	columns := make([]int, features)
	for i := range columns {
		columns[i] = i
	}
	slices.SortStableFunc(columns, func(a, b int) int {
		switch wa, wb := weight(a), weight(b); {
		case wa > wb:
			return -1
		case wa < wb:
			return 1
		}
		return 0
	})
	return columns[:min(max(top, 0), features)]
}
