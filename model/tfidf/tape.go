package tfidf

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
	"unsafe"
)

// tape returns the tape of text, which lives in s. It is valid UTF-8:
//
//	char     the text, each run of two or more white-space characters one space
//	char_wb  " deep learning ", with two spaces between words if one alone is an n-gram
//	word     "deep learning "
//
// Every n-gram of a text is a piece of its tape. Every piece of a tape that [Vectorizer.Meets]
// accepts is an n-gram.
func (r *Reader) tape(s *Scratch, text string) []byte {
	switch {
	case r.Analyzer != Word:
		return r.charTape(s, text)
	case r.plainWords():
		tape := r.charTape(s, text)
		s.bounds = appendBounds(s.bounds[:0], tape)
		s.text = s.text[:0]
		for bounds := s.bounds; len(bounds) > 0; bounds = bounds[2:] {
			word := tape[bounds[0]:bounds[1]]
			if _, size := utf8.DecodeRune(word); size < len(word) { // it has two characters
				s.text = append(append(s.text, word...), ' ')
			}
		}
		s.Tape = append(s.Tape[:0], s.text...)
	default:
		r.prepare(s, text)
		s.Tape = r.appendTokens(s.Tape[:0], s)
	}
	return s.Tape
}

// charTape is tape for char and char_wb. For word it is the tape of char.
func (r *Reader) charTape(s *Scratch, text string) []byte {
	if !r.Clean && r.StripAccents == KeepAccents {
		s.Tape = appendTape(s.Tape[:0], text, &r.chars)
		return s.Tape
	}
	r.prepare(s, text)
	// A view instead of a copy: nothing writes to s.text before the tape is made.
	view := unsafe.String(unsafe.SliceData(s.text), len(s.text))
	s.Tape = appendTape(s.Tape[:0], view, &r.late)
	return s.Tape
}

// prepare sets s.text to text in lower case, cleaned and without accents, as far as the
// vectorizer wants that, in valid UTF-8.
func (r *Reader) prepare(s *Scratch, text string) {
	if r.Lowercase {
		s.text = appendLower(s.text[:0], text)
	} else {
		s.text = appendValid(s.text[:0], text)
	}
	if r.Clean {
		s.cleaned = appendClean(s.cleaned[:0], s.text, r.Stem)
		s.text, s.cleaned = s.cleaned, s.text
	}
	if r.StripAccents != KeepAccents {
		s.cleaned = appendStripped(s.cleaned[:0], s.text, r.StripAccents)
		s.text, s.cleaned = s.cleaned, s.text
	}
}

// TapeEnd is put behind a tape on which n-grams are looked for, so that eight bytes can be
// read at every place of it. As no UTF-8 has its bytes, no n-gram reaches into it.
const TapeEnd = "\xff\xff\xff\xff\xff\xff\xff\xff"

// padding is the number of spaces between two words on a char_wb tape. Words share
// one, unless a lone space is an n-gram and has to be met once for each of them.
func (v *Vectorizer) padding() int {
	if v.NgramMin == 1 {
		return 2
	}
	return 1
}

// What a byte is, in an entry of asciiTables; its low eight bits are what becomes of
// the byte.
const (
	blank    = 1 << 8 // white space
	notASCII = 1 << 9
)

// asciiTables are for char and char_wb, as it is and in lower case.
var asciiTables = func() (tables [2][2][256]uint16) {
	for c := range uint16(256) {
		as, low := c, c
		switch {
		case c >= utf8.RuneSelf:
			as, low = notASCII, notASCII
		case isSpace(rune(c)):
			as, low = c|blank, c|blank
		case 'A' <= c && c <= 'Z':
			low = c + 'a' - 'A'
		}
		tables[0][0][c], tables[0][1][c] = as, low
		if as&blank != 0 {
			as, low = ' '|blank, ' '|blank
		}
		tables[1][0][c], tables[1][1][c] = as, low
	}
	return tables
}()

// appendTape appends the tape of text for char or char_wb to dst, which is empty. It
// reads the text once, eight bytes at a time where that is simple: that takes half as
// long as a byte at a time, 5 % off a prediction. Of ASCII nothing is left to the branch
// predictor.
func appendTape(dst []byte, text string, v *Vectorizer) []byte {
	words := v.Analyzer == CharWB
	table := &asciiTables[one(words)][one(v.Lowercase)]
	dst = room(dst, len(text)+2)
	n, before := 0, uint16(0) // before is what the character before this is
	if words {
		dst[0] = ' '
		n, before = 1, blank
	}
	for i := 0; i < len(text); {
		end := min(i+8, len(text)) // of the bytes that are read one at a time
		if i+8 <= len(text) {
			eight, last, ok := simpleEight(load(text, i), before, v.Lowercase)
			if ok {
				binary.LittleEndian.PutUint64(dst[n:], eight)
				i, n, before = i+8, n+8, last
				continue
			}
		}
		for i < end {
			c := table[text[i]]
			if c == notASCII {
				dst, i, before = appendOther(dst[:n], text, i, before, v)
				n, dst = len(dst), room(dst, len(text)-i+2)
				continue
			}
			second := -one(c&before != 0) // of two blanks: a space takes the place of the first
			before = c & blank
			n += second
			dst[n] = byte(c)&^byte(second) | ' '&byte(second)
			n++
			i++
		}
	}
	switch {
	case words && n == 1: // no word
		n = 0
	case words && before != blank:
		dst[n] = ' '
		n++
	}
	dst = dst[:n]
	if words && v.padding() == 2 {
		dst = doubleSpaces(dst)
	}
	return dst
}

// load returns eight bytes of text, the first one lowest.
func load(text string, i int) uint64 {
	s := text[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// simpleEight returns what becomes of eight bytes, and what the last of them is. They are
// not ok if one is not ASCII, a control character or a blank behind a blank.
func simpleEight(eight uint64, before uint16, lowercase bool) (_ uint64, last uint16, ok bool) {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	printable := (eight | eight>>1) & (0x20 * ones) // 0x20 in bytes from 0x20 on
	// Below, no byte of a sum carries into the next, as long as all are ASCII. A high
	// bit is the answer to a question about its byte.
	spaces := ^((eight ^ ' '*ones) + 0x7f*ones) & high
	if eight&high|printable^0x20*ones|spaces&(spaces<<8|uint64(before)>>1) != 0 {
		return 0, 0, false
	}
	if lowercase {
		atLeastA, aboveZ := eight+(0x80-'A')*ones, eight+(0x7f-'Z')*ones
		eight |= (atLeastA &^ aboveZ & high) >> 2 // 'a' - 'A'
	}
	return eight, uint16(spaces >> 63 << 8), true // 1<<8 is blank
}

// doubleSpaces puts a second space between the words of a char_wb tape.
func doubleSpaces(tape []byte) []byte {
	from := len(tape) - 1
	to := from + max(0, bytes.Count(tape, space)-2)
	tape = slices.Grow(tape, to-from)[:to+1]
	for ; from < to; from, to = from-1, to-1 {
		tape[to] = tape[from]
		if tape[from] == ' ' && to < len(tape)-1 {
			to--
			tape[to] = ' '
		}
	}
	return tape
}

// room returns dst with n bytes or more behind it.
func room(dst []byte, n int) []byte {
	dst = slices.Grow(dst, n)
	return dst[:cap(dst)]
}

// appendOther appends the character of text at i, which is not ASCII, or the white
// space that begins with it. It returns where it ends, and what it is.
func appendOther(dst []byte, text string, i int, before uint16, v *Vectorizer) ([]byte, int, uint16) {
	r, size := utf8.DecodeRuneInString(text[i:])
	if !isSpace(r) {
		if v.Lowercase {
			dst, size = appendLowerRune(dst, text, i)
			return dst, i + size, 0
		}
		return utf8.AppendRune(dst, r), i + size, 0
	}
	end := i + size
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		if !isSpace(r) {
			break
		}
		end += size
	}
	if before == blank {
		return append(dst[:len(dst)-1], ' '), end, blank
	}
	if v.Analyzer == CharWB || end > i+size {
		return append(dst, ' '), end, blank
	}
	return append(dst, text[i:end]...), end, 0 // a lone one stays what it is
}

// one is 1 for true, 0 for false, and no branch.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Whether a byte is of a word, in wordBytes: 0 or 1 for ASCII.
const unknown = 2

var wordBytes = func() (table [256]uint8) {
	for c := range 256 {
		table[c] = unknown
		if c < utf8.RuneSelf {
			table[c] = uint8(one(isWord(rune(c))))
		}
	}
	return table
}()

// appendBounds appends where each run of \w begins and where it ends.
func appendBounds(dst []uint32, tape []byte) []uint32 {
	dst = slices.Grow(dst, len(tape)+2)
	n, in := len(dst), uint8(0) // whether the byte before this is of a word
	dst = dst[:cap(dst)]
	for i := 0; i < len(tape); i++ {
		is, at := wordBytes[tape[i]], i
		if is == unknown {
			r, size := utf8.DecodeRune(tape[i:])
			is = uint8(one(isWord(r)))
			i += size - 1
		}
		dst[n] = uint32(at)
		n += int(is ^ in)
		in = is
	}
	dst[n] = uint32(len(tape))
	n += int(in)
	return dst[:n]
}

// appendSpaced appends where each word of a tape of words begins and where it ends.
func appendSpaced(dst []uint32, tape []byte) []uint32 {
	for start := 0; start < len(tape); {
		end := start + bytes.IndexByte(tape[start:], ' ')
		dst = append(dst, uint32(start), uint32(end))
		start = end + 1
	}
	return dst
}
