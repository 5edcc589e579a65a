package vocabulary

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"unsafe"

	"tagifai/model/tfidf"
)

// A WordTable finds the single words of a vocabulary. A large vocabulary of words makes a
// poor trie, as no word ends at most of its nodes. A table of 130,000 words takes a twentieth
// of the memory and is built in a tenth of the time.
//
// It is a hash table with linear probing, half full.
type WordTable struct {
	rows
	vectorizer tfidf.Vectorizer
	slots      []slot

	// Seeds, so that nobody can make a vocabulary whose words all have one slot.
	first, last uint64       // of words of up to twice a head
	seed        maphash.Seed // of longer ones

	vocabulary Vocabulary
}

// A slot is that of a word. As most words are all head, most are found without a look at
// the text, which is one cache miss in place of three.
type slot struct {
	head   uint64 // the word's first eight bytes; 0 behind a shorter one
	size   uint32 // of the word, in bytes
	number uint32 // of the word plus one; 0 in an empty slot
}

// pageSize is the size of a page of memory in bytes, or a part of it.
const pageSize = 4096

// headSize is the size of a head in bytes.
const headSize = 8

// NewWordTable makes the table of n-grams that are single words.
func NewWordTable(from *Source) *WordTable {
	n, width := from.NGrams.Len(), from.Rows+1
	t := &WordTable{
		vectorizer: from.Vectorizer,
		rows:       rows{make([]float64, n*width), width},
		first:      rand.Uint64(),
		last:       rand.Uint64(),
		seed:       maphash.MakeSeed(),
		vocabulary: from.NGrams,
	}
	t.slots = make([]slot, 2*n+1)
	// A page that is read before it is written to has the kernel look after it twice: a
	// twentieth of the time to load the default model into a new process.
	for i := 0; i < len(t.slots); i += pageSize / int(unsafe.Sizeof(slot{})) {
		t.slots[i] = slot{}
	}
	t.fill(from)
	plain := from.Vectorizer.TokenPattern == "" || from.Vectorizer.TokenPattern == tfidf.DefaultTokenPattern
	for i := 0; i < n; i += together {
		t.put(i, min(i+together, n), plain)
	}
	return t
}

// together is how many words are put into the table at once. The look at the slot of one
// does not wait for that of another: a third of the time.
const together = 64

// put puts the words from one to another into the table, at most together of them. If they
// are plain, those of one character are on no tape as words, but as runs of \w.
func (t *WordTable) put(from, to int, plain bool) {
	var heads, at [together]uint64
	text, ends, slots := t.vocabulary.text, t.vocabulary.ends[from:to], t.slots
	first := t.vocabulary.start(from)
	start := first
	for i, end := range ends {
		word := text[start:end]
		heads[i] = bits.ReverseBytes64(headOf(text, start, end))
		at[i] = t.slotOf(t.hash(heads[i], unsafe.Slice(unsafe.StringData(word), len(word)))) // which writes to no word
		start = end
	}
	start = first
	for i, end := range ends {
		size := end - start
		start = end
		if plain && size == runeSize(uint8(heads[i])) {
			continue
		}
		at := at[i]
		for slots[at].number != 0 {
			if at++; at == uint64(len(slots)) {
				at = 0
			}
		}
		slots[at] = slot{heads[i], size, uint32(from + i + 1)}
	}
}

// runeSize is the size of a character in bytes, as its first byte says. It is no branch, of
// which the processor would guess one in five wrong.
func runeSize(first uint8) uint32 { return max(uint32(bits.LeadingZeros8(^first)), 1) }

// wordHead returns the head of a word.
func wordHead(word []byte) uint64 {
	if len(word) >= headSize {
		return binary.LittleEndian.Uint64(word)
	}
	head := uint64(0)
	for i := len(word) - 1; i >= 0; i-- {
		head = head<<8 | uint64(word[i])
	}
	return head
}

// hash returns the hash of a word. Its first and last eight bytes are all that most words
// have.
func (t *WordTable) hash(head uint64, word []byte) uint64 {
	tail := head
	if len(word) > headSize {
		if len(word) > 2*headSize {
			return maphash.Bytes(t.seed, word)
		}
		tail = binary.LittleEndian.Uint64(word[len(word)-headSize:])
	}
	hi, lo := bits.Mul64(head^t.first, tail^t.last)
	return hi ^ lo
}

// slotOf returns the slot of a hash: as far along the table as the hash is among all.
func (t *WordTable) slotOf(hash uint64) uint64 {
	slot, _ := bits.Mul64(hash, uint64(len(t.slots)))
	return slot
}

// find returns the number of a word plus one, or 0 if the vocabulary lacks it.
func (t *WordTable) find(head uint64, word []byte) uint32 {
	for at := t.slotOf(t.hash(head, word)); ; {
		s := &t.slots[at]
		if s.head == head && int(s.size) == len(word) && s.number > 0 &&
			(len(word) <= headSize || t.vocabulary.At(int(s.number-1)) == string(word)) {
			return s.number
		}
		if s.number == 0 {
			return 0
		}
		if at++; at == uint64(len(t.slots)) {
			at = 0
		}
	}
}

// Add adds to totals the rows of words of the tape, each times its tf, and of the norm of
// l2 times its square. The words are given by where they begin and end.
func (t *WordTable) Add(w *Scratch, totals []float64, tape []byte, bounds []uint32) {
	if w.seen == nil {
		w.seen = make([]uint32, t.vocabulary.Len())
	}
	for i := range w.weighted { // of the text before
		w.seen[w.weighted[i].row] = 0
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
			if w.kept != nil {
				w.kept.word(i-1, start, end)
			}
		}
	}
	for i := range w.weighted {
		of := &w.weighted[i]
		of.times = t.vectorizer.TF(w.seen[of.row])
		of.norm = t.vectorizer.Norm.Power(of.times)
	}
	t.addWeighted(totals, w.weighted)
}

// Size is how many bytes the table takes in memory.
func (t *WordTable) Size() int {
	return 16*len(t.slots) + len(t.vocabulary.text) + 4*len(t.vocabulary.ends) + 8*len(t.sums)
}
