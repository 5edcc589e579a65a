package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"tagifai/internal/monitor"
	"tagifai/model"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// PrintArtifact prints what an artifact is, a line for each thing.
func PrintArtifact(w io.Writer, a *model.Artifact) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	threshold := "none"
	if value, ok := a.Args.Get("threshold"); ok && value.Kind() != 'n' {
		threshold = value.String()
		if on, ok := a.Args.Get("threshold_on"); ok {
			threshold += ", on the highest " + strings.Trim(on.String(), `"`)
		}
	}
	fmt.Fprintf(t, "run\t%s\n", cmp.Or(a.RunID, "none"))
	fmt.Fprintf(t, "format\t%s\n", a.Format)
	fmt.Fprintf(t, "classes\t%s\n", strings.Join(a.Weights.Classes, ", "))
	fmt.Fprintf(t, "threshold\t%s\n", threshold)
	for i := range a.Weights.Blocks {
		b := &a.Weights.Blocks[i]
		fmt.Fprintf(t, "vectorizer\t%s\n", describeVectorizer(&b.Vectorizer))
		if b.Weight != 1 {
			fmt.Fprintf(t, "weight\t%v\n", b.Weight)
		}
		fmt.Fprintf(t, "vocabulary\t%d n-grams\n", b.NGrams.Len())
	}
	if a.Weights.Norm != tfidf.NoNorm {
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

func describeVectorizer(v *tfidf.Vectorizer) string {
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
	if v.StripAccents != tfidf.KeepAccents {
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

func describeLink(l *linear.Link) string {
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
