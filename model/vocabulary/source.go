package vocabulary

import "tagifai/model/tfidf"

// A Source is what a [Trie] and a [WordTable] are made of. Of it a WordTable keeps the n-grams.
type Source struct {
	Vectorizer tfidf.Vectorizer // its Norm is what the vector is divided by
	NGrams     Vocabulary
	IDF        []float64 // of each n-gram; nil if all are 1
	// Coefficients are Rows rows of numbers, one for each n-gram.
	Coefficients []float64
	Rows         int
	Stride       int // from the first coefficient of a row to that of the next
}
