package train

import (
	"fmt"
	"sync"

	"tagifai/internal/dataset"
	"tagifai/model/linear"
	"tagifai/model/vocabulary"
)

// A union is the fitted vectorizers of several blocks. Their vectors, each multiplied by
// the weight of its block, are put behind one another, as by scikit-learn's FeatureUnion.
type union struct {
	vectorizers []*vectorizer
	weights     []float64
	vectors     *joined // nil if there are none
}

// fitUnion learns the vocabulary and idf of each block. It also returns the matrix of the
// texts. Vectors, if they are not nil, join the first block of single words, with a weight.
func fitUnion(blocks []linear.Block, texts []string, vectors *dataset.Vectors, weight float64) (*union, *rows) {
	u := &union{vectorizers: make([]*vectorizer, len(blocks))}
	if vectors != nil {
		u.vectors = &joined{Vectors: vectors, block: blockOfWords(blocks), weight: weight}
	}
	parts := make([]*rows, len(blocks))
	var wg sync.WaitGroup
	for k, b := range blocks {
		var more []string
		if u.vectors != nil && k == u.vectors.block {
			more = wordsOf(vectors, &b.Vectorizer)
		}
		u.weights = append(u.weights, b.Weight)
		wg.Go(func() { u.vectorizers[k], parts[k] = fitVectorizer(b.Vectorizer, texts, more...) })
	}
	wg.Wait()
	if u.vectors != nil {
		for _, word := range u.vectorizers[u.vectors.block].ngrams {
			u.vectors.number = append(u.vectors.number, vectors.Find(word))
		}
	}
	return u, u.join(parts)
}

// transform returns the matrix of texts. It ignores n-grams outside the vocabularies.
func (u *union) transform(texts []string) *rows {
	parts := make([]*rows, len(u.vectorizers))
	var wg sync.WaitGroup
	for k, v := range u.vectorizers {
		wg.Go(func() { parts[k] = v.transform(texts) })
	}
	wg.Wait()
	return u.join(parts)
}

// join puts the matrices of the blocks beside one another.
func (u *union) join(parts []*rows) *rows {
	if len(parts) == 1 && u.vectors == nil {
		return parts[0]
	}
	size := 0
	for _, part := range parts {
		size += len(part.columns)
	}
	var sum []float64
	if u.vectors != nil {
		sum = make([]float64, u.vectors.Dimensions)
		size += parts[0].len() * len(sum)
	}
	joined := &rows{columns: make([]int32, 0, size), values: make([]float64, 0, size)}
	for i := range parts[0].len() {
		offset := int32(0)
		for k, part := range parts {
			columns, values := part.row(i)
			start := len(joined.values)
			for j, c := range columns {
				joined.columns = append(joined.columns, offset+c)
				joined.values = append(joined.values, values[j]*u.weights[k])
			}
			if u.vectors != nil && k == u.vectors.block {
				u.vectors.sum(sum, columns, joined.values[start:])
			}
			offset += int32(len(u.vectorizers[k].ngrams))
		}
		for d, x := range sum {
			joined.columns = append(joined.columns, offset+int32(d))
			joined.values = append(joined.values, x)
		}
		joined.ends = append(joined.ends, len(joined.columns))
	}
	return joined
}

// check makes sure that every block has n-grams.
func (u *union) check() error {
	for k, v := range u.vectorizers {
		if len(v.ngrams) > 0 {
			continue
		}
		at := ""
		if k > 0 {
			at = fmt.Sprintf("blocks.%d: ", k-1)
		}
		return fmt.Errorf("%sno text has an n-gram of analyzer %q, ngram_min_range %d and token_pattern %q; change these", at, v.Analyzer, v.NgramMin, v.TokenPattern)
	}
	return nil
}

// features returns the number of columns.
func (u *union) features() int {
	n := 0
	for _, v := range u.vectorizers {
		n += len(v.ngrams)
	}
	if u.vectors != nil {
		n += u.vectors.Dimensions
	}
	return n
}

// fold folds the columns of the vectors, if there are any, into those of the words.
func (u *union) fold(coefficients []float64) []float64 {
	if u.vectors == nil {
		return coefficients
	}
	first := 0
	for _, v := range u.vectorizers[:u.vectors.block] {
		first += len(v.ngrams)
	}
	return u.vectors.fold(coefficients, u.features(), first)
}

// blocks returns the blocks as the model holds them.
func (u *union) blocks() []linear.Block {
	var blocks []linear.Block
	for k, v := range u.vectorizers {
		blocks = append(blocks, linear.Block{Vectorizer: v.Vectorizer, Weight: u.weights[k], NGrams: vocabulary.New(v.ngrams...), IDF: v.idf})
	}
	return blocks
}
