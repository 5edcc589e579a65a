package vocabulary

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tagifai/model/tfidf"
)

// TestTrie holds tries of random n-grams, not all of which a text can have, against a map of
// them: what begins an n-gram has the sum of the rows on the way, and nothing else has a node.
func TestTrie(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for _, c := range []struct {
		name     string
		shortest int // of the n-grams
		alphabet []string
		ngrams   int
		shuffled bool
	}{
		{"none", 2, []string{"a"}, 0, false},
		{"one", 2, []string{"a"}, 1, false},
		{"two letters", 1, []string{"a", "b"}, 300, false},
		{"letters", 2, []string{" ", "a", "b", "c", "d", "e", "n", "r", "s", "t"}, 20_000, false},
		{"out of order", 1, []string{" ", "a", "b", "é", "\x00", "中"}, 5_000, true},
		{"digits", 2, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, 50_000, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := randomSource(random, c.alphabet, c.ngrams)
			from.Vectorizer.NgramMin = c.shortest
			if c.shuffled {
				shuffled := from.NGrams.Strings()
				random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				from.NGrams = New(shuffled...)
			}
			checkTrie(t, from)
		})
	}
}

// randomSource returns a source of about so many n-grams over an alphabet, in order.
func randomSource(random *rand.Rand, alphabet []string, n int) *Source {
	var ngrams []string
	for range n {
		ngram := ""
		for range 1 + random.IntN(10) {
			ngram += alphabet[random.IntN(len(alphabet))]
		}
		ngrams = append(ngrams, ngram)
	}
	slices.Sort(ngrams)
	ngrams = slices.Compact(ngrams)
	from := &Source{
		Vectorizer: tfidf.Vectorizer{Analyzer: tfidf.CharWB, NgramMax: 9, Norm: tfidf.L1},
		NGrams:     New(ngrams...),
		Rows:       2,
		Stride:     len(ngrams),
	}
	for range ngrams {
		from.IDF = append(from.IDF, 1+float64(random.IntN(100)))
		from.Coefficients = append(from.Coefficients, float64(random.IntN(100)), float64(random.IntN(100)))
	}
	return from
}

func checkTrie(t *testing.T, from *Source) {
	t.Helper()
	trie, err := NewTrie(from)
	if err != nil {
		t.Fatal(err)
	}
	columns, beginnings := make(map[string]int), map[string]bool{"": true}
	for column, ngram := range from.NGrams.All() {
		if !from.Vectorizer.Meets(ngram) {
			continue
		}
		columns[ngram] = column
		for end := range len(ngram) + 1 {
			beginnings[ngram[:end]] = true
		}
	}
	places := make(map[uint32]string)
	for beginning := range beginnings {
		at, want := uint32(root), make([]float64, 3)
		for end := range len(beginning) {
			if at = trie.child(at, beginning[end]); at == nowhere {
				t.Fatalf("%q is not in the trie", beginning)
			}
			if column, ok := columns[beginning[:end+1]]; ok {
				idf := from.IDF[column]
				want[0] += idf
				want[1] += idf * from.Coefficients[column]
				want[2] += idf * from.Coefficients[from.Stride+column]
			}
		}
		if other, twice := places[at]; twice {
			t.Fatalf("%q and %q have one node", beginning, other)
		}
		places[at] = beginning
		if got := trie.row(at); !slices.Equal(got, want) {
			t.Fatalf("%q has the row %v, want %v", beginning, got, want)
		}
		for label := range fanOut {
			if byte(label) == unused.label() { // which UTF-8 does not have
				continue
			}
			child := beginning + string([]byte{byte(label)})
			if found := trie.child(at, byte(label)) != nowhere; found != beginnings[child] {
				t.Fatalf("whether %q is in the trie: %v, want %v", child, found, !found)
			}
		}
		if trie.pairs != nil && len(beginning) == 2 {
			if got := trie.pairs[int(beginning[0])*fanOut+int(beginning[1])]; got != at {
				t.Fatalf("the pair %q is at %d, want %d", beginning, got, at)
			}
		}
	}
	if got, most := len(trie.nodes), len(beginnings)*17/16+3*fanOut; got > most {
		t.Errorf("%d nodes for %d beginnings of n-grams, at most %d are wanted", got, len(beginnings), most)
	}
}
