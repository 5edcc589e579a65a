package model_test

import (
	"slices"
	"testing"

	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// unionOf puts the blocks of several weights of as many classes behind one another.
func unionOf(outer tfidf.Norm, link linear.Link, of ...*linear.Weights) *linear.Weights {
	union := &linear.Weights{Norm: outer, Links: []linear.Link{link}, Classes: of[0].Classes}
	for i, w := range of {
		b := w.Blocks[0]
		b.Weight = 1.5 - float64(i)/2
		union.Blocks = append(union.Blocks, b)
	}
	union.Intercepts = of[0].Intercepts[:union.Rows()]
	for k := range union.Intercepts {
		for _, w := range of {
			n := w.Features()
			union.Coefficients = append(union.Coefficients, w.Coefficients[k*n:][:n]...)
		}
	}
	return union
}

// unusualWeights are those that version 1 of the weights file cannot hold: unions,
// filters of words, and links.
func unusualWeights(t testing.TB) map[string]*linear.Weights {
	t.Helper()
	byAnalyzer := make(map[tfidf.Analyzer]func() *linear.Weights) // of four classes
	for _, c := range parityCases(t) {
		if v := c.weights().Blocks[0].Vectorizer; len(c.Classes) == 4 && v.Norm == tfidf.L2 && v.Lowercase {
			byAnalyzer[v.Analyzer] = c.weights
		}
	}
	weights := func(analyzer tfidf.Analyzer, change func(w *linear.Weights, v *tfidf.Vectorizer)) *linear.Weights {
		w := byAnalyzer[analyzer]()
		change(w, &w.Blocks[0].Vectorizer)
		return w
	}
	link := func(links ...linear.Link) *linear.Weights {
		return weights(tfidf.CharWB, func(w *linear.Weights, _ *tfidf.Vectorizer) {
			w.Links = links
			var coefficients, intercepts []float64
			for len(intercepts) < w.Rows() {
				coefficients, intercepts = append(coefficients, w.Coefficients...), append(intercepts, w.Intercepts...)
			}
			w.Intercepts = intercepts[:w.Rows()]
			w.Coefficients = coefficients[:w.Rows()*w.Features()]
		})
	}
	plain := linear.Link{Loss: linear.LogLoss, Weight: 1}
	none := func(w *linear.Weights) *linear.Weights {
		w.Blocks[0].Vectorizer.Norm = tfidf.NoNorm
		return w
	}
	words := func() *linear.Weights { // single ones, which a table finds
		return weights(tfidf.Word, func(w *linear.Weights, v *tfidf.Vectorizer) {
			v.NgramMin, v.NgramMax = 1, 1
			if !slices.Contains(w.Blocks[0].NGrams.Strings(), "a") {
				t.Fatal("the vocabulary lacks a word of one letter, which is not met")
			}
		})
	}
	char, wb, word := byAnalyzer[tfidf.Char], byAnalyzer[tfidf.CharWB], byAnalyzer[tfidf.Word]
	sigmoids := []linear.Calibrator{{Slope: -1, Offset: .5}, {Slope: -2}, {Offset: 3}, {Slope: 4, Offset: -1}}
	points := []linear.Calibrator{
		{X: []float64{-1, 0, 2}, Y: []float64{0, .25, 1}}, {X: []float64{.5}, Y: []float64{.5}},
		{X: []float64{.1, .3}, Y: []float64{0, 0}}, {X: []float64{-3, 3}, Y: []float64{1, 0}},
	}
	return map[string]*linear.Weights{
		"union":                            unionOf(tfidf.NoNorm, plain, wb(), word()),
		"union of three, l2":               unionOf(tfidf.L2, plain, wb(), word(), char()),
		"words behind char_wb":             unionOf(tfidf.NoNorm, plain, wb(), words()),
		"words behind char and each other": unionOf(tfidf.NoNorm, plain, char(), words(), words()),
		"words before char":                unionOf(tfidf.NoNorm, plain, words(), char()),
		"union, l2 of what has none":       unionOf(tfidf.L2, plain, none(wb()), word()),
		"union, l1 of what has none":       unionOf(tfidf.L1, plain, none(wb()), none(char())),
		"stop words":                       weights(tfidf.Word, func(_ *linear.Weights, v *tfidf.Vectorizer) { v.StopWords = []string{"for", "learning", "the"} }),
		"accents, unicode":                 weights(tfidf.CharWB, func(_ *linear.Weights, v *tfidf.Vectorizer) { v.StripAccents = tfidf.Unicode }),
		"accents, ascii":                   weights(tfidf.Word, func(_ *linear.Weights, v *tfidf.Vectorizer) { v.StripAccents = tfidf.ASCII }),
		"a run of characters":              weights(tfidf.Word, func(_ *linear.Weights, v *tfidf.Vectorizer) { v.TokenPattern = `\S+` }),
		"a compiled pattern":               weights(tfidf.Word, func(_ *linear.Weights, v *tfidf.Vectorizer) { v.TokenPattern = `\b[a-z]+\b` }),
		"no loss":                          link(linear.Link{Loss: linear.NoLoss, Weight: 1}),
		"one against one":                  link(linear.Link{Loss: linear.OneVsOne, Weight: 1}),
		"sigmoids":                         link(linear.Link{Loss: linear.NoLoss, Weight: 1, Calibrators: sigmoids}),
		"points":                           link(linear.Link{Loss: linear.Multinomial, Weight: 1, Calibrators: points}),
		"three links": link(
			linear.Link{Loss: linear.Multinomial, Weight: 2}, linear.Link{Loss: linear.ModifiedHuber, Weight: .5},
			linear.Link{Loss: linear.NoLoss, Weight: 1, Calibrators: points},
		),
	}
}
