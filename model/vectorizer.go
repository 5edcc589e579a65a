package model

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// An Analyzer says what n-grams are made of. The names are scikit-learn's.
type Analyzer string

// The analyzers.
const (
	// Char makes n-grams of code points, over the whole text.
	Char Analyzer = "char"
	// CharWB makes n-grams of code points inside words, each padded with a space on
	// both sides.
	CharWB Analyzer = "char_wb"
	// Word makes n-grams of words: runs of two or more letters, numbers and
	// underscores.
	Word Analyzer = "word"
)

// A Norm is what the TF-IDF vector of a text is divided by.
type Norm string

// The norms.
const (
	L2     Norm = "l2"
	L1     Norm = "l1"
	NoNorm Norm = "none"
)

// A Vectorizer holds the parameters of a TF-IDF vectorizer; they mean what they
// mean in scikit-learn's TfidfVectorizer. What is fitted, the vocabulary and its
// idf, is in [Weights].
type Vectorizer struct {
	Analyzer           Analyzer
	NgramMin, NgramMax int  // n-gram lengths, both included, in code points or words
	Lowercase          bool // lower-case first, as Python's str.lower
	Norm               Norm
	UseIDF             bool // else every idf is 1
	SublinearTF        bool // 1 + ln(count) in place of the count
	Binary             bool // 1 in place of the count
	Clean              bool // before all else, clean the text as the course does
	Stem               bool // and reduce its words to their stems (Snowball English)
	StripAccents       Accents

	// Of n-grams of words.
	TokenPattern string   // of Python's re; "" for [DefaultTokenPattern]
	StopWords    []string // words that are left out
}

// Validate says what is wrong with the parameters, if anything is.
func (v *Vectorizer) Validate() error {
	switch v.Analyzer {
	case Char, CharWB, Word:
	default:
		return fmt.Errorf("analyzer: %q is not supported, only %q, %q and %q", v.Analyzer, Char, CharWB, Word)
	}
	if err := v.Norm.validate(); err != nil {
		return err
	}
	if v.NgramMin < 1 || v.NgramMax < v.NgramMin {
		return fmt.Errorf("n-gram range: (%d, %d) is none; 1 <= min <= max is wanted", v.NgramMin, v.NgramMax)
	}
	if v.Stem && !v.Clean {
		return errors.New("stem: words are only stemmed where the text is cleaned")
	}
	switch v.StripAccents {
	case KeepAccents, ASCII, Unicode:
	default:
		return fmt.Errorf("strip_accents: %q is not supported, only %q and %q", v.StripAccents, ASCII, Unicode)
	}
	if v.Analyzer != Word && (v.TokenPattern != "" || v.StopWords != nil) {
		return fmt.Errorf("token_pattern and stop_words: they are of analyzer %q, not of %q", Word, v.Analyzer)
	}
	if _, err := parseTokens(v.TokenPattern); err != nil {
		return fmt.Errorf("token_pattern: %w", err)
	}
	return distinct("stop_words", len(v.StopWords), slices.All(v.StopWords))
}

func (n Norm) validate() error {
	switch n {
	case L1, L2, NoNorm:
		return nil
	}
	return fmt.Errorf("norm: %q is not supported, only %q, %q and %q", n, L1, L2, NoNorm)
}

// A reader is a Vectorizer that is ready to read texts.
type reader struct {
	Vectorizer
	tokens *tokens
	stop   map[string]struct{} // StopWords; nil if there are none
	chars  Vectorizer          // of characters, which is char for words
	late   Vectorizer          // the same without Lowercase, for what is in lower case already
}

func (v *Vectorizer) reader() (*reader, error) {
	tokens, err := parseTokens(v.TokenPattern)
	if err != nil {
		return nil, fmt.Errorf("token_pattern: %w", err)
	}
	r := &reader{Vectorizer: *v, tokens: tokens, chars: *v}
	if v.Analyzer == Word {
		r.chars.Analyzer = Char
	}
	r.late = r.chars
	r.late.Lowercase = false
	if len(v.StopWords) > 0 {
		r.stop = make(map[string]struct{}, len(v.StopWords))
		for _, word := range v.StopWords {
			r.stop[word] = struct{}{}
		}
	}
	return r, nil
}

// plainWords reports whether words are those of \w\w+, all of them.
func (r *reader) plainWords() bool { return r.tokens == nil && r.stop == nil }

// NGrams yields every n-gram of text, as often as it occurs. A yielded slice is
// valid until the next one. The parameters have to be valid.
func (v *Vectorizer) NGrams(text string) iter.Seq[[]byte] {
	split, err := v.Splitter()
	if err != nil {
		return func(func([]byte) bool) {}
	}
	return split(text)
}

// Splitter returns a function that does what [Vectorizer.NGrams] does, and prepares for it
// once. It is not safe for concurrent use.
func (v *Vectorizer) Splitter() (func(text string) iter.Seq[[]byte], error) {
	r, err := v.reader()
	if err != nil {
		return nil, err
	}
	s := new(scratch)
	return func(text string) iter.Seq[[]byte] { return r.ngrams(s, text) }, nil
}

func (r *reader) ngrams(s *scratch, text string) iter.Seq[[]byte] {
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

// key returns the bytes under which an n-gram of the vocabulary is met on a tape,
// and false if no text has that n-gram.
func (v *Vectorizer) key(ngram string) (string, bool) {
	if v.Analyzer == Word {
		// The space keeps "deep" from being met in "deeper".
		words := 1 + strings.Count(ngram, " ")
		return ngram + " ", v.NgramMin <= words && words <= v.NgramMax
	}
	n := utf8.RuneCountInString(ngram)
	inRange := v.NgramMin <= n && n <= v.NgramMax
	if v.Analyzer == Char {
		return ngram, inRange
	}
	if ngram == " " {
		return ngram, inRange
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(ngram, " "), " ")
	if inner == "" || strings.Contains(inner, " ") {
		return ngram, false // no word has a space inside
	}
	// A padded word that is shorter than every n-gram gives itself.
	whole := len(inner) == len(ngram)-2
	return ngram, inRange || whole && n < v.NgramMin
}
