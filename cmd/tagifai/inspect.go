package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"tagifai/internal/monitor"
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
	threshold := "none"
	if value, ok := a.Args.Get("threshold"); ok && value.Kind() != 'n' {
		threshold = value.String()
		if on, ok := a.Args.Get("threshold_on"); ok {
			threshold += ", on the highest " + strings.Trim(on.String(), `"`)
		}
	}
	fmt.Fprintf(t, "run\t%s\n", a.RunID)
	fmt.Fprintf(t, "format\t%s\n", a.Format)
	fmt.Fprintf(t, "classes\t%s\n", strings.Join(a.Weights.Classes, ", "))
	fmt.Fprintf(t, "threshold\t%s\n", threshold)
	for i := range a.Weights.Blocks {
		b := &a.Weights.Blocks[i]
		fmt.Fprintf(t, "vectorizer\t%s\n", describeVectorizer(&b.Vectorizer))
		if b.Weight != 1 {
			fmt.Fprintf(t, "weight\t%v\n", b.Weight)
		}
		fmt.Fprintf(t, "vocabulary\t%d n-grams\n", len(b.NGrams))
	}
	if a.Weights.Norm != model.NoNorm {
		fmt.Fprintf(t, "norm of all\t%s\n", a.Weights.Norm)
	}
	for i := range a.Weights.Links {
		fmt.Fprintf(t, "loss\t%s\n", describeLink(&a.Weights.Links[i]))
	}
	probabilities := "yes"
	if !a.Weights.HasProbabilities() {
		probabilities = "none: the highest score is the answer"
	}
	fmt.Fprintf(t, "probabilities\t%s\n", probabilities)
	for _, name := range slices.Sorted(maps.Keys(a.Weights.Provenance)) {
		fmt.Fprintf(t, "%s\t%s\n", name, a.Weights.Provenance[name])
	}
	fmt.Fprintf(t, "args\t%s\n", a.Args.JSON())
	if overall, ok := a.Performance.Get("overall"); ok {
		fmt.Fprintf(t, "performance\t%s\n", overall)
	}
	fmt.Fprintf(t, "baseline\t%s\n", describeBaseline(a))
	return t.Flush()
}

func describeBaseline(a *model.Artifact) string {
	b, err := monitor.Parse(a.Baseline, a.Weights.Classes)
	if errors.Is(err, monitor.ErrNone) {
		return "none"
	}
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%d texts, %s, %.1f %% of their n-grams unknown", b.Texts, b.From, 100*b.UnknownShare())
	if accuracy := b.Accuracy(); !math.IsNaN(accuracy) {
		text += fmt.Sprintf(", %.1f %% of their tags right", 100*accuracy)
	}
	return text
}

func describeVectorizer(v *model.Vectorizer) string {
	text := fmt.Sprintf("%s, n-grams of %d to %d, norm %s", v.Analyzer, v.NgramMin, v.NgramMax, v.Norm)
	for _, flag := range []struct {
		name string
		on   bool
	}{
		{"lowercase", v.Lowercase}, {"use_idf", v.UseIDF}, {"sublinear_tf", v.SublinearTF}, {"binary", v.Binary},
		{"clean", v.Clean}, {"stem", v.Stem},
	} {
		if flag.on {
			text += ", " + flag.name
		}
	}
	if v.StripAccents != model.KeepAccents {
		text += fmt.Sprintf(", strip_accents %s", v.StripAccents)
	}
	if v.TokenPattern != "" {
		text += fmt.Sprintf(", token_pattern %s", v.TokenPattern)
	}
	if len(v.StopWords) > 0 {
		text += fmt.Sprintf(", %d stop words", len(v.StopWords))
	}
	return text
}

func describeLink(l *model.Link) string {
	text := string(l.Loss)
	if l.Weight != 1 {
		text += fmt.Sprintf(", weight %v", l.Weight)
	}
	if len(l.Calibrators) == 0 {
		return text
	}
	if len(l.Calibrators[0].X) > 0 {
		return text + ", calibrated, isotonic"
	}
	return text + ", calibrated, sigmoid"
}

// printHeaviest prints the n-grams that speak most for each class: those with the
// largest idf × coefficient.
func printHeaviest(w io.Writer, weights *model.Weights, top int) error {
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
func heaviest(weights *model.Weights, class, top int) []string {
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
		for k := range b.NGrams {
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
func rowsOf(weights *model.Weights, class int) iter.Seq2[int, float64] {
	return func(yield func(int, float64) bool) {
		classes, row := len(weights.Classes), 0
		for i := range weights.Links {
			switch {
			case classes == 2: // the only row speaks for the second class
				if !yield(row, float64(2*class-1)) {
					return
				}
				row++
			case weights.Links[i].Loss == model.OneVsOne:
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
