package tfidf

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Accents says what becomes of accents. That is done after the text was put in lower case.
// The names are those of scikit-learn's strip_accents.
type Accents string

// The values of Accents.
const (
	KeepAccents Accents = ""
	// Unicode decomposes the text (NFKD) and leaves out all combining characters.
	Unicode Accents = "unicode"
	// ASCII decomposes the text and leaves out all that is not ASCII.
	ASCII Accents = "ascii"
)

// appendStripped appends text without accents to dst. It decomposes each code point by
// itself. As combining characters are left out, their order does not matter.
func appendStripped(dst, text []byte, accents Accents) []byte {
	for len(text) > 0 {
		size := 1
		if text[0] < utf8.RuneSelf {
			dst = append(dst, text[0])
		} else {
			dst, size = appendStrippedRune(dst, text, accents)
		}
		text = text[size:]
	}
	return dst
}

// appendStrippedRune appends the first code point of text without accents, and returns its
// size.
func appendStrippedRune(dst, text []byte, accents Accents) ([]byte, int) {
	var hangul [9]byte
	r, whole := utf8.DecodeRune(text)
	decomposed := norm.NFKD.Properties(text).Decomposition()
	switch {
	case firstHangul <= r && r <= lastHangul: // which package norm decomposes elsewhere
		decomposed = appendHangul(hangul[:0], r)
	case decomposed == nil:
		decomposed = text[:whole]
	}
	for len(decomposed) > 0 {
		_, size := utf8.DecodeRune(decomposed)
		if size == 1 || accents == Unicode && norm.NFKD.Properties(decomposed).CCC() == 0 {
			dst = append(dst, decomposed[:size]...)
		}
		decomposed = decomposed[size:]
	}
	return dst, whole
}

const firstHangul, lastHangul = 0xAC00, 0xD7A3

// appendHangul appends the parts of a Hangul syllable (Unicode, section 3.12).
func appendHangul(dst []byte, r rune) []byte {
	const l, v, t, vowels, trailing = 0x1100, 0x1161, 0x11A7, 21, 28
	r -= firstHangul
	dst = utf8.AppendRune(dst, l+r/(vowels*trailing))
	dst = utf8.AppendRune(dst, v+r%(vowels*trailing)/trailing)
	if last := r % trailing; last > 0 {
		dst = utf8.AppendRune(dst, t+last)
	}
	return dst
}
