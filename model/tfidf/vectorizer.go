// Package tfidf reads texts as scikit-learn's TfidfVectorizer does: its parameters, the
// n-grams that its analyzers make of a text, and how they are weighted. It knows neither
// a vocabulary nor weights.
//
// To find your way: vectorizer.go has the parameters. A [Reader] makes a tape of a text: the
// bytes on which all its n-grams lie. That is tape.go. text.go puts the text in lower case,
// clean.go cleans it, and accents.go takes its accents away. For n-grams of words,
// translate.go rewrites the token pattern for package regexp/syntax, tokens.go compiles it,
// and match.go finds the words. align.go makes the same tape for explanations, and ngrams.go
// takes the n-grams off it for training. norm.go has term frequencies and norms.
package tfidf

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// An Analyzer says what n-grams are made of. The names are scikit-learn's.
type Analyzer string

// The analyzers.
const (
	// Char makes n-grams of code points, over the whole text.
	Char Analyzer = "char"
	// CharWB makes n-grams of code points inside words. Each word is padded with a space
	// on both sides.
	CharWB Analyzer = "char_wb"
	// Word makes n-grams of words: runs of two or more letters, numbers and
	// underscores.
	Word Analyzer = "word"
)

// A Vectorizer holds the parameters of a TF-IDF vectorizer; they mean what they
// mean in scikit-learn's TfidfVectorizer. What is fitted, the vocabulary and its
// idf, is kept elsewhere.
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

// Validate returns an error that says what is wrong with the parameters, if anything is.
func (v *Vectorizer) Validate() error {
	switch v.Analyzer {
	case Char, CharWB, Word:
	default:
		return fmt.Errorf("analyzer: %q is not supported, only %q, %q and %q", v.Analyzer, Char, CharWB, Word)
	}
	if err := v.Norm.Validate(); err != nil {
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
	return v.validateStopWords()
}

func (v *Vectorizer) validateStopWords() error {
	invalid := func(word string) bool { return !utf8.ValidString(word) }
	if i := slices.IndexFunc(v.StopWords, invalid); i >= 0 {
		return fmt.Errorf("stop_words: number %d, %q, is not valid UTF-8", i, v.StopWords[i])
	}
	seen := make(map[string]bool, len(v.StopWords))
	for i, word := range v.StopWords {
		if seen[word] {
			return fmt.Errorf("stop_words: %q occurs twice, the second time as number %d", word, i)
		}
		seen[word] = true
	}
	return nil
}
