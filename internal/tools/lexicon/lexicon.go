// Package lexicon makes up words, prose of them, and models with as many of their n-grams
// as are wanted, so that what a vocabulary costs can be measured at any size.
package lexicon

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"tagifai/model/linear"
	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// Prose is n bytes of words, of which the first are the most frequent, as Zipf has it.
func Prose(words []string, n int) string {
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.1, 4, uint64(len(words)-1))
	var text strings.Builder
	for text.Len() < n {
		text.WriteString(words[zipf.Uint64()])
		text.WriteByte(' ')
	}
	return text.String()[:n]
}

// Words is n made-up words of three to five syllables.
func Words(n int) []string {
	random := rand.New(rand.NewPCG(2, 2))
	pick := func(letters string) string { // the first ones more often
		i := int(random.Float64() * random.Float64() * float64(len(letters)))
		return letters[i : i+1]
	}
	words := make([]string, n)
	for i := range words {
		for range 3 + random.IntN(3) {
			words[i] += pick("tnsrldcmpfgbvhkwyzxjq") + pick("eaiouytrnlshmdk")
			if random.IntN(2) == 0 {
				words[i] += pick("nsrtldmcp")
			}
		}
	}
	return words
}

// Vectorizer is of n-grams of 2 to so many characters, within words.
func Vectorizer(ngramMax int) tfidf.Vectorizer {
	return tfidf.Vectorizer{Analyzer: tfidf.CharWB, NgramMin: 2, NgramMax: ngramMax, Lowercase: true, Norm: tfidf.L2, UseIDF: true, SublinearTF: true}
}

// NGrams is the n-grams of words, the most frequent ones first.
func NGrams(v tfidf.Vectorizer, words []string) []string {
	frequencies := make(map[string]float64)
	for rank, word := range words {
		for ngram := range v.NGrams(word) {
			frequencies[string(ngram)] += 1 / float64(rank+4)
		}
	}
	type entry struct {
		ngram     string
		frequency float64
	}
	entries := make([]entry, 0, len(frequencies))
	for ngram, frequency := range frequencies {
		entries = append(entries, entry{ngram, frequency})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.frequency, a.frequency), cmp.Compare(a.ngram, b.ngram))
	})
	ngrams := make([]string, len(entries))
	for i, e := range entries {
		ngrams[i] = e.ngram
	}
	return ngrams
}

// Weights is a model of four classes with these n-grams, the most frequent ones first, and
// random coefficients. An idf is that of words that are as frequent as Zipf has it.
func Weights(v tfidf.Vectorizer, ngrams []string) *linear.Weights {
	random := rand.New(rand.NewPCG(3, 3))
	w := &linear.Weights{
		Blocks: []linear.Block{{
			Vectorizer: v,
			Weight:     1,
			NGrams:     vocabulary.New(slices.Sorted(slices.Values(ngrams))...),
			IDF:        make([]float64, len(ngrams)),
		}},
		Norm:         tfidf.NoNorm,
		Links:        []linear.Link{{Loss: linear.LogLoss, Weight: 1}},
		Classes:      []string{"a", "b", "c", "d"},
		Coefficients: make([]float64, 4*len(ngrams)),
		Intercepts:   make([]float64, 4),
	}
	ranks := make(map[string]int, len(ngrams))
	for rank, ngram := range ngrams {
		ranks[ngram] = rank
	}
	for i, ngram := range w.Blocks[0].NGrams.Strings() {
		w.Blocks[0].IDF[i] = 1 + math.Log(float64(1+ranks[ngram]))
	}
	for i := range w.Coefficients {
		w.Coefficients[i] = random.NormFloat64()
	}
	return w
}
