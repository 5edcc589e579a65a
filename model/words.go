package model

import (
	"bytes"
	"hash/maphash"
	"math"
	"math/bits"
)

// A wordTable finds the single words of a vocabulary. A large vocabulary of words makes
// a poor trie, as most nodes of it end no word. A table of 130,000 words takes a
// twentieth of the memory and is built in a tenth of the time.
//
// It is a hash table with linear probing, at most half full. A slot holds 32 bits of the
// word's hash above the number of the word plus one; 0 is an empty slot.
type wordTable struct {
	slots []uint64
	shift int // a hash's slot is what remains after this shift
	seed  maphash.Seed

	text []byte   // the words, one behind the other
	ends []uint32 // where each ends
	// rows has a row of so many numbers for each word: idf × coefficient for each row of
	// coefficients, and then what the word adds to the norm.
	rows  []float64
	width int
}

// newWords makes the table of a block of single words, for a norm, which may be that of
// all blocks. The block's coefficients begin at a column.
func newWords(w *Weights, of *Block, norm Norm, column int) *wordTable {
	n := len(of.NGrams)
	t := &wordTable{
		seed:  maphash.MakeSeed(),
		shift: 64 - bits.Len(uint(2*n+1)),
		ends:  make([]uint32, n),
		width: len(w.Intercepts) + 1,
	}
	t.slots = make([]uint64, 1<<(64-t.shift))
	t.rows = make([]float64, n*t.width)
	size := 0
	for _, word := range of.NGrams {
		size += len(word)
	}
	t.text = make([]byte, 0, size)
	stride := w.Features()
	for i, word := range of.NGrams {
		t.text = append(t.text, word...)
		t.ends[i] = uint32(len(t.text))
		hash := maphash.String(t.seed, word)
		at := hash >> t.shift
		for t.slots[at] != 0 {
			at = (at + 1) & uint64(len(t.slots)-1)
		}
		t.slots[at] = hash<<32 | uint64(i+1)
		idf := 1.0
		if of.IDF != nil {
			idf = of.IDF[i]
		}
		row := t.row(uint32(i))
		for k := range t.width - 1 {
			row[k] = idf * w.Coefficients[k*stride+column+i]
		}
		switch norm {
		case L2:
			row[t.width-1] = idf * idf
		case L1:
			row[t.width-1] = math.Abs(idf)
		}
	}
	return t
}

// find returns the number of a word plus one, or 0 if the vocabulary lacks it.
func (t *wordTable) find(word []byte) uint32 {
	hash := maphash.Bytes(t.seed, word)
	for at := hash >> t.shift; ; at = (at + 1) & uint64(len(t.slots)-1) {
		slot := t.slots[at]
		if slot == 0 {
			return 0
		}
		if slot>>32 == hash&math.MaxUint32 && bytes.Equal(t.word(uint32(slot)-1), word) {
			return uint32(slot)
		}
	}
}

func (t *wordTable) word(i uint32) []byte {
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.text[start:t.ends[i]]
}

func (t *wordTable) row(i uint32) []float64 { return t.rows[int(i)*t.width:][:t.width] }

// add adds to totals the rows of the tape's words, each times its tf, and of a norm of l2
// times its square.
func (t *wordTable) add(v *Vectorizer, w *walks, totals []float64, tape []byte) {
	if w.many == nil {
		w.many = make([]uint32, len(t.ends))
	}
	met := w.met[:0]
	for len(tape) > 0 {
		end := bytes.IndexByte(tape, ' ')
		if i := t.find(tape[:end]); i > 0 {
			if w.many[i-1] == 0 {
				met = append(met, i-1)
			}
			w.many[i-1]++
		}
		tape = tape[end+1:]
	}
	w.met = met[:cap(met)]
	last := t.width - 1
	for _, i := range met {
		tf := v.tf(float64(w.many[i]))
		w.many[i] = 0
		row := t.row(i)
		for k := range last {
			totals[k] += tf * row[k]
		}
		if v.Norm == L2 {
			tf *= tf
		}
		totals[last] += tf * row[last]
	}
}

// size is how many bytes the table takes in memory.
func (t *wordTable) size() int {
	return 8*len(t.slots) + len(t.text) + 4*len(t.ends) + 8*len(t.rows)
}
