package model

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

// appendClean appends text, which is valid UTF-8, as the course cleans it: without
// stop words, then with one space for every run of anything but the letters and
// digits of ASCII, none at the ends, then without the words' parts that begin with
// "http" and go on; lastly stemmed, if asked for. A word that is a link whole leaves
// the spaces on both sides of it.
//
// The steps are those of clean_text in the Made With ML course; a stop word is a
// whole run of \w there, so the text is read run by run here.
func appendClean(dst, text []byte, stem bool) []byte {
	pieces := 0
	for len(text) > 0 {
		run := text[:wordEnd(text)]
		if len(run) == 0 {
			_, size := utf8.DecodeRune(text)
			text = text[size:]
			continue
		}
		text = text[len(run):]
		if stopWords[string(run)] {
			continue
		}
		for piece := range bytes.FieldsFuncSeq(run, isNotAlphanumeric) {
			if pieces > 0 {
				dst = append(dst, ' ')
			}
			pieces++
			if i := bytes.Index(piece, http); i >= 0 && i+len(http) < len(piece) {
				piece = piece[:i]
			}
			if stem {
				dst = append(dst, english.Stem(string(piece), true)...)
			} else {
				dst = append(dst, piece...)
			}
		}
	}
	return dst
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

func isNotAlphanumeric(r rune) bool {
	return r >= utf8.RuneSelf || r == '_' || !isWord(r)
}
