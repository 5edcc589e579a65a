package train

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"
	"tagifai/model/tfidf"
)

// fitWithVectors fits a recipe with vectors on the labelled test data.
func fitWithVectors(t *testing.T, args *recipe.Args, rows int) *fit {
	t.Helper()
	d, err := dataset.Read("testdata/labelled.csv")
	if err != nil {
		t.Fatal(err)
	}
	d.Rows = d.Rows[:rows]
	if d.Vectors, err = dataset.ReadVectors("testdata/vectors.txt"); err != nil {
		t.Fatal(err)
	}
	all, err := label(d, args, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	f := newFit(args, all)
	if err := f.run(t.Context(), rand.New(rand.NewPCG(1, 1)), func(int) {}); err != nil {
		t.Fatal(err)
	}
	return f
}

func argsWithWords() recipe.Args {
	args := baseArgs()
	args.NgramMaxRange, args.MinFreq, args.Shuffle = 2, 0, false
	args.Blocks = []recipe.Block{baseBlock()}
	return args
}

// TestVectorsAreScikitLearns holds a model with folded vectors against numpy's numbers,
// which testdata/vectors.py wrote.
func TestVectorsAreScikitLearns(t *testing.T) {
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Rows, Epochs, Vocabulary int
		VectorWeight             float64 `json:"vector_weight"`
		BlockWeight              float64 `json:"block_weight"`
		Texts                    []string
		Scores                   [][]float64
	}
	if err := json.Unmarshal(data, &want, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	args := argsWithWords()
	args.NumEpochs, args.VectorWeight, args.Blocks[0].Weight = want.Epochs, want.VectorWeight, want.BlockWeight
	weights := fitWithVectors(t, &args, want.Rows).weights()
	if got := weights.Blocks[1].NGrams.Len(); got != want.Vocabulary {
		t.Errorf("words: got %d, want %d", got, want.Vocabulary)
	}
	m, err := newModel(&args, weights)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range want.Texts {
		compare(t, text, m.Scores(text), want.Scores[i], 1e-9)
	}
}

// TestVectorsFold compares the folded model with the computation before the fold: the sums
// of the vectors, times coefficients of their own.
func TestVectorsFold(t *testing.T) {
	for name, change := range map[string]func(*recipe.Args){
		"beside characters": func(*recipe.Args) {},
		"words first":       func(a *recipe.Args) { a.Analyzer, a.NgramMinRange, a.NgramMaxRange = tfidf.Word, 1, 1 },
		"alone": func(a *recipe.Args) {
			a.Analyzer, a.NgramMinRange, a.NgramMaxRange, a.Blocks = tfidf.Word, 1, 1, nil
		},
		"norm l1": func(a *recipe.Args) { a.Blocks[0].Norm = tfidf.L1 },
		"no norm, no idf": func(a *recipe.Args) {
			a.Blocks[0].Norm, a.Blocks[0].UseIDF, a.Blocks[0].SublinearTF = tfidf.NoNorm, false, false
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := argsWithWords()
			args.NumEpochs = 5
			change(&args)
			f := fitWithVectors(t, &args, 30)
			m, err := newModel(&args, f.weights())
			if err != nil {
				t.Fatal(err)
			}
			texts := append(readTexts(t, 30), "zebra giraffe learning", "okapi", "qqq", "Zebra, okapi! Zebra; models of images")
			coefficients, intercepts := f.classifier.coefficients()
			features := f.union.features()
			matrix := f.union.transform(texts)
			moved := false
			for i, text := range texts {
				columns, values := matrix.row(i)
				var want []float64
				for k, score := range intercepts {
					for j, c := range columns {
						score += coefficients[k*features+int(c)] * values[j]
					}
					want = append(want, score)
				}
				compare(t, text, m.Scores(text), want, 1e-9)
				moved = moved || text == "okapi" && m.Scores(text)[0] != m.Scores("qqq")[0]
			}
			if !moved {
				t.Error("a word that the training text lacks has no coefficient")
			}
		})
	}
}

func TestVectorsWantWords(t *testing.T) {
	d, err := dataset.Read("testdata/labelled.csv")
	if err != nil {
		t.Fatal(err)
	}
	if d.Vectors, err = dataset.ReadVectors("testdata/vectors.txt"); err != nil {
		t.Fatal(err)
	}
	args := baseArgs()
	if _, err := label(d, &args, rand.New(rand.NewPCG(1, 1))); err == nil || !strings.Contains(err.Error(), "no block of single words") {
		t.Errorf("got error %v", err)
	}
}
