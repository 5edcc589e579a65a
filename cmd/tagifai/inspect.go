package main

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"

	"tagifai/cmd/tagifai/cli"
	"tagifai/model/linear"
)

type inspectCommand struct {
	Dir *string `arg:"" optional:"" help:"Artifact directory; the embedded model if left out."`
	Top int     `default:"10" placeholder:"N" help:"How many n-grams of each class to show (${default})."`
}

func (inspectCommand) Help() string {
	return "Example:\n\n    tagifai inspect runs/first"
}

func (c inspectCommand) Run(env cli.Env) error {
	a, err := cli.ReadArtifact(c.Dir)
	if err != nil {
		return err
	}
	cli.PrintWarnings(env.Err, a.Warnings)
	for _, name := range a.Changed {
		cli.PrintWarnings(env.Err, []string{name + " was changed or damaged since the model was written, so it cannot be served"})
	}
	if err := cli.PrintArtifact(env.Out, a); err != nil {
		return err
	}
	return printHeaviest(env.Out, a.Weights, c.Top)
}

// printHeaviest prints the n-grams that speak most for each class: those with the
// largest idf × coefficient.
func printHeaviest(w io.Writer, weights *linear.Weights, top int) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\nheaviest n-grams\n")
	for class, name := range weights.Classes {
		var grams []string
		for _, ngram := range heaviest(weights, class, top) {
			grams = append(grams, fmt.Sprintf("%q", ngram))
		}
		fmt.Fprintf(t, "%s\t%s\n", name, strings.Join(grams, " "))
	}
	return t.Flush()
}

// heaviest returns a class's heaviest n-grams, heaviest first.
func heaviest(weights *linear.Weights, class, top int) []string {
	features := weights.Features()
	sums := make([]float64, features)
	for row, sign := range rowsOf(weights, class) {
		for column, c := range weights.Coefficients[row*features:][:features] {
			sums[column] += sign * c
		}
	}
	order := make([]int, 0, features)
	for i := range weights.Blocks {
		b := &weights.Blocks[i]
		for k := range b.NGrams.Len() {
			column := len(order)
			if b.IDF != nil {
				sums[column] *= b.IDF[k]
			}
			sums[column] *= b.Weight
			order = append(order, column)
		}
	}
	ngrams := weights.AllNGrams()
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sums[b], sums[a]) })
	order = order[:min(max(top, 0), features)]
	heaviest := make([]string, len(order))
	for i, column := range order {
		heaviest[i] = ngrams[column]
	}
	return heaviest
}

// rowsOf yields the rows that speak for a class, with 1, or against it, with -1.
func rowsOf(weights *linear.Weights, class int) iter.Seq2[int, float64] {
	return func(yield func(int, float64) bool) {
		classes, row := len(weights.Classes), 0
		for i := range weights.Links {
			switch {
			case classes == 2: // the only row speaks for the second class
				if !yield(row, float64(2*class-1)) {
					return
				}
				row++
			case weights.Links[i].Loss == linear.OneVsOne:
				for first := range classes {
					for second := first + 1; second < classes; second++ {
						if first == class && !yield(row, -1) || second == class && !yield(row, 1) {
							return
						}
						row++
					}
				}
			default:
				if !yield(row+class, 1) {
					return
				}
				row += classes
			}
		}
	}
}
