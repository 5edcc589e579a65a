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
	labels  []byte     // the byte behind these: most keys end there

	nodes  int               // of a trie of the keys, without the root
	depths [maxUsual + 1]int // the same, of each depth in bytes
	single bool              // a key has one byte
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

// at returns a key.
func (k *keys) at(i int) string { return k.text.At(k.column(i)) }

// size is that of a key in bytes.
func (k *keys) size(i int) int {
	column := k.column(i)
	return int(k.text.ends[column] - k.text.start(column))
}

// compare compares each key with the one before, and reports whether all are in the order
// of their bytes.
func (k *keys) compare() (sorted bool) {
	if k.shared == nil {
		k.shared, k.labels = make([]uint32, k.len()), make([]byte, k.len())
	}
	k.nodes, k.depths = 0, [maxUsual + 1]int{}
	text, before, last := k.text.text, "", uint64(0)
	for i := range k.shared {
		column := k.column(i)
		start, end := k.text.start(column), k.text.ends[column]
		key, head := text[start:end], headOf(text, start, end)
		n := min(bits.LeadingZeros64(head^last)/8, len(key), len(before))
		if n == 8 { // or more
			for n < min(len(key), len(before)) && key[n] == before[n] {
				n++
			}
		}
		if i > 0 && (n == len(key) || n < len(before) && before[n] > key[n]) {
			return false
		}
		k.shared[i], k.labels[i] = uint32(n), key[n]
		k.nodes += len(key) - n
		for depth := n + 1; depth <= min(len(key), maxUsual); depth++ {
			k.depths[depth]++
		}
		k.single = k.single || len(key) == 1
		before, last = key, head
	}
	return true
}
