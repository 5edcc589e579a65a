package model

import (
	"slices"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// This file makes the tape of a text once more, more slowly, and keeps which character of
// the text each byte of the tape comes from. [Model.Explain] needs it; a prediction does
// not. FuzzExplain holds that both tapes are the same.

// An aligned is a text on its way to the tape. The byte text[i] comes from the character
// from[i] of the source, where characters are code points, counted from 0. The elements of
// from never descend.
type aligned struct {
	text []byte
	from []int32
}

// append appends bytes that all come from one character.
func (a *aligned) append(from int32, bytes ...byte) {
	a.text = append(a.text, bytes...)
	for range bytes {
		a.from = append(a.from, from)
	}
}

// appendPiece appends the bytes from lo to hi of another text.
func (a *aligned) appendPiece(of *aligned, lo, hi int) {
	a.text = append(a.text, of.text[lo:hi]...)
	a.from = append(a.from, of.from[lo:hi]...)
}

func (a *aligned) reset(size int) {
	a.text = slices.Grow(a.text[:0], size)
	a.from = slices.Grow(a.from[:0], size)
}

// align makes the tape of text, aligned, with two others to scribble on. For plain words it
// may be that of char.
func (r *reader) align(tape, a, b *aligned, text string) {
	if r.alignPlain(tape, text) {
		return
	}
	a.reset(len(text) + 2)
	r.alignLower(a, text)
	if r.Clean {
		b.reset(len(a.text))
		alignClean(b, a, r.Stem)
		a, b = b, a
	}
	if r.StripAccents != KeepAccents {
		b.reset(len(a.text))
		alignStripped(b, a, r.StripAccents)
		a = b
	}
	tape.reset(len(a.text) + 2)
	switch r.Analyzer {
	case Char:
		alignChars(tape, a)
	case CharWB:
		alignWords(tape, a, r.padding())
	case Word:
		r.alignTokens(tape, a)
	}
}

// alignPlain is align for a text whose characters are those of the tape, as most texts are:
// ASCII without two blanks in a row. It reports whether text is one. That takes a tenth of
// the time.
func (r *reader) alignPlain(tape *aligned, text string) bool {
	if r.Clean || r.StripAccents != KeepAccents || r.Analyzer == Word && !(r.plainWords() && r.NgramMax == 1) || !isASCII(text) {
		return false
	}
	tape.text = appendTape(tape.text[:0], text, &r.chars)
	around := one(r.Analyzer == CharWB) // spaces around the text
	if len(tape.text) != len(text)+2*around {
		return false
	}
	tape.from = slices.Grow(tape.from[:0], len(tape.text))[:len(tape.text)]
	for i := range tape.from {
		tape.from[i] = int32(i - around)
	}
	if around > 0 {
		tape.from[0] = 0
		tape.from[len(tape.from)-1]--
	}
	return true
}

func (r *reader) alignLower(dst *aligned, text string) {
	var buffer [utf8.UTFMax * 2]byte
	character := int32(0)
	for i, c := range text {
		lower := buffer[:0]
		switch {
		case !r.Lowercase:
			lower = utf8.AppendRune(lower, c)
		case c < utf8.RuneSelf:
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			lower = append(lower, byte(c))
		default:
			lower, _ = appendLowerRune(lower, text, i)
		}
		dst.append(character, lower...)
		character++
	}
}

// alignClean aligns what [appendClean] does. A character of a stem comes from the one in
// its place in the word; a space from the character behind the piece before it.
func alignClean(dst, src *aligned, stem bool) {
	behind := 0
	cleanPieces(src.text, func(lo, hi, end int) {
		if behind > 0 {
			dst.append(src.from[behind], ' ')
		}
		behind = end
		if !stem {
			dst.appendPiece(src, lo, hi)
			return
		}
		for i, c := range []byte(english.Stem(string(src.text[lo:hi]), true)) {
			dst.append(src.from[min(lo+i, max(lo, hi-1))], c)
		}
	})
}

func alignStripped(dst, src *aligned, accents Accents) {
	var buffer [64]byte
	for i := 0; i < len(src.text); {
		stripped, size := appendStrippedRune(buffer[:0], src.text[i:], accents)
		dst.append(src.from[i], stripped...)
		i += size
	}
}

// alignChars aligns the tape of char: of two or more blanks a space is left.
func alignChars(dst, src *aligned) {
	for i := 0; i < len(src.text); {
		end := spaceEnd(src.text, i)
		switch _, size := utf8.DecodeRune(src.text[i:]); {
		case end > i+size:
			dst.append(src.from[i], ' ')
			i = end
		default:
			dst.appendPiece(src, i, i+size)
			i += size
		}
	}
}

// alignWords aligns the tape of char_wb. The spaces around a word come from the blanks
// there, or, where there are none, from the word's first or last character.
func alignWords(dst, src *aligned, padding int) {
	i := spaceEnd(src.text, 0)
	before := max(0, i-1) // the blank before the word, or else the word's first byte
	for i < len(src.text) {
		if len(dst.text) == 0 || padding == 2 {
			dst.append(src.from[before], ' ')
		}
		word := i
		for i < len(src.text) && spaceEnd(src.text, i) == i {
			_, size := utf8.DecodeRune(src.text[i:])
			i += size
		}
		dst.appendPiece(src, word, i)
		dst.append(src.from[min(i, len(src.text)-1)], ' ')
		i = spaceEnd(src.text, i)
		before = i - 1
	}
}

// spaceEnd returns the end of the white space in text that begins at i.
func spaceEnd(text []byte, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRune(text[i:])
		if !isSpace(r) {
			break
		}
		i += size
	}
	return i
}

// alignTokens aligns the tape of word. The space behind a word comes from the word's last
// character.
func (r *reader) alignTokens(dst, src *aligned) {
	last := int32(0)
	r.words(new(matches), src.text, func(lo, hi int) {
		dst.appendPiece(src, lo, hi)
		if hi > lo {
			last = src.from[hi-1]
		}
		dst.append(last, ' ')
	})
}
