// Package vocabulary finds the n-grams of a vocabulary on the tape of a text, and adds up what
// each adds to the scores of a linear classifier.
//
// To find your way: a [Trie] finds n-grams of any length. keys.go puts them in order, outline.go
// makes a tree of them, and trie.go gives its nodes their places. walk.go finds all those of a
// tape in one walk, and repeats.go weighs those that occur several times. A [WordTable], in
// words.go, finds single words. Both have rows of numbers, which rows.go adds up.
// occurrences.go says which n-grams a walk met, and where, for explanations.
package vocabulary

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Vocabulary is n-grams in an order. They are pieces of one text: a slice of strings
// takes four times the memory, all of which the garbage collector looks at. A Vocabulary
// is immutable. The zero value has no n-grams.
type Vocabulary struct {
	text string
	ends []uint32 // where each n-gram ends in text
}

var errLargeVocabulary = errors.New("ngrams: more than 4 GiB of text")

// New makes a Vocabulary of n-grams. It panics if they have more than 4 GiB.
func New(ngrams ...string) Vocabulary {
	size := 0
	for _, ngram := range ngrams {
		size += len(ngram)
	}
	if size > math.MaxUint32 {
		panic(errLargeVocabulary)
	}
	text, ends := make([]byte, 0, size), make([]uint32, len(ngrams))
	for i, ngram := range ngrams {
		text = append(text, ngram...)
		ends[i] = uint32(len(text))
	}
	return Vocabulary{string(text), ends}
}

// Cut makes a Vocabulary of a text, which has one n-gram behind the other, and
// of where each ends. It keeps ends, which must not be changed any more.
func Cut(text string, ends []uint32) (Vocabulary, error) {
	start := uint32(0)
	for i, end := range ends {
		if end < start || int64(end) > int64(len(text)) {
			return Vocabulary{}, fmt.Errorf("number %d is %d, not between %d and %d", i, end, start, len(text))
		}
		start = end
	}
	if int64(start) != int64(len(text)) {
		return Vocabulary{}, fmt.Errorf("the last is %d, but the text has %d bytes", start, len(text))
	}
	return Vocabulary{text, ends}, nil
}

// Len returns the number of n-grams.
func (v Vocabulary) Len() int { return len(v.ends) }

// At returns an n-gram. Its receiver is a pointer, as is that of start: what has five words is
// copied through memory for each call, which takes longer than the rest.
func (v *Vocabulary) At(i int) string { return v.text[v.start(i):v.ends[i]] }

func (v *Vocabulary) start(i int) uint32 {
	if i == 0 {
		return 0
	}
	return v.ends[i-1]
}

// Text returns the n-grams, one behind the other.
func (v Vocabulary) Text() string { return v.text }

// Ends returns where each n-gram ends in the text. The caller must not change it.
func (v Vocabulary) Ends() []uint32 { return v.ends }

// Clone returns a Vocabulary that shares no memory with v.
func (v Vocabulary) Clone() Vocabulary {
	return Vocabulary{strings.Clone(v.text), slices.Clone(v.ends)}
}

// Ascends reports whether all n-grams are valid UTF-8, and in the order of their bytes, each
// once. Those of a fitted vectorizer are.
func (v Vocabulary) Ascends() bool {
	valid, ascending := utf8.ValidString(v.text), true
	start, before := uint32(0), uint64(0)
	for i, end := range v.ends {
		valid = valid && (start == uint32(len(v.text)) || utf8.RuneStart(v.text[start]))
		head := headOf(v.text, start, end)
		ascending = ascending && (before < head || i == 0 || before == head && v.At(i-1) < v.At(i))
		start, before = end, head
	}
	return valid && ascending
}

// headOf returns the first eight bytes of an n-gram, the first one highest, with zeros
// behind a shorter one. Most n-grams of a vocabulary differ in them.
func headOf(text string, start, end uint32) uint64 {
	if uint64(start)+8 > uint64(len(text)) {
		var head [8]byte
		copy(head[:], text[start:end])
		return binary.BigEndian.Uint64(head[:])
	}
	s := text[start : start+8]
	head := uint64(s[7]) | uint64(s[6])<<8 | uint64(s[5])<<16 | uint64(s[4])<<24 |
		uint64(s[3])<<32 | uint64(s[2])<<40 | uint64(s[1])<<48 | uint64(s[0])<<56
	unused := 64 - 8*min(end-start, 8)
	return head >> unused << unused
}

// All yields the n-grams with their numbers.
func (v Vocabulary) All() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		start := uint32(0)
		for i, end := range v.ends {
			if !yield(i, v.text[start:end]) {
				return
			}
			start = end
		}
	}
}

// Select returns the n-grams of these numbers, in the order of the numbers.
func (v Vocabulary) Select(numbers []uint32) Vocabulary {
	var text []byte
	ends := make([]uint32, len(numbers))
	for i, number := range numbers {
		text = append(text, v.At(int(number))...)
		ends[i] = uint32(len(text))
	}
	return Vocabulary{string(text), ends}
}

// suffixed returns the n-grams, each with a suffix.
func (v Vocabulary) suffixed(suffix string) Vocabulary {
	text, ends := make([]byte, 0, len(v.text)+len(v.ends)*len(suffix)), make([]uint32, len(v.ends))
	for i, ngram := range v.All() {
		text = append(append(text, ngram...), suffix...)
		ends[i] = uint32(len(text))
	}
	return Vocabulary{string(text), ends}
}

// Strings returns the n-grams as strings.
func (v Vocabulary) Strings() []string {
	ngrams := make([]string, v.Len())
	for i, ngram := range v.All() {
		ngrams[i] = ngram
	}
	return ngrams
}

// Equal reports whether both have the same n-grams in the same order.
func (v Vocabulary) Equal(w Vocabulary) bool { return v.text == w.text && slices.Equal(v.ends, w.ends) }

// MarshalJSONTo writes a list of strings.
func (v Vocabulary) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for _, ngram := range v.All() {
		if err := json.MarshalEncode(e, ngram); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndArray)
}
