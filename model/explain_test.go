package model_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tagifai/model"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// naiveWeights returns what each n-gram of text adds to the scores of the rows, as the
// definition reads, and how often the text has it. Blocks share the n-grams of a name.
func (twin *twin) naiveWeights(text string) (weights map[string][]float64, counts map[string]int) {
	w := twin.weights
	weights, counts = make(map[string][]float64), make(map[string]int)
	outer, column := 0.0, 0
	for i := range w.Blocks {
		b := &w.Blocks[i]
		for of, x := range naiveVector(b, twin.columns[i], text) {
			outer += power(w.Norm, x)
			name := b.NGrams.At(of)
			if weights[name] == nil {
				weights[name] = make([]float64, w.Rows())
			}
			for k := range weights[name] {
				weights[name][k] += x * w.Coefficients[k*w.Features()+column+of]
			}
		}
		for ngram := range b.Vectorizer.NGrams(text) {
			if _, known := twin.columns[i][string(ngram)]; known {
				counts[string(ngram)]++
			}
		}
		column += b.NGrams.Len()
	}
	for _, rows := range weights {
		for k := range rows {
			rows[k] /= root(w.Norm, outer)
		}
	}
	return weights, counts
}

// naiveClass returns what the scores of the rows make of a class.
func (twin *twin) naiveClass(rows []float64, class int) float64 {
	classes, links := len(twin.weights.Classes), twin.weights.Links
	score, weights := 0.0, 0.0
	for _, l := range links {
		switch {
		case classes == 2:
			score += l.Weight * rows[0] * float64(2*class-1)
			rows = rows[1:]
		case l.Loss == linear.OneVsOne:
			for a := range classes {
				for b := a + 1; b < classes; b++ {
					if a == class {
						score -= l.Weight * rows[0]
					}
					if b == class {
						score += l.Weight * rows[0]
					}
					rows = rows[1:]
				}
			}
		default:
			score += l.Weight * rows[class]
			rows = rows[classes:]
		}
		weights += l.Weight
	}
	return score / weights
}

// checkExplanation holds the explanations of text against both identities and the naive
// twin.
func (twin *twin) checkExplanation(t *testing.T, text string, top int) {
	t.Helper()
	_, rows := twin.naive(text)
	weights, counts := twin.naiveWeights(text)
	classes := make([]int, len(twin.weights.Classes))
	for k := range classes {
		classes[k] = k
	}
	characters := utf8.RuneCountInString(text)
	_, explanations := twin.model.ClassifyAndExplain(nil, text, nil, nil, classes, top)
	explained := make([]int, len(explanations))
	for i, e := range explanations {
		class := e.Class
		explained[i] = class
		score := twin.naiveClass(rows, class)
		size := max(1, math.Abs(score))
		near := func(what string, got, want float64) {
			t.Helper()
			if d := math.Abs(got - want); !(d <= 1e-9*size) {
				t.Errorf("%s, class %d of %.200q: %s is %v, want %v: %g apart", twin.name, class, text, what, got, want, d)
			}
		}
		for _, rows := range weights {
			size += math.Abs(twin.naiveClass(rows, class))
		}
		near("score", e.Score, score)
		near("intercept", e.Intercept, twin.naiveClass(twin.weights.Intercepts, class))

		sum := e.Intercept + e.Remaining.Positive + e.Remaining.Negative
		seen, times, least := make(map[string]float64), make(map[string]int), math.Inf(1)
		for _, n := range e.NGrams {
			sum += n.Weight
			if math.Abs(n.Weight) > least {
				t.Errorf("%s, class %d of %.200q: %v comes behind a smaller weight, %v", twin.name, class, text, n, least)
			}
			least = math.Abs(n.Weight)
			seen[n.NGram] += n.Weight
			times[n.NGram] += n.Count
		}
		near("intercept + n-grams + remaining", sum, score)
		if len(e.NGrams) > top {
			t.Errorf("%s, class %d of %.200q: %d n-grams, at most %d were wanted", twin.name, class, text, len(e.NGrams), top)
		}
		if len(e.NGrams) < top { // all of them
			near("remaining, positive", e.Remaining.Positive, 0)
			near("remaining, negative", e.Remaining.Negative, 0)
			for ngram, rows := range weights {
				if want := twin.naiveClass(rows, class); math.Abs(seen[ngram]-want) > 1e-9*size {
					t.Errorf("%s, class %d of %.200q: %q weighs %v, want %v", twin.name, class, text, ngram, seen[ngram], want)
				}
			}
			for ngram, n := range times {
				if n != counts[ngram] && len(twin.weights.Blocks) == 1 {
					t.Errorf("%s, class %d of %.200q: %q occurs %d times, want %d", twin.name, class, text, ngram, n, counts[ngram])
				}
			}
			if v := &twin.weights.Blocks[0].Vectorizer; len(twin.weights.Blocks) == 1 && v.Analyzer != tfidf.Word {
				got := make([]float64, characters)
				for _, s := range e.Spans {
					for i := s.Start; i < s.End; i++ {
						got[i] = s.Weight / float64(s.End-s.Start)
					}
				}
				for i, want := range naiveCharacters(t, v, text, e.NGrams) {
					near(fmt.Sprintf("the weight of character %d", i), got[i], want)
				}
			}
		}

		sum = e.Intercept
		end := 0
		for _, s := range e.Spans {
			sum += s.Weight
			if s.Start < end || s.End <= s.Start || s.End > characters {
				t.Errorf("%s, class %d of %.200q: span %v of %d characters, behind one up to %d", twin.name, class, text, s, characters, end)
			}
			end = s.End
		}
		near("intercept + spans", sum, score)
	}
	if slices.Sort(explained); !slices.Equal(explained, classes) {
		t.Errorf("%s, %.200q: the classes %v are explained, want each of %v once", twin.name, text, explained, classes)
	}
}

// naiveCharacters returns what each character adds, as the definition reads, of the weights of
// all n-grams that are characters.
func naiveCharacters(t *testing.T, v *tfidf.Vectorizer, text string, ngrams []model.NGramWeight) []float64 {
	t.Helper()
	r, err := tfidf.NewReader(*v)
	if err != nil {
		t.Fatal(err)
	}
	var tape, a, b tfidf.Aligned
	r.Align(&tape, &a, &b, text)
	characters := make([]float64, utf8.RuneCountInString(text))
	for _, n := range ngrams {
		found := 0
		for start := range tape.Text {
			if !strings.HasPrefix(string(tape.Text[start:]), n.NGram) {
				continue
			}
			found++
			of := slices.Compact(slices.Clone(tape.From[start:][:len(n.NGram)]))
			for _, character := range of {
				characters[character] += n.Weight / float64(n.Count) / float64(len(of))
			}
		}
		if found != n.Count {
			t.Errorf("%q of %.200q: found %d times, want %d", n.NGram, text, found, n.Count)
		}
	}
	return characters
}

// FuzzExplain holds that explanations add up, and are what the naive twin says.
func FuzzExplain(f *testing.F) {
	for i, text := range texts(f) {
		f.Add(text, uint16(10), uint8(i))
	}
	f.Add("İstanbul ΣΑΣ ﬁt ½ Å 각 don't http://x.yz/a_b runs running", uint16(1000), uint8(0))
	f.Add("broken \xff\xfe UTF-8 \xe2\x82 \xed\xa0\x80 \xc0\x80", uint16(0), uint8(1))
	f.Add(strings.Repeat("deep learning, ", 300), uint16(3), uint8(2))
	twins := twins(f)
	f.Fuzz(func(t *testing.T, text string, top uint16, which uint8) {
		text = text[:min(len(text), 500)] // the naive twin is slow
		twins[int(which)%len(twins)].checkExplanation(t, text, int(top))
	})
}

// TestExplain does so for every kind of model.
func TestExplain(t *testing.T) {
	for _, twin := range twins(t) {
		t.Run(twin.name, func(t *testing.T) {
			for i, text := range texts(t) {
				twin.checkExplanation(t, text[:min(len(text), 500)], []int{10, 0, 1000}[i%3])
			}
			// A long text is counted in another way, and the next one must not see it.
			for _, text := range []string{strings.Repeat("Deep learning, ", 60), "deep learning", strings.Repeat("x deep ", 120), "a deep sea"} {
				twin.checkExplanation(t, text, 1000)
			}
		})
	}
}

// TestSpans holds that the weights stand where the text has them.
func TestSpans(t *testing.T) {
	// One word weighs 1 in favour of the second class, another takes off 1/2.
	weights := func(analyzer tfidf.Analyzer, change func(*tfidf.Vectorizer), ngrams ...string) *linear.Weights {
		v := tfidf.Vectorizer{Analyzer: analyzer, NgramMin: 1, NgramMax: 9, Lowercase: true, Norm: tfidf.NoNorm}
		change(&v)
		w := &linear.Weights{
			Blocks: []linear.Block{{Vectorizer: v, Weight: 1, NGrams: vocabulary.New(ngrams...)}}, Norm: tfidf.NoNorm,
			Links:      []linear.Link{{Loss: linear.LogLoss, Weight: 1}},
			Classes:    []string{"no", "yes"},
			Intercepts: []float64{0.25},
		}
		for i := range ngrams {
			w.Coefficients = append(w.Coefficients, 1-1.5*float64(i))
		}
		return w
	}
	plain := func(*tfidf.Vectorizer) {}
	tests := []struct {
		name    string
		weights *linear.Weights
		text    string
		want    []model.Span
	}{
		{"words", weights(tfidf.Word, plain, "deep", "shallow"), "a deep, shallow deep sea", []model.Span{{2, 6, 1}, {8, 15, -0.5}, {16, 20, 1}}},
		{"two words with one between them", weights(tfidf.Word, func(v *tfidf.Vectorizer) { v.StopWords = []string{"the"} }, "in sea"),
			"in the sea", []model.Span{{0, 2, 0.4}, {7, 10, 0.6}}},
		{"a lower case of two code points", weights(tfidf.Char, plain, "i\u0307s"), "xİSx", []model.Span{{1, 3, 1}}},
		{"part of a word", weights(tfidf.CharWB, plain, " sea "), "a\t sea!sea \n", nil},
		{"a word at the ends of the text", weights(tfidf.CharWB, plain, " sea "), "sea", []model.Span{{0, 3, 1}}},
		{"a word between blanks", weights(tfidf.CharWB, plain, " sea "), "a\t sea \nb", []model.Span{{2, 7, 1}}},
		{"padding alone", weights(tfidf.CharWB, plain, " "), "a  b", []model.Span{{0, 4, 4}}},
		{"runs of blanks", weights(tfidf.Char, plain, "a b"), "a \n\t b", []model.Span{{0, 2, 2. / 3}, {5, 6, 1. / 3}}},
		{"a stem", weights(tfidf.Word, func(v *tfidf.Vectorizer) { v.Clean, v.Stem = true, true }, "run"), "I am running", []model.Span{{5, 8, 1}}},
		{"a link", weights(tfidf.Word, func(v *tfidf.Vectorizer) { v.Clean = true }, "seahttp", "sea"), "the seahttps sea", []model.Span{{4, 7, -0.5}, {13, 16, -0.5}}},
		{"accents", weights(tfidf.Char, func(v *tfidf.Vectorizer) { v.StripAccents = tfidf.Unicode }, "fio"), "eﬁÓ", []model.Span{{1, 3, 1}}},
		{"what is no UTF-8", weights(tfidf.Char, plain, "\ufffda"), "\xff\xffa", []model.Span{{1, 3, 1}}},
		{"nothing known", weights(tfidf.Word, plain, "deep"), "shallow", nil},
		{"no text", weights(tfidf.CharWB, plain, "a"), "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newModel(t, `{}`, test.weights)
			var of [2]model.Explanation
			_, explanations := m.ClassifyAndExplain(nil, test.text, nil, nil, []int{0, 1}, 10)
			for _, e := range explanations {
				of[e.Class] = e
			}
			against, e := of[0], of[1]
			approximately := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
			if diff := cmp.Diff(e.Spans, test.want, approximately, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("spans of %q (-got +want):\n%s", test.text, diff)
			}
			if got := against.Score; got != -e.Score || against.Intercept != -0.25 {
				t.Errorf("the other class: score %v with intercept %v, want the opposite of %v with -0.25", got, against.Intercept, e.Score)
			}
		})
	}
}

// TestClassifyAndExplain holds that it answers as Classify does, and explains the classes of
// the answer first, and each once.
func TestClassifyAndExplain(t *testing.T) {
	m := defaultModel(t)
	n := len(m.Classes())
	for _, text := range texts(t) {
		wantProbabilities, wantScores := make([]float64, n), make([]float64, n)
		want := m.Classify(text, wantProbabilities, wantScores)
		probabilities, scores := make([]float64, n), make([]float64, n)
		got, explanations := m.ClassifyAndExplain(nil, text, probabilities, scores, []int{want.Class, 2}, 3)
		if got != want || !slices.Equal(probabilities, wantProbabilities) || !slices.Equal(scores, wantScores) {
			t.Errorf("%.100q: got %v, %v and %v, want %v, %v and %v", text, got, probabilities, scores, want, wantProbabilities, wantScores)
		}
		var explained, classes []int
		for _, class := range []int{want.Class, want.Best, 2} {
			if !slices.Contains(classes, class) {
				classes = append(classes, class)
			}
		}
		for _, e := range explanations {
			explained = append(explained, e.Class)
			if e.Score != scores[e.Class] {
				t.Errorf("%.100q: the score of class %d is %v, and explained %v", text, e.Class, scores[e.Class], e.Score)
			}
		}
		if !slices.Equal(explained, classes) {
			t.Errorf("%.100q: the classes %v are explained, want %v", text, explained, classes)
		}
	}
}

// TestExplainDoesNotRemember holds that nothing of one text is left in the explanation of
// another.
func TestExplainDoesNotRemember(t *testing.T) {
	m := defaultModel(t)
	explain := func(text string) []model.Explanation {
		_, explanations := m.ClassifyAndExplain(nil, text, nil, nil, []int{0, 3}, 5)
		return explanations
	}
	want := explain("Transfer learning with BERT")
	explain(strings.Repeat("Attention is all you need. ", 500))
	if diff := cmp.Diff(explain("Transfer learning with BERT"), want); diff != "" {
		t.Errorf("after another text (-got +want):\n%s", diff)
	}
	if got := len(want[0].NGrams); got != 5 {
		t.Errorf("got %d n-grams, want 5", got)
	}
}
