package train

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"tagifai/model"
)

// fitWithVectors fits a recipe with vectors on the labelled test data.
func fitWithVectors(t *testing.T, args *Args, rows int) *fit {
	t.Helper()
	d, err := ReadDataset("testdata/labelled.csv")
	if err != nil {
		t.Fatal(err)
	}
	d.Rows = d.Rows[:rows]
	if d.Vectors, err = ReadVectors("testdata/vectors.txt"); err != nil {
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

func argsWithWords() Args {
	args := baseArgs()
	args.NgramMaxRange, args.MinFreq, args.Shuffle = 2, 0, false
	args.Blocks = []Block{baseBlock()}
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
	if got := len(weights.Blocks[1].NGrams); got != want.Vocabulary {
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
	for name, change := range map[string]func(*Args){
		"beside characters": func(*Args) {},
		"words first":       func(a *Args) { a.Analyzer, a.NgramMinRange, a.NgramMaxRange = model.Word, 1, 1 },
		"alone": func(a *Args) {
			a.Analyzer, a.NgramMinRange, a.NgramMaxRange, a.Blocks = model.Word, 1, 1, nil
		},
		"norm l1": func(a *Args) { a.Blocks[0].Norm = model.L1 },
		"no norm, no idf": func(a *Args) {
			a.Blocks[0].Norm, a.Blocks[0].UseIDF, a.Blocks[0].SublinearTF = model.NoNorm, false, false
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

func TestReadVectors(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("1 ", maxVectorLine/2+1)
	for _, c := range []struct {
		name, text string
		words      int
		wantErr    string
	}{
		{name: "GloVe", text: "deep 1 2\nlearning 3 4\n", words: 2},
		{name: "word2vec", text: "2 2\ndeep 1 2\nlearning 3 4\n", words: 2},
		{name: "no newline at the end, tabs", text: "deep\t1\t2\nlearning 3 4", words: 2},
		{name: "a word twice", text: "deep 1 2\ndeep 3 4\nlearning 3 4\n", words: 2},
		{name: "a word with a space", text: "deep 1 2\nnew york 3 4\n", words: 2},
		{name: "empty", text: "", wantErr: ":1: no vectors"},
		{name: "header alone", text: "0 2\n", wantErr: "no vectors"},
		{name: "cut off", text: "3 2\ndeep 1 2\nlearning 3 4\n", wantErr: ":3: the file ends 1 words before"},
		{name: "a number is missing", text: "2 2\ndeep 1 2\nlearning 3\n", wantErr: ":3: 2 fields; a word and 2 numbers"},
		{name: "not a number", text: "deep 1 2\nlearning 3 x\n", wantErr: `:2: "x" is not a number`},
		{name: "NaN", text: "deep 1 2\nlearning 3 NaN\n", wantErr: `:2: "NaN" is not a number`},
		{name: "blank line", text: "deep 1 2\n\nlearning 3 4\n", wantErr: ":2: 0 fields"},
		{name: "word alone", text: "deep\n", wantErr: ":1: 1 fields"},
		{name: "binary word2vec", text: "2 2\ndeep \x00\x00\x80\x3f\x00\x00\x00\x40\n", wantErr: ":2: "},
		{name: "long line", text: "deep 1 2\n" + long, wantErr: ":2: longer than"},
		{name: "too many dimensions", text: "1 5000\n", wantErr: ":1: 5000 dimensions"},
	} {
		for _, zipped := range []bool{false, true} {
			name := c.name
			data := []byte(c.text)
			if zipped {
				name += ", gzip"
				var b bytes.Buffer
				w := gzip.NewWriter(&b)
				_, _ = w.Write(data)
				_ = w.Close()
				data = b.Bytes()
			}
			t.Run(name, func(t *testing.T) {
				file := filepath.Join(dir, "vectors")
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
				v, err := ReadVectors(file)
				if c.wantErr != "" {
					if err == nil || !strings.Contains(err.Error(), file+":") || !strings.Contains(err.Error(), c.wantErr) {
						t.Fatalf("got error %v, want %q", err, c.wantErr)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if v.Words() != c.words || v.Dimensions != 2 {
					t.Errorf("got %d words of %d dimensions, want %d of 2", v.Words(), v.Dimensions, c.words)
				}
			})
		}
	}
}

func TestVectorsWantWords(t *testing.T) {
	d, err := ReadDataset("testdata/labelled.csv")
	if err != nil {
		t.Fatal(err)
	}
	if d.Vectors, err = ReadVectors("testdata/vectors.txt"); err != nil {
		t.Fatal(err)
	}
	args := baseArgs()
	if _, err := label(d, &args, rand.New(rand.NewPCG(1, 1))); err == nil || !strings.Contains(err.Error(), "no block of single words") {
		t.Errorf("got error %v", err)
	}
}
