package model_test

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"tagifai/model"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// tolerance is how far a probability may be from scikit-learn's.
const tolerance = 1e-12

func readTestdata(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// texts are the awkward texts that the parity fixtures predict.
func texts(t testing.TB) []string {
	var texts []string
	readTestdata(t, "texts.json", &texts)
	return texts
}

// parityCase is a model of scikit-learn's and what it answers; see
// testdata/generate.py.
type parityCase struct {
	Name       string
	Vectorizer struct {
		Analyzer    tfidf.Analyzer
		NgramMin    int `json:"ngram_min"`
		NgramMax    int `json:"ngram_max"`
		Lowercase   bool
		Norm        tfidf.Norm
		UseIDF      bool `json:"use_idf"`
		SublinearTF bool `json:"sublinear_tf"`
		Binary      bool
	}
	Loss          linear.Loss
	Classes       []string
	NGrams        []string
	IDF           []float64
	Coefficients  [][]float64
	Intercepts    []float64
	Probabilities [][]float64
}

func parityCases(t testing.TB) []parityCase {
	var fixture struct{ Cases []parityCase }
	readTestdata(t, "parity.json", &fixture)
	if len(fixture.Cases) == 0 {
		t.Fatal("parity.json has no cases")
	}
	return fixture.Cases
}

func (c *parityCase) weights() *linear.Weights {
	w := &linear.Weights{
		Blocks: []linear.Block{{
			Vectorizer: tfidf.Vectorizer{
				Analyzer:    c.Vectorizer.Analyzer,
				NgramMin:    c.Vectorizer.NgramMin,
				NgramMax:    c.Vectorizer.NgramMax,
				Lowercase:   c.Vectorizer.Lowercase,
				Norm:        c.Vectorizer.Norm,
				UseIDF:      c.Vectorizer.UseIDF,
				SublinearTF: c.Vectorizer.SublinearTF,
				Binary:      c.Vectorizer.Binary,
			},
			Weight: 1,
			NGrams: vocabulary.New(c.NGrams...),
			IDF:    c.IDF,
		}},
		Norm:       tfidf.NoNorm,
		Links:      []linear.Link{{Loss: c.Loss, Weight: 1}},
		Classes:    c.Classes,
		Intercepts: c.Intercepts,
	}
	if v := &w.Blocks[0].Vectorizer; v.Norm == "" {
		v.Norm = tfidf.NoNorm
	}
	for _, row := range c.Coefficients {
		w.Coefficients = append(w.Coefficients, row...)
	}
	return w
}

func newModel(t testing.TB, args string, w *linear.Weights) *model.Model {
	t.Helper()
	object, err := model.ParseObject([]byte(args))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(&model.Artifact{Args: object, Weights: w})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestParity holds every analyzer, norm, tf and idf option, loss and number of
// classes against scikit-learn's own answers, as it is and after a round through the
// weights file.
func TestParity(t *testing.T) {
	texts := texts(t)
	for _, c := range parityCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			m := newModel(t, `{}`, c.weights())
			dir := filepath.Join(t.TempDir(), "run")
			if err := (&model.Artifact{Weights: c.weights()}).Write(dir, nil); err != nil {
				t.Fatal(err)
			}
			read, err := model.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			fromFile := read.PredictAll(texts)
			for i, p := range m.PredictAll(texts) {
				if d := distance(p.Probabilities, c.Probabilities[i]); !(d <= tolerance) {
					t.Errorf("%q: got %v, want %v: %g apart", texts[i], p.Probabilities, c.Probabilities[i], d)
				}
				if d := distance(fromFile[i].Probabilities, p.Probabilities); d != 0 {
					t.Errorf("%q: the model read back answers %v, want %v", texts[i], fromFile[i].Probabilities, p.Probabilities)
				}
			}
		})
	}
}

// distance is the largest difference between two vectors; NaN if one is not a
// vector of numbers like the other.
func distance(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	largest := 0.0
	for k := range a {
		d := math.Abs(a[k] - b[k])
		if math.IsNaN(d) {
			return d
		}
		largest = max(largest, d)
	}
	return largest
}

// labelledTexts are the texts of the small labelled data set, which the trainer's
// fixtures are made of.
func labelledTexts(t testing.TB) []string {
	f, err := os.Open("../internal/train/testdata/labelled.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, record := range records[1:] {
		texts = append(texts, record[0]+" "+record[1])
	}
	return texts
}
