package model

import (
	"bytes"
	"slices"
	"unicode/utf8"
	"unsafe"
)

// tape prepares text for reading n-grams off it, in valid UTF-8:
//
//	char     the text, each run of two or more white-space characters one space
//	char_wb  " deep learning ", with two spaces between words if one alone is an n-gram
//	word     "deep learning "
//
// so that every n-gram of a text is a piece of its tape, and every piece of a tape
// that [Vectorizer.key] accepts is an n-gram. The result lives in s.
func (r *reader) tape(s *scratch, text string) []byte {
	if r.Analyzer != Word && !r.Clean && r.StripAccents == KeepAccents {
		s.tape = appendTape(s.tape[:0], text, &r.Vectorizer)
		return s.tape
	}
	if r.Analyzer == Word && r.tokens == nil && r.stop == nil && !r.Clean && r.StripAccents == KeepAccents {
		if tape, ok := appendASCIIWords(s.tape[:0], text, r.Lowercase); ok {
			s.tape = tape
			return tape
		}
	}
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
	switch {
	case r.Analyzer != Word:
		// A view instead of a copy: nothing writes to s.text before the tape is made.
		view := unsafe.String(unsafe.SliceData(s.text), len(s.text))
		s.tape = appendTape(s.tape[:0], view, &r.late)
	case r.tokens == nil && r.stop == nil:
		s.tape = appendWordTape(s.tape[:0], s.text)
	default:
		s.tape = r.appendTokens(s.tape[:0], s)
	}
	return s.tape
}

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
// reads the text once, and of ASCII nothing is left to the branch predictor: that takes
// half as long as one pass for the lower case and another for the white space.
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

// wordTables have what becomes of an ASCII character of a word, as it is and in lower case,
// and 0 for all other bytes.
var wordTables = func() (tables [2][256]byte) {
	for c := range byte(utf8.RuneSelf) {
		if isWord(rune(c)) {
			tables[0][c], tables[1][c] = c, byte(asciiTables[0][1][c])
		}
	}
	return tables
}()

// appendASCIIWords is appendWordTape for a text in ASCII, which it reads only once. It
// reports whether the text was in ASCII.
func appendASCIIWords(dst []byte, text string, lowercase bool) ([]byte, bool) {
	table := &wordTables[one(lowercase)]
	dst = room(dst, len(text)+2)
	start, n := 0, 0 // start of the word that is being read
	for i := range len(text) {
		c := table[text[i]]
		if c != 0 {
			dst[n] = c
			n++
			continue
		}
		if text[i] >= utf8.RuneSelf {
			return dst[:0], false
		}
		if n-start >= 2 {
			dst[n] = ' '
			n++
			start = n
		}
		n = start
	}
	if n-start >= 2 {
		dst[n] = ' '
		start = n + 1
	}
	return dst[:start], true
}

func appendWordTape(dst, text []byte) []byte {
	start, runes := 0, 0 // of the word that is being read
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if isWord(r) {
			i += size
			runes++
			continue
		}
		if runes >= 2 {
			dst = append(append(dst, text[start:i]...), ' ')
		}
		i += size
		start, runes = i, 0
	}
	if runes >= 2 {
		dst = append(append(dst, text[start:]...), ' ')
	}
	return dst
}
