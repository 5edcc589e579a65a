package model

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Accents says what becomes of accents, after the text was put in lower case. The
// names are those of scikit-learn's strip_accents.
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
// itself: combining characters are left out, so that their order is of no matter.
func appendStripped(dst, text []byte, accents Accents) []byte {
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			dst, text = append(dst, text[0]), text[1:]
			continue
		}
		_, size := utf8.DecodeRune(text)
		from := len(dst)
		dst = norm.NFKD.Append(dst, text[:size]...)
		text = text[size:]
		kept := dst[:from]
		for decomposed := dst[from:]; len(decomposed) > 0; {
			_, size := utf8.DecodeRune(decomposed)
			if size == 1 || accents == Unicode && norm.NFKD.Properties(decomposed).CCC() == 0 {
				kept = append(kept, decomposed[:size]...)
			}
			decomposed = decomposed[size:]
		}
		dst = kept
	}
	return dst
}
