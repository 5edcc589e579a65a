package model_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"tagifai/model"
	"tagifai/model/linear"
)

// A twin is a model and the weights it was made of.
type twin struct {
	name    string
	model   *model.Model
	weights *linear.Weights
	columns []map[string]int // of each n-gram of each block
}

func newTwin(name string, m *model.Model, w *linear.Weights) *twin {
	twin := &twin{name: name, model: m, weights: w}
	for i := range w.Blocks {
		columns := make(map[string]int)
		for column, ngram := range w.Blocks[i].NGrams.All() {
			columns[ngram] = column
		}
		twin.columns = append(twin.columns, columns)
	}
	return twin
}

// check compares what the model answers to text with what the naive twin does.
func (twin *twin) check(t *testing.T, text string) {
	t.Helper()
	p := twin.model.Predict(text)
	want, scores := twin.naive(text)
	shown := text
	if len(shown) > 200 {
		shown = shown[:200] + "…"
	}
	if d := distance(p.Probabilities, want); !(d <= tolerance) {
		t.Errorf("%s, %q (%d bytes): got %v, the naive twin says %v: %g apart", twin.name, shown, len(text), p.Probabilities, want, d)
	}
	if twin.plain() {
		if len(scores) == 1 {
			scores = []float64{-scores[0], scores[0]}
		}
		largest := max(1, math.Abs(slices.Max(scores)), math.Abs(slices.Min(scores)))
		if d := distance(p.Scores, scores); !(d <= tolerance*largest) {
			t.Errorf("%s, %q (%d bytes): got the scores %v, the naive twin says %v: %g apart", twin.name, shown, len(text), p.Scores, scores, d)
		}
	}
	if tag := twin.model.Tag(text); tag != p.Tag {
		t.Errorf("%s, %q (%d bytes): Tag says %q, Predict %q", twin.name, shown, len(text), tag, p.Tag)
	}
}

// plain reports whether the scores of the rows are those of the classes.
func (twin *twin) plain() bool {
	links := twin.weights.Links
	return len(links) == 1 && links[0].Calibrators == nil && links[0].Loss != linear.OneVsOne
}

func twins(t testing.TB) []*twin {
	var twins []*twin
	unusual := unusualWeights(t)
	for _, name := range slices.Sorted(maps.Keys(unusual)) { // a fuzz target counts on the order
		w := unusual[name]
		twins = append(twins, newTwin(name, newModel(t, `{}`, w), w))
	}
	for _, c := range parityCases(t) {
		w := c.weights()
		twins = append(twins, newTwin(c.Name, newModel(t, `{}`, w), w))
	}
	many := parityCases(t)[0].weights() // more classes than go by fours
	for range 2 {
		many.Coefficients = append(many.Coefficients, many.Coefficients...)
		many.Intercepts = append(many.Intercepts, many.Intercepts...)
	}
	many.Classes = strings.Split("abcdefghij", "")
	many.Coefficients = many.Coefficients[:many.Rows()*many.Features()]
	many.Intercepts = many.Intercepts[:many.Rows()]
	twins = append(twins, newTwin("ten classes", newModel(t, `{}`, many), many))
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return append(twins, newTwin("default", m, a.Weights))
}

// FuzzPredict holds the trie against the naive twin, for every parity case and the
// default model, on any string.
func FuzzPredict(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text)
	}
	for _, text := range labelledTexts(f) {
		f.Add(text)
	}
	f.Add("broken \xff\xfe UTF-8 \xe2\x82 \xed\xa0\x80 \xc0\x80")
	f.Add(strings.Repeat("Σ", 50) + strings.Repeat("a b ", 100))
	twins := twins(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, twin := range twins {
			twin.check(t, text)
		}
	})
}

// TestLength holds texts of lengths at which something else begins in the fast path,
// or has to have begun, against the naive twin: few distinct n-grams and many, ASCII
// and not.
func TestLength(t *testing.T) {
	pieces := map[string]string{
		"one letter":  "a",
		"one word":    "learning ",
		"all texts":   strings.Join(texts(t), "\n"),
		"data set":    strings.Join(labelledTexts(t), "\n"),
		"not ASCII":   "Σίσυφος ΟΔΟΣ \u2003 İstanbul ",
		"only spaces": " \t",
	}
	lengths := []int{1, 2, 3, 7, 8, 9, 255, 256, 509, 510, 511, 512, 513, 1024, 1025, 4097}
	for _, twin := range twins(t) {
		t.Run(twin.name, func(t *testing.T) {
			for _, piece := range pieces {
				long := strings.Repeat(piece, 1+lengths[len(lengths)-1]/len(piece))
				for _, n := range lengths {
					twin.check(t, long[:n])
				}
			}
			twin.check(t, strings.Repeat("a", math.MaxUint16+10)) // more than narrow counters hold
		})
	}
}
