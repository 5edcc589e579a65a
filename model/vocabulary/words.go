package vocabulary

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"unicode/utf8"

	"tagifai/model/tfidf"
)

// A WordTable finds the single words of a vocabulary. A large vocabulary of words makes
// a poor trie, as most nodes of it end no word. A table of 130,000 words takes a
// twentieth of the memory and is built in a tenth of the time.
//
// It is a hash table with linear probing, at most half full.
type WordTable struct {
	rows
	vectorizer tfidf.Vectorizer
	slots      []slot
	shift      int // a hash's slot is what remains after this shift

	// Seeds, so that nobody can make a vocabulary whose words all have one slot.
	odd  uint64       // of words that are all head
	seed maphash.Seed // of longer ones

	text []byte   // the words, one behind the other
	ends []uint32 // where each ends
}

// A slot is that of a word. As most words are all head, most are found without a look at
// the text, which is one cache miss in place of three.
type slot struct {
	head   uint64 // the word's first eight bytes; 0 behind a shorter one
	size   uint32 // of the word, in bytes
	number uint32 // of the word plus one; 0 in an empty slot
}

// headSize is the size of a head in bytes.
const headSize = 8

// NewWordTable makes the table of n-grams that are single words.
func NewWordTable(from *Source) *WordTable {
	n, width := len(from.NGrams), from.Rows+1
	t := &WordTable{
		vectorizer: from.Vectorizer,
		rows:       rows{make([]float64, n*width), width},
		shift:      64 - bits.Len(uint(2*n+1)),
		odd:        rand.Uint64() | 1,
		seed:       maphash.MakeSeed(),
		ends:       make([]uint32, n),
	}
	t.slots = make([]slot, 1<<(64-t.shift))
	size := 0
	for _, word := range from.NGrams {
		size += len(word)
	}
	t.text = make([]byte, 0, size)
	t.fill(from)
	plain := from.Vectorizer.TokenPattern == "" || from.Vectorizer.TokenPattern == tfidf.DefaultTokenPattern
	for i, word := range from.NGrams {
		start := len(t.text)
		t.text = append(t.text, word...)
		t.ends[i] = uint32(len(t.text))
		if plain && len(word) <= utf8.UTFMax && utf8.RuneCountInString(word) < 2 {
			continue // it is on no tape as a word, but as a run of \w
		}
		head := headOf(t.text[start:])
		at := t.hash(head, t.text[start:]) >> t.shift
		for t.slots[at].number != 0 {
			at = (at + 1) & uint64(len(t.slots)-1)
		}
		t.slots[at] = slot{head, uint32(len(word)), uint32(i + 1)}
	}
	return t
}

// headOf returns the head of a word.
func headOf(word []byte) uint64 {
	if len(word) >= headSize {
		return binary.LittleEndian.Uint64(word)
	}
	var head [headSize]byte
	copy(head[:], word)
	return binary.LittleEndian.Uint64(head[:])
}

func (t *WordTable) hash(head uint64, word []byte) uint64 {
	if len(word) > headSize {
		return maphash.Bytes(t.seed, word)
	}
	hi, lo := bits.Mul64(head, t.odd)
	return hi ^ lo
}

// find returns the number of a word plus one, or 0 if the vocabulary lacks it.
func (t *WordTable) find(head uint64, word []byte) uint32 {
	for at := t.hash(head, word) >> t.shift; ; at = (at + 1) & uint64(len(t.slots)-1) {
		s := &t.slots[at]
		if s.head == head && int(s.size) == len(word) && s.number > 0 &&
			(len(word) <= headSize || bytes.Equal(t.word(s.number-1), word)) {
			return s.number
		}
		if s.number == 0 {
			return 0
		}
	}
}

func (t *WordTable) word(i uint32) []byte {
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.text[start:t.ends[i]]
}

// Add adds to totals the rows of words of the tape, each times its tf, and of the norm of
// l2 times its square. The words are given by where they begin and end.
func (t *WordTable) Add(w *Scratch, totals []float64, tape []byte, bounds []uint32) {
	if w.seen == nil {
		w.seen = make([]uint32, len(t.ends))
	}
	w.weighted = w.weighted[:0]
	for ; len(bounds) >= 2; bounds = bounds[2:] {
		start, end := bounds[0], bounds[1]
		word := tape[start:end]
		head := binary.LittleEndian.Uint64(tape[start:]) & (1<<(8*len(word)) - 1) // tfidf.TapeEnd is behind it
		if i := t.find(head, word); i > 0 {
			if w.seen[i-1] == 0 {
				w.weighted = append(w.weighted, weightedRow{row: i - 1})
			}
			w.seen[i-1]++
		}
	}
	for i := range w.weighted {
		of := &w.weighted[i]
		of.times = t.vectorizer.TF(w.seen[of.row])
		of.norm = t.vectorizer.Norm.Power(of.times)
		w.seen[of.row] = 0
	}
	t.addWeighted(totals, w.weighted)
}

// Size is how many bytes the table takes in memory.
func (t *WordTable) Size() int {
	return 16*len(t.slots) + len(t.text) + 4*len(t.ends) + 8*len(t.sums)
}
