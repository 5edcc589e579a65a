package vocabulary

import (
	"slices"
	"testing"

	"tagifai/model/tfidf"
)

// TestStamps holds that sums stay the same where the stamps begin again.
func TestStamps(t *testing.T) {
	from := Source{
		Vectorizer:   tfidf.Vectorizer{Analyzer: tfidf.CharWB, NgramMin: 2, NgramMax: 4, Norm: tfidf.L2, SublinearTF: true},
		NGrams:       New(" a", "a ", "at", "att", "atte", "en", "ent", "ing", "in", "le", "lea", "ng", "ng ", "tt"),
		Coefficients: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14},
		Rows:         1,
		Stride:       14,
	}
	trie, err := NewTrie(&from)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tfidf.NewReader(from.Vectorizer)
	if err != nil {
		t.Fatal(err)
	}
	var text tfidf.Scratch
	var s Scratch
	sums := func(of string) []float64 {
		totals := make([]float64, 2)
		trie.Add(&s, totals, r.Tape(&text, of))
		return totals
	}
	for _, text := range []string{"transfer learning, learning to learn", "a a a a a a", "attention, attention, attention"} {
		want := sums(text)
		if want[1] == 0 {
			t.Fatalf("%q: no n-gram was found", text)
		}
		for i := range s.seen { // as after a text with the highest stamps
			s.seen[i] = ^uint32(0)
		}
		s.stamp = 1<<32 - stamps
		if got := sums(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
		if s.stamp != stamps {
			t.Errorf("%q: the stamps begin at %d, want %d", text, s.stamp, stamps)
		}
	}
}
