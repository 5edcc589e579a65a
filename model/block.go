package model

import (
	"errors"
	"sync"

	"tagifai/model/linear"
	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// A block is a [linear.Block] that is ready to read texts.
type block struct {
	reader tfidf.Reader
	trie   *vocabulary.Trie
	words  *vocabulary.WordTable // takes the place of the trie if the n-grams are single words
	weight float64
	// follows says that the words are found on the tape of the block before, which is in
	// the scratch: a seventh of the time of the default model, and 5 % of an explanation's.
	follows bool
	// divides says whether the vector is divided by its norm. If not, the norm is that
	// of several blocks, to which this one adds.
	divides bool
}

// manyNGrams is how many n-grams are worth a goroutine. To wake another core takes as long
// as to place some thousands, and the two get in each other's way when both take memory.
const manyNGrams = 100_000

// newBlocks makes the blocks of the weights, large ones side by side.
func newBlocks(w *linear.Weights) ([]block, error) {
	blocks, errs := make([]block, len(w.Blocks)), make([]error, len(w.Blocks))
	var all sync.WaitGroup
	column := 0
	for i := range blocks {
		first, n := column, w.Blocks[i].NGrams.Len()
		column += n
		if i < len(blocks)-1 && n >= manyNGrams {
			all.Go(func() { blocks[i], errs[i] = newBlock(w, i, first) })
		} else {
			blocks[i], errs[i] = newBlock(w, i, first)
		}
	}
	all.Wait()
	for i := 1; i < len(blocks); i++ {
		blocks[i].follows = blocks[i].reader.Follows(&blocks[i-1].reader)
	}
	return blocks, errors.Join(errs...)
}

// newBlock makes a block of the i-th of the weights, the coefficients of which begin at
// a column.
func newBlock(w *linear.Weights, i, column int) (block, error) {
	b := &w.Blocks[i]
	v := b.Vectorizer
	divides := v.Norm != tfidf.NoNorm
	if !divides {
		v.Norm = w.Norm
	}
	reader, err := tfidf.NewReader(v)
	if err != nil {
		return block{}, err
	}
	source := vocabulary.Source{
		Vectorizer:   v,
		NGrams:       b.NGrams,
		IDF:          b.IDF,
		Coefficients: w.Coefficients[min(column, len(w.Coefficients)):],
		Rows:         len(w.Intercepts),
		Stride:       w.Features(),
	}
	made := block{reader: *reader, weight: b.Weight, divides: divides}
	if reader.SingleWords() {
		made.words = vocabulary.NewWordTable(&source)
		return made, nil
	}
	made.trie, err = vocabulary.NewTrie(&source)
	return made, err
}

// add adds to totals the block's rows of the n-grams of text, each times its tf, and of a
// norm of l2 times its square. What becomes the norm is the first of the totals.
func (b *block) add(s *scratch, w *vocabulary.Scratch, totals []float64, text string) {
	switch {
	case b.words == nil:
		b.trie.Add(w, totals, b.reader.Tape(&s.text, text))
	case b.follows: // the tape is there
		bounds := s.text.Words()
		b.words.Add(w, totals, s.text.Tape, bounds)
	default:
		bounds := b.reader.Words(&s.text, text)
		b.words.Add(w, totals, s.text.Tape, bounds)
	}
}

// factor returns what the block's sums are multiplied by, if own is the last of them, and
// what is left of own then.
func (b *block) factor(own float64) (factor, left float64) {
	if !b.divides {
		return b.weight, own
	}
	return b.weight / b.reader.Norm.Of(own), float64(one(own > 0))
}
