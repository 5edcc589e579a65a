package train

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"
	"tagifai/model/tfidf"
)

// These tests hold the fit against scikit-learn's own numbers, which
// testdata/generate.py wrote.

type fixtureVectorizer struct {
	Analyzer    tfidf.Analyzer
	NgramMin    int `json:"ngram_min"`
	NgramMax    int `json:"ngram_max"`
	Lowercase   bool
	Norm        tfidf.Norm
	UseIDF      bool `json:"use_idf"`
	SublinearTF bool `json:"sublinear_tf"`
	Binary      bool
}

func (f *fixtureVectorizer) params() tfidf.Vectorizer {
	v := tfidf.Vectorizer{
		Analyzer: f.Analyzer, NgramMin: f.NgramMin, NgramMax: f.NgramMax, Lowercase: f.Lowercase,
		Norm: f.Norm, UseIDF: f.UseIDF, SublinearTF: f.SublinearTF, Binary: f.Binary,
	}
	if v.Norm == "" {
		v.Norm = tfidf.NoNorm
	}
	return v
}

type fixture struct {
	TFIDF []struct {
		Name       string
		Vectorizer fixtureVectorizer
		Rows       int
		Vocabulary []string
		IDF        []float64
		Indptr     []int
		Indices    []int32
		Data       []float64
	}
	SGDInput struct {
		Vectorizer fixtureVectorizer
		Rows       int
		Vocabulary []string
		Labels     []string
	} `json:"sgd_input"`
	SGD []struct {
		Name         string
		Alpha        float64
		LearningRate recipe.Schedule `json:"learning_rate"`
		Eta0         float64
		PowerT       float64 `json:"power_t"`
		ClassWeight  *string `json:"class_weight"`
		Classes      []string
		After        []struct {
			Fits         int
			Coefficients [][]float64
			Intercepts   []float64
		}
	}
	Quantiles []struct {
		Values      []float64
		Q, Quantile float64
	}
}

func readFixture(t *testing.T) *fixture {
	t.Helper()
	data, err := os.ReadFile("testdata/fit.json")
	if err != nil {
		t.Fatal(err)
	}
	f := new(fixture)
	if err := json.Unmarshal(data, f); err != nil {
		t.Fatal(err)
	}
	return f
}

func readTexts(t *testing.T, rows int) []string {
	t.Helper()
	d, err := dataset.Read("testdata/labelled.csv")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, row := range d.Rows[:rows] {
		texts = append(texts, row.Text)
	}
	return texts
}

// compare fails the test where two vectors are more than tolerance apart.
func compare(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(got[i] - want[i]); !(d <= tolerance) {
			t.Fatalf("%s: number %d: got %v, want %v, %g apart", what, i, got[i], want[i], d)
		}
	}
}

func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

func TestVectorizerIsScikitLearns(t *testing.T) {
	f := readFixture(t)
	if len(f.TFIDF) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range f.TFIDF {
		t.Run(c.Name, func(t *testing.T) {
			texts := readTexts(t, c.Rows)
			v, matrix := fitVectorizer(c.Vectorizer.params(), texts)
			if diff := cmp.Diff(v.ngrams, c.Vocabulary); diff != "" {
				t.Fatalf("vocabulary (-got +want):\n%s", diff)
			}
			compare(t, "idf", v.idf, c.IDF, 1e-12)
			for _, matrix := range []*rows{matrix, v.transform(texts)} {
				if diff := cmp.Diff(matrix.ends, c.Indptr[1:]); diff != "" {
					t.Errorf("ends of the rows (-got +want):\n%s", diff)
				}
				if diff := cmp.Diff(matrix.columns, c.Indices); diff != "" {
					t.Errorf("columns (-got +want):\n%s", diff)
				}
				compare(t, "values", matrix.values, c.Data, 1e-12)
			}
		})
	}
}

func TestClassifierIsScikitLearns(t *testing.T) {
	f := readFixture(t)
	_, all := fitVectorizer(f.SGDInput.Vectorizer.params(), readTexts(t, f.SGDInput.Rows))
	for _, c := range f.SGD {
		t.Run(c.Name, func(t *testing.T) {
			var labels, order []int // of the rows whose class takes part
			for i, tag := range f.SGDInput.Labels {
				label := slices.Index(c.Classes, tag)
				labels = append(labels, label)
				if label >= 0 {
					order = append(order, i)
				}
			}
			taking := make([]int, 0, len(order))
			for _, i := range order {
				taking = append(taking, labels[i])
			}
			args := &recipe.Args{Alpha: c.Alpha, LearningRate: c.Eta0, PowerT: c.PowerT, Schedule: c.LearningRate, Balance: recipe.Unbalanced}
			if c.ClassWeight != nil {
				args.Balance = recipe.ClassWeights
			}
			classifier := newClassifier(args, len(f.SGDInput.Vocabulary), taking, len(taking), len(c.Classes))
			fits := 0
			for _, after := range c.After {
				for ; fits < after.Fits; fits++ {
					classifier.epoch(all, labels, ones(len(labels)), order)
				}
				coefficients, intercepts := classifier.coefficients()
				compare(t, "coefficients", coefficients, slices.Concat(after.Coefficients...), 1e-9)
				compare(t, "intercepts", intercepts, after.Intercepts, 1e-9)
			}
		})
	}
}

func TestQuantileIsNumpys(t *testing.T) {
	for _, c := range readFixture(t).Quantiles {
		sorted := slices.Sorted(slices.Values(c.Values))
		if got := quantile(sorted, c.Q); math.Abs(got-c.Quantile) > 1e-12 {
			t.Errorf("%v-quantile of %v: got %v, want %v", c.Q, c.Values, got, c.Quantile)
		}
	}
}

// baseArgs returns the value of every argument that args.json leaves out.
func baseArgs() recipe.Args { return parseArgs("{}") }

// baseBlock returns the value of every argument that a block leaves out.
func baseBlock() recipe.Block { return parseArgs(`{"blocks": [{}]}`).Blocks[0] }

func parseArgs(text string) recipe.Args {
	args, err := recipe.Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	return args
}
