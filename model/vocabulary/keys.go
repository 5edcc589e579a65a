package vocabulary

import (
	"cmp"
	"math/bits"
	"slices"

	"tagifai/model/tfidf"
)

// keys are the n-grams that a trie is made of, as a tape has them: sorted by their bytes,
// all different, and without those that no text has.
type keys struct {
	text    Vocabulary // by column
	columns []uint32   // of the keys; nil if they are those of all columns, in their order
	shared  []uint32   // how many bytes each begins with that the one before begins with, too
	depths  []uint32   // how many nodes of each depth a trie of the keys has: of the root, of one byte, …
}

// newKeys returns the keys of a vectorizer's vocabulary.
func newKeys(v *tfidf.Vectorizer, ngrams Vocabulary) *keys {
	k := &keys{text: ngrams}
	for column, ngram := range ngrams.All() {
		met := v.Meets(ngram)
		switch {
		case met && k.columns != nil:
			k.columns = append(k.columns, uint32(column))
		case !met && k.columns == nil:
			k.columns = numbered(column, ngrams.Len())
		}
	}
	if v.Analyzer == tfidf.Word {
		k.text = ngrams.suffixed(" ") // which keeps "deep" from being met in "deeper"
	}
	if !k.compare() { // they are not in the order of their bytes
		if k.columns == nil {
			k.columns = numbered(ngrams.Len(), ngrams.Len())
		}
		slices.SortFunc(k.columns, func(a, b uint32) int { return cmp.Compare(k.text.At(int(a)), k.text.At(int(b))) })
		k.compare()
	}
	return k
}

// numbered returns the numbers below n, with room for so many.
func numbered(n, room int) []uint32 {
	numbers := make([]uint32, n, room)
	for i := range numbers {
		numbers[i] = uint32(i)
	}
	return numbers
}

// len is the number of keys.
func (k *keys) len() int {
	if k.columns != nil {
		return len(k.columns)
	}
	return k.text.Len()
}

// column is the column of a key's n-gram.
func (k *keys) column(i int) int {
	if k.columns != nil {
		return int(k.columns[i])
	}
	return i
}

// nodes is how many nodes a trie of the keys has.
func (k *keys) nodes() int {
	sum := 0
	for _, n := range k.depths {
		sum += int(n)
	}
	return sum
}

// usual is [Trie.usual].
func (k *keys) usual() int {
	usual := max(2, min(maxUsual, len(k.depths)-1))
	for usual > 2 && int(k.depths[usual]) <= k.len()/16 {
		usual--
	}
	return usual
}

// compare compares each key with the one before, and reports whether all are in the order
// of their bytes.
func (k *keys) compare() (sorted bool) {
	if k.shared == nil {
		k.shared = make([]uint32, k.len())
	}
	text, before, last := k.text.text, "", uint64(0)
	depths := append(k.depths[:0], 1)
	for i := range k.shared {
		column := k.column(i)
		start, end := k.text.start(column), k.text.ends[column]
		key, head := text[start:end], headOf(text, start, end)
		if head <= last && i > 0 && key <= before {
			return false
		}
		n := min(bits.LeadingZeros64(head^last)/8, len(key), len(before))
		if n == 8 { // or more
			for n < min(len(key), len(before)) && key[n] == before[n] {
				n++
			}
		}
		k.shared[i] = uint32(n)
		for len(depths) <= len(key) {
			depths = append(depths, 0)
		}
		for depth := n + 1; depth <= len(key); depth++ {
			depths[depth]++
		}
		before, last = key, head
	}
	k.depths = depths
	return true
}
