package tfidf

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// stopWords are the English stop words of NLTK that the course removes, without
// those that hold an apostrophe: of "don't" its expression meets "don" first.
var stopWords = func() map[string]bool {
	words := make(map[string]bool)
	for word := range strings.FieldsSeq(`
		i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her
		hers herself it its itself they them their theirs themselves what which who whom this that these
		those am is are was were be been being have has had having do does did doing a an the and but if or
		because as until while of at by for with about against between into through during before after
		above below to from up down in out on off over under again further then once here there when where
		why how all any both each few more most other some such no nor not only own same so than too very s
		t can will just don should now d ll m o re ve y ain aren couldn didn doesn hadn hasn haven isn ma
		mightn mustn needn shan shouldn wasn weren won wouldn`) {
		words[word] = true
	}
	return words
}()

// appendClean appends text, which is valid UTF-8, as the Made With ML course cleans it:
//
//   - Stop words are removed.
//   - Each run of anything but the letters and digits of ASCII becomes one space, and is
//     removed at both ends of the text.
//   - Links are removed: what begins with "http" and goes on, to the end of its word. The
//     spaces on both sides of it stay.
//   - Words are stemmed, if stem is set.
//
// The steps are those of clean_text in the course. A stop word is a whole run of \w there,
// so the text is read run by run.
func appendClean(dst, text []byte, stem bool) []byte {
	first := true
	cleanPieces(text, func(lo, hi, _ int) {
		if !first {
			dst = append(dst, ' ')
		}
		first = false
		if stem {
			dst = append(dst, english.Stem(string(text[lo:hi]), true)...)
		} else {
			dst = append(dst, text[lo:hi]...)
		}
	})
	return dst
}

// cleanPieces yields the pieces that cleaning leaves of text. They go from lo to hi. A link
// that is cut off a piece goes from hi to end.
func cleanPieces(text []byte, yield func(lo, hi, end int)) {
	for i := 0; i < len(text); {
		size := wordEnd(text[i:])
		if size == 0 {
			_, size = utf8.DecodeRune(text[i:])
			i += size
			continue
		}
		run := text[i : i+size]
		if stopWords[string(run)] {
			run = nil
		}
		for lo := 0; lo < len(run); {
			end := lo
			for end < len(run) && isAlphanumeric(run[end]) {
				end++
			}
			if end == lo {
				lo++
				continue
			}
			hi := end
			if at := bytes.Index(run[lo:end], http); at >= 0 && lo+at+len(http) < end {
				hi = lo + at
			}
			yield(i+lo, i+hi, i+end)
			lo = end
		}
		i += size
	}
}

var http = []byte("http")

// wordEnd returns the length of the run of \w that text begins with.
func wordEnd(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if !isWord(r) {
			return i
		}
		i += size
	}
	return len(text)
}

// isAlphanumeric reports whether a byte is a letter or digit of ASCII.
func isAlphanumeric(c byte) bool { return c < utf8.RuneSelf && c != '_' && isWord(rune(c)) }
