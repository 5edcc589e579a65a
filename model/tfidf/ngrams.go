package tfidf

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf8"
)

// NGrams yields every n-gram of text, as often as it occurs. A yielded slice is valid until
// the next one. The parameters have to be valid.
//
// For many texts, [Reader.NGrams] prepares but once.
func (v *Vectorizer) NGrams(text string) iter.Seq[[]byte] {
	r, err := NewReader(*v)
	if err != nil {
		return func(func([]byte) bool) {}
	}
	return r.NGrams(new(Scratch), text)
}

// NGrams yields every n-gram of text, as often as it occurs. A yielded slice is valid until
// the next one. It leaves the tape of text in s.Tape, with nothing behind it.
func (r *Reader) NGrams(s *Scratch, text string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		v := &r.Vectorizer
		tape := r.tape(s, text)
		switch v.Analyzer {
		case Char:
			v.windows(tape, yield)
		case CharWB:
			for len(tape) > 1 {
				end := 1 + bytes.IndexByte(tape[1:], ' ') // of the word; its second space
				word := tape[:end+1]
				if utf8.RuneCount(word) < v.NgramMin {
					if !yield(word) {
						return
					}
				} else if !v.windows(word, yield) {
					return
				}
				tape = tape[end+v.padding()-1:]
			}
		case Word:
			v.windows(tape, func(words []byte) bool { return yield(bytes.TrimSuffix(words, space)) })
		}
	}
}

var space = []byte{' '}

// windows yields the runs of NgramMin to NgramMax units of tape, and reports
// whether the consumer wants more.
func (v *Vectorizer) windows(tape []byte, yield func([]byte) bool) bool {
	for start := 0; start < len(tape); start = v.unitEnd(tape, start) {
		end := start
		for n := 1; n <= v.NgramMax && end < len(tape); n++ {
			end = v.unitEnd(tape, end)
			if n >= v.NgramMin && !yield(tape[start:end]) {
				return false
			}
		}
	}
	return true
}

// unitEnd returns the end of the unit of tape that starts at i: a code point, or a
// word with the space behind it.
func (v *Vectorizer) unitEnd(tape []byte, i int) int {
	if v.Analyzer == Word {
		return i + bytes.IndexByte(tape[i:], ' ') + 1
	}
	_, size := utf8.DecodeRune(tape[i:])
	return i + size
}

// Meets reports whether a text can have an n-gram of the vocabulary. Words are met with a
// space behind them.
func (v *Vectorizer) Meets(ngram string) bool {
	if v.Analyzer == Word {
		words := 1 + strings.Count(ngram, " ")
		return v.NgramMin <= words && words <= v.NgramMax
	}
	n, spaces := 0, 0 // characters, and those of them that are spaces
	for i := range len(ngram) {
		if utf8.RuneStart(ngram[i]) {
			n++
		}
		if ngram[i] == ' ' {
			spaces++
		}
	}
	inRange := v.NgramMin <= n && n <= v.NgramMax
	if v.Analyzer == Char || ngram == " " {
		return inRange
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(ngram, " "), " ")
	if inner == "" || spaces > len(ngram)-len(inner) {
		return false // no word has a space inside
	}
	// A padded word that is shorter than every n-gram gives itself.
	whole := len(inner) == len(ngram)-2
	return inRange || whole && n < v.NgramMin
}
