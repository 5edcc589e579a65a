package model_test

import (
	"fmt"
	"strings"
	"testing"

	"tagifai/internal/tools/lexicon"
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
			var explanations []model.Explanation
			for i := 0; b.Loop(); i++ {
				_, explanations = m.ClassifyAndExplain(explanations, texts[i%len(texts)], nil, nil, nil, 10)
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
	text := lexicon.Prose(words, 1_000_000)
	for n := 100; n <= len(text); n *= 10 {
		b.Run(fmt.Sprintf("bytes=%d", n), func(b *testing.B) { benchmarkTag(b, m, pieces(text, n)) })
	}
}

// BenchmarkVocabulary shows what a text of 140 characters costs as the vocabulary grows.
func BenchmarkVocabulary(b *testing.B) {
	words, v := lexicon.Words(200_000), lexicon.Vectorizer(6)
	ngrams := lexicon.NGrams(v, words)
	texts := pieces(lexicon.Prose(words, 1_000_000), 140)
	for n := 10_000; n <= 1_000_000; n *= 10 {
		if n > len(ngrams) {
			b.Fatalf("the lexicon has %d n-grams only", len(ngrams))
		}
		m := newModel(b, `{}`, lexicon.Weights(v, ngrams[:n]))
		b.Run(fmt.Sprintf("ngrams=%d", n), func(b *testing.B) { benchmarkTag(b, m, texts) })
	}
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
