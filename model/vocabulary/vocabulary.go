// Package vocabulary finds the n-grams of a vocabulary on the tape of a text, and adds up what
// each adds to the scores of a linear classifier.
//
// To find your way: a [Trie] finds n-grams of any length, all of them in one walk, which is
// in walk.go. A [WordTable] finds single words. Both have a row of numbers for each node,
// which rows.go adds up. occurrences.go finds the n-grams one by one, for explanations.
package vocabulary

import "tagifai/model/tfidf"

// A Source is what a [Trie] and a [WordTable] are made of. They keep the vocabulary at
// most.
type Source struct {
	Vectorizer tfidf.Vectorizer // its Norm is what the vector is divided by
	NGrams     tfidf.Vocabulary
	IDF        []float64 // of each n-gram; nil if all are 1
	// Coefficients are Rows rows of numbers, one for each n-gram.
	Coefficients []float64
	Rows         int
	Stride       int // from the first coefficient of a row to that of the next
}
