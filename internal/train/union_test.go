package train

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// blockFixture holds scikit-learn's own numbers, which testdata/blocks.py wrote.
type blockFixture struct {
	Input struct{ Epochs, Rows int }
	Cases []struct {
		Name          string
		Blocks        []recipe.Block `json:"blocks"`
		Balanced      bool
		Documents     []recipe.Document
		Tags          []string
		Weights       []float64
		Classes       []string
		Features      [][]float64
		Vocabularies  [][]string
		Coefficients  [][]float64
		Intercepts    []float64
		Texts         []string
		Probabilities [][]float64
		TagsBySigmoid []struct {
			Threshold float64
			Tags      []string
		} `json:"tags_by_sigmoid"`
	}
}

// TestUnionIsScikitLearns fits several blocks, documents and weights, and predicts.
func TestUnionIsScikitLearns(t *testing.T) {
	data, err := os.ReadFile("testdata/blocks.json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture blockFixture
	if err := json.Unmarshal(data, &fixture, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	for _, c := range fixture.Cases {
		t.Run(c.Name, func(t *testing.T) {
			d, err := dataset.Read("testdata/labelled.csv")
			if err != nil {
				t.Fatal(err)
			}
			d.Rows = slices.DeleteFunc(d.Rows[:fixture.Input.Rows], func(r dataset.Row) bool { return c.Tags != nil && !slices.Contains(c.Tags, r.Tag) })
			for i := range d.Rows {
				d.Rows[i].Weight = c.Weights[i]
			}
			args := argsOf(c.Blocks)
			args.Documents, args.NumEpochs, args.Shuffle, args.MinFreq = c.Documents, fixture.Input.Epochs, false, 0
			if !c.Balanced {
				args.Balance = recipe.Unbalanced
			}
			if err := args.Check(); err != nil {
				t.Fatal(err)
			}
			all, err := label(d, &args, nil)
			if err != nil {
				t.Fatal(err)
			}
			f := newFit(&args, all)
			if err := f.run(t.Context(), nil, func(int) {}); err != nil {
				t.Fatal(err)
			}
			w := f.weights()
			var vocabularies [][]string
			for _, b := range w.Blocks {
				vocabularies = append(vocabularies, b.NGrams.Strings())
			}
			if diff := cmp.Diff(vocabularies, c.Vocabularies); diff != "" {
				t.Fatalf("vocabularies (-got +want):\n%s", diff)
			}
			for i, want := range c.Features {
				got := make([]float64, len(want))
				columns, values := f.rows.row(i)
				for j, column := range columns {
					got[column] = values[j]
				}
				compare(t, fmt.Sprintf("row %d", i), got, want, 1e-12)
			}
			compare(t, "coefficients", w.Coefficients, slices.Concat(c.Coefficients...), 1e-9)
			compare(t, "intercepts", w.Intercepts, c.Intercepts, 1e-9)

			args.Threshold = nil
			m, err := newModel(&args, w)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range m.PredictAll(c.Texts) {
				compare(t, c.Texts[i], p.Probabilities, c.Probabilities[i], 1e-9)
			}
			for _, by := range c.TagsBySigmoid {
				args.ThresholdOn, args.Threshold = recipe.OnSigmoid, &by.Threshold
				if m, err = newModel(&args, w); err != nil {
					t.Fatal(err)
				}
				var tags []string
				for _, text := range c.Texts {
					tags = append(tags, m.Tag(text))
				}
				if diff := cmp.Diff(tags, by.Tags); diff != "" {
					t.Errorf("tags with a sigmoid above %v (-got +want):\n%s", by.Threshold, diff)
				}
			}
		})
	}
}

// argsOf returns arguments with these blocks.
func argsOf(blocks []recipe.Block) recipe.Args {
	args, first := baseArgs(), blocks[0]
	args.Analyzer, args.NgramMinRange, args.NgramMaxRange, args.TokenPattern = first.Analyzer, first.NgramMinRange, first.NgramMaxRange, first.TokenPattern
	args.SublinearTF, args.UseIDF, args.Norm, args.Weight = first.SublinearTF, first.UseIDF, first.Norm, first.Weight
	args.Blocks = blocks[1:]
	return args
}
