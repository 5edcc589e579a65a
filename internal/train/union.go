package train

import (
	"fmt"
	"slices"
	"sync"

	"tagifai/model"
)

// A union is the fitted vectorizers of several blocks. Their vectors, each multiplied by
// the weight of its block, are put behind one another, as by scikit-learn's FeatureUnion.
type union struct {
	vectorizers []*vectorizer
	weights     []float64
}

// fitUnion learns the vocabulary and idf of each block. It also returns the matrix of the
// texts.
func fitUnion(blocks []model.Block, texts []string) (*union, *rows) {
	u := &union{vectorizers: make([]*vectorizer, len(blocks))}
	parts := make([]*rows, len(blocks))
	var wg sync.WaitGroup
	for k, b := range blocks {
		u.weights = append(u.weights, b.Weight)
		wg.Go(func() { u.vectorizers[k], parts[k] = fitVectorizer(b.Vectorizer, texts) })
	}
	wg.Wait()
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
	if len(parts) == 1 {
		return parts[0]
	}
	size := 0
	for _, part := range parts {
		size += len(part.columns)
	}
	joined := &rows{columns: make([]int32, 0, size), values: make([]float64, 0, size)}
	for i := range parts[0].len() {
		offset := int32(0)
		for k, part := range parts {
			columns, values := part.row(i)
			for j, c := range columns {
				joined.columns = append(joined.columns, offset+c)
				joined.values = append(joined.values, values[j]*u.weights[k])
			}
			offset += int32(len(u.vectorizers[k].ngrams))
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
	return n
}

// blocks returns the blocks as the model holds them.
func (u *union) blocks() []model.Block {
	var blocks []model.Block
	for k, v := range u.vectorizers {
		blocks = append(blocks, model.Block{Vectorizer: v.Vectorizer, Weight: u.weights[k], NGrams: slices.Clone(v.ngrams), IDF: v.idf})
	}
	return blocks
}
