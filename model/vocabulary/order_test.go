package vocabulary

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"tagifai/model/tfidf"
)

// TestFrequentFirst holds frequentFirst against a sort that keeps the order of equals.
func TestFrequentFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 2, 1000} {
		branches := make([]branch, n)
		for i := range branches {
			branches[i] = branch{node: uint32(i), rarity: random.Uint32N(rarities)}
		}
		want := slices.Clone(branches)
		slices.SortStableFunc(want, func(a, b branch) int { return cmp.Compare(a.rarity, b.rarity) })
		if got := frequentFirst(nil, branches); !slices.Equal(got, want) {
			t.Errorf("%d branches: got %v, want %v", n, got, want)
		}
	}
}

// TestOrderedTrie looks up each n-gram of a trie large enough to be ordered, with idf of all
// kinds, and adds up its row anew.
func TestOrderedTrie(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	idf := make(map[string]float64)
	unusual := []float64{0, -1, 1e300, math.Inf(1), math.NaN()}
	for len(idf) < ordered+1000 {
		ngram := fmt.Sprintf("%06d", random.IntN(1_000_000))[:2+random.IntN(5)]
		idf[ngram] = 20 * random.Float64()
		if random.IntN(100) == 0 {
			idf[ngram] = unusual[random.IntN(len(unusual))]
		}
	}
	from := &Source{
		Vectorizer: tfidf.Vectorizer{Analyzer: tfidf.Char, NgramMin: 2, NgramMax: 6, Norm: tfidf.L1},
		Rows:       1,
	}
	var ngrams []string
	for ngram := range idf {
		ngrams = append(ngrams, ngram)
	}
	slices.Sort(ngrams)
	for i, ngram := range ngrams {
		from.IDF = append(from.IDF, idf[ngram])
		from.Coefficients = append(from.Coefficients, float64(i))
	}
	from.NGrams, from.Stride = New(ngrams...), len(ngrams)

	trie, err := NewTrie(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, ngram := range ngrams {
		node, norm, sum := uint32(root), 0.0, 0.0
		for end := range len(ngram) {
			if node = trie.child(node, ngram[end]); node == nowhere {
				t.Fatalf("%q is not in the trie", ngram)
			}
			if column, ok := slices.BinarySearch(ngrams, ngram[:end+1]); ok {
				norm += tfidf.L1.Power(from.IDF[column])
				sum += from.IDF[column] * from.Coefficients[column]
			}
		}
		got, want := trie.row(node), []float64{norm, sum}
		if !slices.EqualFunc(got, want, func(a, b float64) bool { return a == b || a != a && b != b }) {
			t.Fatalf("%q has the row %v, want %v", ngram, got, want)
		}
	}
}
