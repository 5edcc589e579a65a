// Package linear has the weights of a linear classifier over TF-IDF vectors, how its scores
// become probabilities, and the file that the weights are kept in.
//
// To find your way: weights.go is what is fitted. link.go and loss.go make probabilities of
// scores. file.go describes the weights file; metadata.go is its text and tensors.go its
// numbers. The layout of the file is that of package safetensors.
package linear

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// Weights are fitted vectorizers and a fitted linear classifier: all the numbers that
// a prediction is made of. V is the number of n-grams of all blocks together.
type Weights struct {
	// Blocks are one vectorizer, or those whose vectors are put behind one another.
	Blocks []Block
	// Norm is what the vector of several blocks is divided by. One block has a norm of
	// its own, and [tfidf.NoNorm] here.
	Norm tfidf.Norm
	// Links turn the scores of the rows into probabilities, each those of rows of its
	// own. The probabilities of several are averaged.
	Links   []Link
	Classes []string // in the order of the classifier's rows
	// Coefficients holds Rows × V numbers, row by row.
	Coefficients []float64
	// Intercepts holds a number for each row.
	Intercepts []float64
	// Provenance says where the weights come from: what the tool that made them
	// noted, under names of its own.
	Provenance map[string]string
	// Sources are files that the weights were read from, by their names. The artifact has
	// their SHA-256 as provenance, source_sha256_NAME, in their place: that takes a fifth of
	// the time to load, of which whoever only predicts is spared.
	Sources map[string][]byte `json:"-"`
	// Warnings are sentences about the file that the weights were read from, for whoever
	// uses them. They are not written.
	Warnings []string
}

// A Block is a fitted vectorizer.
type Block struct {
	Vectorizer tfidf.Vectorizer
	// Weight is what the vector of the text is multiplied by: 1 for a block alone.
	Weight float64
	// NGrams is the vocabulary, in the order of the columns, all different; the words
	// of an n-gram of words have one space between them.
	NGrams vocabulary.Vocabulary
	// IDF holds the inverse document frequency of each n-gram; nil if the vectorizer
	// uses none.
	IDF []float64
}

// Features returns V, the number of n-grams of all blocks together.
func (w *Weights) Features() int {
	n := 0
	for i := range w.Blocks {
		n += w.Blocks[i].NGrams.Len()
	}
	return n
}

// AllNGrams returns the n-grams of all blocks, in the order of the columns.
func (w *Weights) AllNGrams() []string {
	var all []string
	for i := range w.Blocks {
		all = append(all, w.Blocks[i].NGrams.Strings()...)
	}
	return all
}

// ownNGrams copies the n-grams, which a table of words keeps.
func (w *Weights) ownNGrams() {
	for i := range w.Blocks {
		w.Blocks[i].NGrams = w.Blocks[i].NGrams.Clone()
	}
}

// Rows returns the number of rows of coefficients that the links want.
func (w *Weights) Rows() int {
	rows := 0
	for i := range w.Links {
		rows += w.Links[i].Rows(len(w.Classes))
	}
	return rows
}

// HasProbabilities reports whether the links make probabilities. If not, the highest
// score decides.
func (w *Weights) HasProbabilities() bool {
	return !slices.ContainsFunc(w.Links, func(l Link) bool { return !l.hasProbabilities() })
}

// Validate returns an error that says what is wrong with the weights, if anything is: a
// shape, a NaN, an n-gram or a class that occurs twice.
func (w *Weights) Validate() error {
	if len(w.Classes) < 2 {
		return fmt.Errorf("classes: %d, at least 2 are wanted", len(w.Classes))
	}
	if err := distinct("classes", w.Classes); err != nil {
		return err
	}
	if i := slices.Index(w.Classes, ""); i >= 0 {
		return fmt.Errorf("classes: number %d has no name", i)
	}
	if err := w.validateBlocks(); err != nil {
		return err
	}
	if err := w.validateLinks(); err != nil {
		return err
	}
	rows, features := w.Rows(), w.Features()
	if err := numbers("coefficients", w.Coefficients, rows*features); err != nil {
		return err
	}
	return numbers("intercepts", w.Intercepts, rows)
}

func (w *Weights) validateBlocks() error {
	if len(w.Blocks) == 0 {
		return errors.New("blocks: there are none")
	}
	if err := w.Norm.Validate(); err != nil {
		return err
	}
	if len(w.Blocks) == 1 && (w.Norm != tfidf.NoNorm || w.Blocks[0].Weight != 1) {
		return fmt.Errorf("blocks: the only one has weight %v, and the norm of all is %q; 1 and %q are wanted", w.Blocks[0].Weight, w.Norm, tfidf.NoNorm)
	}
	for i := range w.Blocks {
		if err := w.Blocks[i].validate(w.Norm); err != nil {
			if len(w.Blocks) > 1 {
				return fmt.Errorf("block %d: %w", i, err)
			}
			return err
		}
	}
	if n := w.Features(); n > math.MaxInt32/2 {
		return fmt.Errorf("ngrams: %d are more than a model can hold", n)
	}
	return nil
}

func (b *Block) validate(outer tfidf.Norm) error {
	if err := b.Vectorizer.Validate(); err != nil {
		return err
	}
	if outer != tfidf.NoNorm && b.Vectorizer.Norm != tfidf.NoNorm && b.Vectorizer.Norm != outer {
		return fmt.Errorf("norm: %q, but the norm of all blocks is %q", b.Vectorizer.Norm, outer)
	}
	if err := numbers("weight", []float64{b.Weight}, 1); err != nil {
		return err
	}
	if !b.NGrams.Ascends() {
		if err := distinct("ngrams", b.NGrams.Strings()); err != nil {
			return err
		}
	}
	if b.Vectorizer.UseIDF {
		return numbers("idf", b.IDF, b.NGrams.Len())
	}
	if b.IDF != nil {
		return errors.New("idf: given, but the vectorizer uses none (use_idf is false)")
	}
	return nil
}

func (w *Weights) validateLinks() error {
	if len(w.Links) == 0 {
		return errors.New("links: there are none")
	}
	for i := range w.Links {
		l := &w.Links[i]
		if err := l.validate(len(w.Classes)); err != nil {
			if len(w.Links) > 1 {
				return fmt.Errorf("link %d: %w", i, err)
			}
			return err
		}
		if len(w.Links) > 1 && !l.hasProbabilities() {
			return fmt.Errorf("link %d: loss %q makes no probabilities, which are averaged", i, l.Loss)
		}
	}
	return nil
}

// distinct checks that names are valid UTF-8, and all different.
func distinct(field string, names []string) error {
	seen := make(map[string]struct{}, len(names))
	for i, name := range names {
		if !utf8.ValidString(name) {
			return fmt.Errorf("%s: number %d, %q, is not valid UTF-8", field, i, name)
		}
		seen[name] = struct{}{}
		if len(seen) == i {
			return fmt.Errorf("%s: %q occurs twice, the second time as number %d", field, name, i)
		}
	}
	return nil
}

// largest is the largest magnitude of a number: with it no score is infinite.
const largest = 1e100

func numbers(field string, values []float64, want int) error {
	if len(values) != want {
		return fmt.Errorf("%s: %d numbers, %d are wanted", field, len(values), want)
	}
	// Of the bits of two numbers that are not negative the higher are those of the higher
	// number, and of NaN. Without a branch for each, this is four times as fast.
	most, over := math.Float64bits(largest), uint64(0)
	for _, v := range values {
		over |= most - math.Float64bits(v)<<1>>1
	}
	if over>>63 == 0 {
		return nil
	}
	for i, v := range values {
		if !(math.Abs(v) <= largest) {
			return fmt.Errorf("%s: number %d is %v, not a finite number of a magnitude up to %g", field, i, v, largest)
		}
	}
	return nil
}
