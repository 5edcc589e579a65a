// Package vocabulary finds the n-grams of a vocabulary on the tape of a text, and adds up what
// each adds to the scores of a linear classifier.
//
// To find your way: a [Trie], made in trie.go, finds n-grams of any length. walk.go finds all
// those of a tape in one walk, and repeats.go weighs those that occur several times. A
// [WordTable], in words.go, finds single words. Both have rows of numbers, which rows.go adds
// up. occurrences.go says which n-grams a walk met, and where, for explanations.
package vocabulary

import "tagifai/model/tfidf"

// A Source is what a [Trie] and a [WordTable] are made of. They keep no reference to it.
type Source struct {
	Vectorizer tfidf.Vectorizer // its Norm is what the vector is divided by
	NGrams     []string
	IDF        []float64 // of each n-gram; nil if all are 1
	// Coefficients are Rows rows of numbers, one for each n-gram.
	Coefficients []float64
	Rows         int
	Stride       int // from the first coefficient of a row to that of the next
}
