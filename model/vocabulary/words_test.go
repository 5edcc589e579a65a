package vocabulary

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tagifai/model/tfidf"
)

// TestWordTable holds a table of words of all sizes, many of which share their beginning or
// their end, against a map of them.
func TestWordTable(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	number := make(map[string]uint32)
	var words []string
	for range 30_000 {
		word := strings.Repeat("a", random.IntN(12)) + fmt.Sprint(random.IntN(1000)) + strings.Repeat("中", random.IntN(3)) + strings.Repeat("b", random.IntN(12))
		words = append(words, word)
	}
	words = append(words, "a", "é", "中", "😀", "ab", "éa", "a\x00", "a\x00\x00")
	slices.Sort(words)
	words = slices.Compact(words)
	for i, word := range words {
		if utf8.RuneCountInString(word) > 1 { // others are on no tape as words
			number[word] = uint32(i + 1)
		}
	}
	from := &Source{
		Vectorizer:   tfidf.Vectorizer{Analyzer: tfidf.Word, NgramMin: 1, NgramMax: 1, Norm: tfidf.L2},
		NGrams:       New(words...),
		Coefficients: make([]float64, len(words)),
		Rows:         1,
		Stride:       len(words),
	}
	table := NewWordTable(from)
	for _, word := range words {
		for _, of := range []string{word, word[:len(word)-1], word + "b", "a" + word, word + "\x00"} {
			if got := table.find(wordHead([]byte(of)), []byte(of)); got != number[of] {
				t.Fatalf("%q is number %d, want %d", of, got, number[of])
			}
		}
	}
}

// TestRuneSize holds runeSize against package utf8.
func TestRuneSize(t *testing.T) {
	for r := range rune(utf8.MaxRune + 1) {
		if text := string(r); int(runeSize(text[0])) != len(text) {
			t.Fatalf("%q has %d bytes, want %d", r, runeSize(text[0]), len(text))
		}
	}
}
