package model_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tagifai/model"
)

// pieces cuts text into pieces of n bytes. A benchmark that is given one text again and
// again shows what the branch predictor learnt of it.
func pieces(text string, n int) []string {
	var pieces []string
	for ; len(text) >= n; text = text[n:] {
		pieces = append(pieces, text[:n])
	}
	return pieces
}

func benchmarkTag(b *testing.B, m *model.Model, texts []string) {
	b.SetBytes(int64(len(texts[0])))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Tag(texts[i%len(texts)])
	}
}

// BenchmarkTag has the lengths of a title and of a line.
func BenchmarkTag(b *testing.B) {
	m := defaultModel(b)
	text := strings.Join(labelledTexts(b), " ")
	for _, n := range []int{60, 140} {
		b.Run(fmt.Sprintf("chars=%d", n), func(b *testing.B) { benchmarkTag(b, m, pieces(text, n)) })
	}
}

// BenchmarkExplain is to be compared with BenchmarkTag.
func BenchmarkExplain(b *testing.B) {
	m := defaultModel(b)
	text := strings.Join(labelledTexts(b), " ")
	for _, n := range []int{60, 140, 10_000} {
		texts := pieces(strings.Repeat(text, 1+10*n/len(text)), n)
		b.Run(fmt.Sprintf("chars=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.Explain(texts[i%len(texts)], []int{0}, 10)
			}
		})
	}
}

// BenchmarkPredictAll predicts a hundred lines at once.
func BenchmarkPredictAll(b *testing.B) {
	m := defaultModel(b)
	texts := pieces(strings.Repeat(strings.Join(labelledTexts(b), " "), 3), 140)[:100]
	b.SetBytes(100 * 140)
	b.ReportAllocs()
	for b.Loop() {
		m.PredictAll(texts)
	}
}

// BenchmarkLength shows whether the time for a byte depends on the length of the text.
func BenchmarkLength(b *testing.B) {
	m := defaultModel(b)
	words := strings.Fields(strings.Join(labelledTexts(b), " "))
	text := proseOf(words, 1_000_000)
	for n := 100; n <= len(text); n *= 10 {
		b.Run(fmt.Sprintf("bytes=%d", n), func(b *testing.B) { benchmarkTag(b, m, pieces(text, n)) })
	}
}

// BenchmarkVocabulary shows what a text of 140 characters costs as the vocabulary grows.
func BenchmarkVocabulary(b *testing.B) {
	words := lexicon(200_000)
	ngrams := frequentNGrams(words)
	texts := pieces(proseOf(words, 1_000_000), 140)
	for n := 10_000; n <= 1_000_000; n *= 10 {
		if n > len(ngrams) {
			b.Fatalf("the lexicon has %d n-grams only", len(ngrams))
		}
		m := newModel(b, `{}`, randomWeights(ngrams[:n]))
		b.Run(fmt.Sprintf("ngrams=%d", n), func(b *testing.B) { benchmarkTag(b, m, texts) })
	}
}

// proseOf is n bytes of words, of which the first are the most frequent, as Zipf has it.
func proseOf(words []string, n int) string {
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.1, 4, uint64(len(words)-1))
	var text strings.Builder
	for text.Len() < n {
		text.WriteString(words[zipf.Uint64()])
		text.WriteByte(' ')
	}
	return text.String()[:n]
}

// lexicon is n made-up words of three to five syllables.
func lexicon(n int) []string {
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

// frequentNGrams is the n-grams of words, the most frequent ones first.
func frequentNGrams(words []string) []string {
	v := model.Vectorizer{Analyzer: model.CharWB, NgramMin: 2, NgramMax: 6}
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

func randomWeights(ngrams []string) *model.Weights {
	random := rand.New(rand.NewPCG(3, 3))
	w := &model.Weights{
		Blocks: []model.Block{{
			Vectorizer: model.Vectorizer{Analyzer: model.CharWB, NgramMin: 2, NgramMax: 6, Lowercase: true, Norm: model.L2, UseIDF: true, SublinearTF: true},
			Weight:     1,
			NGrams:     slices.Sorted(slices.Values(ngrams)),
			IDF:        make([]float64, len(ngrams)),
		}},
		Norm:         model.NoNorm,
		Links:        []model.Link{{Loss: model.LogLoss, Weight: 1}},
		Classes:      []string{"a", "b", "c", "d"},
		Coefficients: make([]float64, 4*len(ngrams)),
		Intercepts:   make([]float64, 4),
	}
	for i := range ngrams {
		w.Blocks[0].IDF[i] = 1 + 5*random.Float64()
	}
	for i := range w.Coefficients {
		w.Coefficients[i] = random.NormFloat64()
	}
	return w
}

// BenchmarkDefault loads the embedded model.
func BenchmarkDefault(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := model.Default(); err != nil {
			b.Fatal(err)
		}
	}
}
