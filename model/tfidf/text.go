package tfidf

import (
	"unicode"
	"unicode/utf8"
)

// This file does with text what Python does: str.lower, str.isspace and the class \w of
// regular expressions. scikit-learn makes n-grams with these, so ours are the same. A byte
// that is not part of valid UTF-8 counts as U+FFFD, as it does when Go ranges over a string.

const (
	capitalSigma = 'Σ'
	finalSigma   = 'ς'
	dottedI      = 'İ' // the one code point whose lower case is two: i and U+0307
)

// appendLower appends text in lower case, as Python's str.lower has it.
func appendLower(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		var size int
		dst, size = appendLowerRune(dst, text, i)
		i += size
	}
	return dst
}

// appendLowerRune appends the code point of text at i in lower case, and returns its
// size in text.
func appendLowerRune(dst []byte, text string, i int) ([]byte, int) {
	r, size := utf8.DecodeRuneInString(text[i:])
	switch {
	case r == capitalSigma && isFinal(text[:i], text[i+size:]):
		return utf8.AppendRune(dst, finalSigma), size
	case r == dottedI:
		return append(dst, "i\u0307"...), size
	}
	return utf8.AppendRune(dst, unicode.ToLower(r)), size
}

// appendValid appends text with U+FFFD in place of what is not UTF-8.
func appendValid(dst []byte, text string) []byte {
	if utf8.ValidString(text) {
		return append(dst, text...)
	}
	for _, r := range text {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// isFinal reports whether a sigma between before and after ends a word (Unicode, section
// 3.13, table 3-17). The next code point before it that is not case-ignorable has to be
// cased, and the next one behind it must not be.
func isFinal(before, after string) bool {
	return nextIsCased(before, utf8.DecodeLastRuneInString, func(s string, size int) string { return s[:len(s)-size] }) &&
		!nextIsCased(after, utf8.DecodeRuneInString, func(s string, size int) string { return s[size:] })
}

func nextIsCased(s string, decode func(string) (rune, int), rest func(string, int) string) bool {
	for s != "" {
		r, size := decode(s)
		if !isCaseIgnorable(r) {
			return isCased(r)
		}
		s = rest(s, size)
	}
	return false
}

func isCased(r rune) bool {
	return unicode.In(r, unicode.Ll, unicode.Lu, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// isCaseIgnorable reports whether a code point has Unicode's property Case_Ignorable: marks,
// format characters, modifiers, and the punctuation that occurs inside words.
func isCaseIgnorable(r rune) bool {
	switch r {
	case '\'', '.', ':', '·', '\u0387', '\u055F', '\u05F4', '\u2018', '\u2019', '\u2024', '\u2027',
		'\uFE13', '\uFE52', '\uFE55', '\uFF07', '\uFF0E', '\uFF1A':
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}

// isSpace reports whether a code point is white space: what str.isspace and \s do in Python.
func isSpace(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r == ' ' || '\t' <= r && r <= '\r' || 0x1C <= r && r <= 0x1F
	case 0x2000 <= r && r <= 0x200A:
		return true
	}
	switch r {
	case 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
		return true
	}
	return false
}

// isWord reports whether a code point is in the class \w of Python's regular expressions: a
// letter, a number or the underscore, but no mark.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}
