package tfidf

import (
	"slices"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// This file makes the tape of a text once more, more slowly, and keeps which character of
// the text each byte of the tape comes from. An explanation needs it; a prediction does not.
// FuzzAlign holds that both tapes are the same.

// An Aligned is a text on its way to the tape. The byte Text[i] comes from the character
// From[i] of the source, where characters are code points, counted from 0. The elements of
// From never descend.
type Aligned struct {
	Text       []byte
	From       []int32
	Characters int // of the source
}

// append appends bytes that all come from one character.
func (a *Aligned) append(from int32, bytes ...byte) {
	a.Text = append(a.Text, bytes...)
	for range bytes {
		a.From = append(a.From, from)
	}
}

// appendPiece appends the bytes from lo to hi of another text.
func (a *Aligned) appendPiece(of *Aligned, lo, hi int) {
	a.Text = append(a.Text, of.Text[lo:hi]...)
	a.From = append(a.From, of.From[lo:hi]...)
}

func (a *Aligned) reset(size int) {
	a.Text = slices.Grow(a.Text[:0], size)
	a.From = slices.Grow(a.From[:0], size)
}

// Align makes the tape of text, aligned, with two others to scribble on. Nothing is behind it.
// It is plain if all bytes but the spaces around words are characters of the text, and no
// character between two of a word is left out.
func (r *Reader) Align(tape, a, b *Aligned, text string) (plain bool) {
	return r.alignAs(r.Analyzer, tape, a, b, text)
}

// AlignWords is Align for the tape on which [Reader.Words] finds words.
func (r *Reader) AlignWords(tape, a, b *Aligned, text string) (plain bool) {
	return r.alignAs(r.ofWords(), tape, a, b, text)
}

// ofWords returns the analyzer of the tape of [Reader.Words].
func (r *Reader) ofWords() Analyzer {
	if r.plainWords() {
		return Char
	}
	return Word
}

func (r *Reader) alignAs(analyzer Analyzer, tape, a, b *Aligned, text string) (plain bool) {
	tape.Characters = len(text)
	if r.alignPlain(analyzer, tape, a, text) {
		return true
	}
	r.align(analyzer, tape, a, b, text)
	return false
}

func (r *Reader) align(analyzer Analyzer, tape, a, b *Aligned, text string) {
	a.reset(len(text) + 2)
	tape.Characters = r.alignLower(a, text)
	if r.Clean {
		b.reset(len(a.Text))
		alignClean(b, a, r.Stem)
		a, b = b, a
	}
	if r.StripAccents != KeepAccents {
		b.reset(len(a.Text))
		alignStripped(b, a, r.StripAccents)
		a = b
	}
	tape.reset(len(a.Text) + 2)
	switch analyzer {
	case Char:
		alignChars(tape, a)
	case CharWB:
		alignWords(tape, a, r.padding())
	case Word:
		r.alignTokens(tape, a)
	}
}

// alignPlain is Align for most texts, and reports whether text is one of them: ASCII, of
// which every character is one on the tape. That takes a fifth of the time.
func (r *Reader) alignPlain(analyzer Analyzer, tape, a *Aligned, text string) bool {
	if r.Clean || r.StripAccents != KeepAccents || analyzer == Word && !r.plainWords() || !isASCII(text) {
		return false
	}
	dst, around := tape, 0
	switch analyzer {
	case CharWB:
		if r.padding() > 1 {
			return false
		}
		around = 1 // space before the text, and one behind it
	case Word:
		dst = a
	}
	dst.Text = appendTape(dst.Text[:0], text, &r.chars)
	if len(dst.Text) != len(text)+2*around {
		return false
	}
	dst.From = slices.Grow(dst.From[:0], len(dst.Text))[:len(dst.Text)]
	for i := range dst.From {
		dst.From[i] = int32(i - around)
	}
	switch analyzer {
	case CharWB:
		dst.From[0] = 0
		dst.From[len(text)+1]--
	case Word:
		tape.reset(len(text) + 2)
		alignRuns(tape, a)
	}
	return true
}

// alignRuns aligns the runs of two or more characters of words, for ASCII.
func alignRuns(dst, src *Aligned) {
	for i := 0; i < len(src.Text); i++ {
		start := i
		for i < len(src.Text) && wordBytes[src.Text[i]] == 1 {
			i++
		}
		if i-start >= 2 {
			dst.appendPiece(src, start, i)
			dst.append(src.From[i-1], ' ')
		}
	}
}

func isASCII(text string) bool {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		if load(text, i)&0x8080808080808080 != 0 {
			return false
		}
	}
	for ; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// alignLower aligns what lowers the case, or nothing, and returns how many characters there are.
func (r *Reader) alignLower(dst *Aligned, text string) (characters int) {
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
	return int(character)
}

// alignClean aligns what [appendClean] does. A character of a stem comes from the one in
// its place in the word; a space from the character behind the piece before it.
func alignClean(dst, src *Aligned, stem bool) {
	behind := 0
	cleanPieces(src.Text, func(lo, hi, end int) {
		if behind > 0 {
			dst.append(src.From[behind], ' ')
		}
		behind = end
		if !stem {
			dst.appendPiece(src, lo, hi)
			return
		}
		for i, c := range []byte(english.Stem(string(src.Text[lo:hi]), true)) {
			dst.append(src.From[min(lo+i, max(lo, hi-1))], c)
		}
	})
}

func alignStripped(dst, src *Aligned, accents Accents) {
	var buffer [64]byte
	for i := 0; i < len(src.Text); {
		stripped, size := appendStrippedRune(buffer[:0], src.Text[i:], accents)
		dst.append(src.From[i], stripped...)
		i += size
	}
}

// alignChars aligns the tape of char: of two or more blanks a space is left.
func alignChars(dst, src *Aligned) {
	for i := 0; i < len(src.Text); {
		end := spaceEnd(src.Text, i)
		switch _, size := utf8.DecodeRune(src.Text[i:]); {
		case end > i+size:
			dst.append(src.From[i], ' ')
			i = end
		default:
			dst.appendPiece(src, i, i+size)
			i += size
		}
	}
}

// alignWords aligns the tape of char_wb. The spaces around a word come from the blanks
// there, or, where there are none, from the word's first or last character.
func alignWords(dst, src *Aligned, padding int) {
	i := spaceEnd(src.Text, 0)
	before := max(0, i-1) // the blank before the word, or else the word's first byte
	for i < len(src.Text) {
		if len(dst.Text) == 0 || padding == 2 {
			dst.append(src.From[before], ' ')
		}
		word := i
		for i < len(src.Text) && spaceEnd(src.Text, i) == i {
			_, size := utf8.DecodeRune(src.Text[i:])
			i += size
		}
		dst.appendPiece(src, word, i)
		dst.append(src.From[min(i, len(src.Text)-1)], ' ')
		i = spaceEnd(src.Text, i)
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
func (r *Reader) alignTokens(dst, src *Aligned) {
	last := int32(0)
	r.words(new(matches), src.Text, func(lo, hi int) {
		dst.appendPiece(src, lo, hi)
		if hi > lo {
			last = src.From[hi-1]
		}
		dst.append(last, ' ')
	})
}
