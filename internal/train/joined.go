package train

import (
	"slices"

	"tagifai/internal/dataset"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// A joined is vectors that have joined a block of a union, that of single words.
//
// Let x(w) be the element of word w in a text's vector of the block of words: its tf × idf,
// divided by the norm of the block. While a model is fitted, the text has these columns
// more, where v(w) is the vector of w:
//
//	u = vector_weight × sum over w of x(w) × v(w)
//
// With the coefficients c(w) of the words and C of u, the score of the text has the terms
//
//	sum over w of x(w) × c(w)  +  u · C  =  sum over w of x(w) × (c(w) + vector_weight × v(w) · C)
//
// so the columns of u can be folded into the coefficients of the words, which leaves the
// model as it is without vectors. The words of the file are in the vocabulary from the
// start, with the idf of an n-gram that no text has. The norm of the block counts them, and
// so the equation holds for texts that have such words, too.
type joined struct {
	*dataset.Vectors
	block  int
	weight float64
	number []int // of the vector of each column of the block, -1 for none
}

// blockOfWords returns the first block of single words, -1 if there is none.
func blockOfWords(blocks []linear.Block) int {
	return slices.IndexFunc(blocks, func(b linear.Block) bool {
		return b.Vectorizer.Analyzer == tfidf.Word && b.Vectorizer.NgramMax == 1
	})
}

// sum sets dst to weight × the sum of the vectors of a text's words, each times the
// word's value.
func (j *joined) sum(dst []float64, columns []int32, values []float64) {
	clear(dst)
	for i, c := range columns {
		if n := j.number[c]; n >= 0 {
			x := j.weight * values[i]
			for d, y := range j.Vector(n) {
				dst[d] += x * y
			}
		}
	}
}

// fold folds the coefficients of the vectors into those of the words. It takes and returns
// coefficients row by row. The columns of the block begin at first.
func (j *joined) fold(coefficients []float64, features, first int) []float64 {
	var folded []float64
	for row := range slices.Chunk(coefficients, features) {
		words, own := row[:features-j.Dimensions], row[features-j.Dimensions:]
		at := len(folded)
		folded = append(folded, words...)
		for c, n := range j.number {
			if n < 0 {
				continue
			}
			product := 0.0
			for d, y := range j.Vector(n) {
				product += y * own[d]
			}
			folded[at+first+c] += j.weight * product
		}
	}
	return folded
}

// wordsOf returns the words with vectors that a block of single words can find in a text.
func wordsOf(v *dataset.Vectors, params *tfidf.Vectorizer) []string {
	reader, err := tfidf.NewReader(*params)
	if err != nil {
		panic(err) // the parameters are valid
	}
	var scratch tfidf.Scratch
	var found []string
	for _, word := range v.Words {
		n, same := 0, false
		for token := range reader.NGrams(&scratch, word) {
			n++
			same = string(token) == word
		}
		if n == 1 && same {
			found = append(found, word)
		}
	}
	return found
}
