package train

import (
	"math/rand/v2"
	"testing"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"
)

// BenchmarkFit fits two blocks and the documents of labelled.csv, repeated to the size
// of a real data set.
func BenchmarkFit(b *testing.B) {
	d, err := dataset.Read("testdata/labelled.csv")
	if err != nil {
		b.Fatal(err)
	}
	rows := d.Rows
	for range 11 {
		d.Rows = append(d.Rows, rows...)
	}
	args := baseArgs()
	args.NgramMaxRange, args.MinFreq, args.NumEpochs = 4, 0, 10
	args.Blocks = []recipe.Block{baseBlock()}
	args.Blocks[0].TokenPattern = `\b\w[\w\-/+#]*\b`
	args.Documents = []recipe.Document{{Column: "title", Weight: 0.3}, {Column: "description", Weight: 0.3}}
	all, err := label(d, &args, rand.New(rand.NewPCG(1, 0)))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("vectorizer", func(b *testing.B) {
		for b.Loop() {
			newFit(&args, all)
		}
	})
	b.Run("epochs", func(b *testing.B) {
		f := newFit(&args, all)
		for b.Loop() {
			if err := f.run(b.Context(), rand.New(rand.NewPCG(1, 0)), func(int) {}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
