package sklearn

import (
	"errors"
	"fmt"
	"slices"

	"tagifai/internal/pickle"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// Features are what the steps of a pipeline have made of a text so far. Each is an element
// of the vector of a block, times a number; or, once a TruncatedSVD has mixed them, a sum
// of such.
type features struct {
	blocks  []block
	outer   tfidf.Norm // what the vector of all blocks was divided by
	mix     *mix       // nil if nothing mixes the columns
	float32 bool       // scikit-learn reckons with fewer digits
	binary  bool       // each element that was above 0 counts as 1
}

// A block is a vectorizer, and what the steps behind it have made of the columns of its
// n-grams.
type block struct {
	linear.Block
	kept   []uint32  // the n-grams that have a column, in their order; nil if all have
	scales []float64 // of each column; nil if all are 1. It is not written to: the file may have it.
}

// columns is how many columns the block has.
func (b *block) columns() int {
	if b.kept == nil {
		return b.NGrams.Len()
	}
	return len(b.kept)
}

// scale is that of a column.
func (b *block) scale(column int) float64 {
	if b.scales == nil {
		return 1
	}
	return b.scales[column]
}

// ngram is the number of the n-gram of a column.
func (b *block) ngram(column int) int {
	if b.kept == nil {
		return column
	}
	return int(b.kept[column])
}

// multiply multiplies each column by a number.
func (b *block) multiply(by []float64) {
	if b.scales != nil {
		products := make([]float64, len(by))
		for i, x := range by {
			products[i] = b.scales[i] * x
		}
		by = products
	}
	b.scales = by
}

// keep leaves out the columns that are false in mask.
func (b *block) keep(mask []bool) {
	kept, scales := []uint32{}, []float64(nil)
	for i, keep := range mask {
		if !keep {
			continue
		}
		kept = append(kept, uint32(b.ngram(i)))
		if b.scales != nil {
			scales = append(scales, b.scales[i])
		}
	}
	b.kept, b.scales = kept, scales
}

// rebuild makes the scales of the columns part of the idf, and leaves out the n-grams that
// have no column.
func (b *block) rebuild() {
	idf := b.scales
	if b.IDF != nil {
		idf = make([]float64, b.columns())
		for i := range idf {
			idf[i] = b.scale(i) * b.IDF[b.ngram(i)]
		}
	}
	if b.kept != nil {
		b.NGrams = b.NGrams.Select(b.kept)
	}
	b.kept, b.scales, b.IDF = nil, nil, nil
	b.Vectorizer.UseIDF = slices.ContainsFunc(idf, func(x float64) bool { return x != 1 })
	if b.Vectorizer.UseIDF {
		b.IDF = idf
	}
}

// A mix has a row for each feature that it makes of the columns: the feature is the
// product of row and columns, plus an offset.
type mix struct {
	rows    [][]float64
	offsets []float64
}

// count is the number of features that the next step sees.
func (f *features) count() int {
	if f.mix != nil {
		return len(f.mix.rows)
	}
	return f.columns()
}

// columns is how many columns all blocks have.
func (f *features) columns() int {
	n := 0
	for i := range f.blocks {
		n += f.blocks[i].columns()
	}
	return n
}

// newFeatures are those of a vectorizer.
func newFeatures(b linear.Block) *features {
	return &features{blocks: []block{{Block: b}}, outer: tfidf.NoNorm}
}

// scaled reports whether a column has a scale other than 1.
func (f *features) scaled() bool {
	return slices.ContainsFunc(f.blocks, func(b block) bool {
		return slices.ContainsFunc(b.scales, func(x float64) bool { return x != 1 })
	})
}

// scale multiplies each feature by a number. It keeps the numbers.
func (f *features) scale(by []float64) {
	if f.mix == nil {
		for i := range f.blocks {
			n := f.blocks[i].columns()
			f.blocks[i].multiply(by[:n])
			by = by[n:]
		}
		return
	}
	for i, x := range by {
		f.mix.offsets[i] *= x
		for k := range f.mix.rows[i] {
			f.mix.rows[i][k] *= x
		}
	}
}

// keep leaves out the features that are false in mask.
func (f *features) keep(mask []bool) {
	if f.mix == nil {
		for i := range f.blocks {
			n := f.blocks[i].columns()
			f.blocks[i].keep(mask[:n])
			mask = mask[n:]
		}
		return
	}
	kept := 0
	for i, keep := range mask {
		if keep {
			f.mix.rows[kept], f.mix.offsets[kept] = f.mix.rows[i], f.mix.offsets[i]
			kept++
		}
	}
	f.mix.rows, f.mix.offsets = f.mix.rows[:kept], f.mix.offsets[:kept]
}

// project replaces the features by their products with rows.
func (f *features) project(rows [][]float64) {
	m := &mix{rows: rows, offsets: make([]float64, len(rows))}
	if f.mix != nil {
		for i, row := range rows {
			m.rows[i] = make([]float64, f.columns())
			for k, x := range row {
				m.offsets[i] += x * f.mix.offsets[k]
				for c, y := range f.mix.rows[k] {
					m.rows[i][c] += x * y
				}
			}
		}
	}
	f.mix = m
}

var errMixed = errors.New("it comes behind a TruncatedSVD, whose values it would divide by a norm that no n-gram has a part in; leave it out and train again")

// normalize divides the vector by a norm.
func (f *features) normalize(norm tfidf.Norm) error {
	switch {
	case norm == tfidf.NoNorm:
		return nil
	case f.mix != nil:
		return errMixed
	case f.outer != tfidf.NoNorm:
		return errors.New("the vector of the union was divided by a norm before, which is supported once")
	case len(f.blocks) == 1:
		// What the vector was divided by before is of no matter.
		f.blocks[0].rebuild()
		f.blocks[0].Vectorizer.Norm = norm
		return nil
	}
	for i := range f.blocks {
		if f.blocks[i].Vectorizer.Norm == tfidf.NoNorm {
			f.blocks[i].rebuild()
			continue
		}
		if err := f.blocks[i].weigh(norm); err != nil {
			return err
		}
	}
	f.outer = norm
	return nil
}

// weigh makes the scale that all columns have the weight of the block.
func (b *block) weigh(norm tfidf.Norm) error {
	n := b.columns()
	for i := range b.scales {
		if b.scales[i] != b.scales[0] {
			return errors.New("it comes behind a union whose vectors are scaled by columns, and have a norm of their own; scale within the parts of the union, or give its vectorizers norm=None")
		}
	}
	switch {
	case n < b.NGrams.Len():
		return errors.New("it comes behind a union of which n-grams were left out, and whose vectorizers have a norm of their own; select within the parts of the union, or give its vectorizers norm=None")
	case b.Vectorizer.Norm != norm:
		return fmt.Errorf("its norm is %s, but that of a vectorizer of the union %s; give both the same", norm, b.Vectorizer.Norm)
	case n == 0:
		return nil
	}
	b.Weight, b.scales = b.scale(0), nil
	return nil
}

// binarize makes a 1 of each feature above 0, and a 0 of all others, as BernoulliNB does.
func (f *features) binarize() error {
	if f.mix != nil {
		return errors.New("it comes behind a TruncatedSVD, whose values are no longer those of n-grams")
	}
	if f.binary {
		return nil
	}
	f.binary = true
	for i := range f.blocks {
		b := &f.blocks[i]
		if b.Weight < 0 {
			b.Weight = 0
		}
		ones := make([]float64, b.columns())
		for k := range ones {
			if b.scale(k) > 0 && b.Weight > 0 && (len(b.IDF) == 0 || b.IDF[b.ngram(k)] > 0) {
				ones[k] = 1
			}
		}
		b.scales = ones
		b.IDF, b.Weight = nil, 1
		v := &b.Vectorizer
		v.Norm, v.UseIDF, v.SublinearTF, v.Binary = tfidf.NoNorm, false, false, true
	}
	f.outer = tfidf.NoNorm
	return nil
}

// join puts the features of the parts of a union behind one another.
func (f *features) join(of *features) error {
	if of.mix != nil || of.outer != tfidf.NoNorm {
		return errors.New("its part has a TruncatedSVD, or a union that is divided by a norm, which is not supported inside of a union")
	}
	const most = 32
	if len(f.blocks)+len(of.blocks) > most {
		return fmt.Errorf("more than %d vectorizers in one union are not supported", most)
	}
	f.blocks = append(f.blocks, of.blocks...)
	f.float32 = f.float32 || of.float32
	return nil
}

// bounded returns an error if the coefficients of all n-grams take far more memory than
// those of the features: there are many rows, and most n-grams were left out, or are
// mixed into few features.
func (f *features) bounded(rows [][]float64) error {
	ngrams, given := 0, 0
	for i := range f.blocks {
		ngrams += f.blocks[i].NGrams.Len()
	}
	for _, row := range rows {
		given += len(row)
	}
	if f.mix != nil {
		given += len(f.mix.rows) * f.columns()
	}
	const base, times = 1 << 23, 64
	if most := base + times*(given+ngrams); len(rows)*ngrams > most {
		return fmt.Errorf("%d rows of coefficients for %d n-grams are more than the %d numbers that are allowed for this file", len(rows), ngrams, most)
	}
	return nil
}

// weights returns the weights of a classifier of these features.
func (f *features) weights(c *fitted) *linear.Weights {
	w := &linear.Weights{Norm: f.outer, Intercepts: c.intercepts}
	for i := range f.blocks {
		b := &f.blocks[i]
		if b.Vectorizer.Norm == tfidf.NoNorm && f.outer == tfidf.NoNorm {
			b.rebuild() // n-grams that were left out have no part in any norm
		}
		w.Blocks = append(w.Blocks, b.Block)
	}
	if c.matrix != nil && f.plain() {
		w.Coefficients = c.matrix
		return w
	}
	size, columns := w.Features(), f.columns()
	w.Coefficients = make([]float64, len(c.rows)*size)
	for k, row := range c.rows {
		if f.mix != nil {
			var offset float64
			row, offset = f.mix.unmix(row, columns)
			w.Intercepts[k] += offset
		}
		into := w.Coefficients[k*size:][:size]
		for i := range f.blocks {
			b := &f.blocks[i]
			n := b.columns()
			for column, x := range row[:n] {
				into[b.ngram(column)] = b.scale(column) * x
			}
			row, into = row[n:], into[b.NGrams.Len():]
		}
	}
	if len(w.Blocks) == 1 { // whose weight is that of its only vector
		b := &w.Blocks[0]
		for i := range w.Coefficients {
			w.Coefficients[i] *= b.Weight
		}
		b.Weight = 1
	}
	return w
}

// plain reports whether each feature is an element of the vector of a block, of which no
// element is left out.
func (f *features) plain() bool {
	return f.mix == nil && (len(f.blocks) > 1 || f.blocks[0].Weight == 1) &&
		!slices.ContainsFunc(f.blocks, func(b block) bool { return b.kept != nil || b.scales != nil })
}

// unmix returns what a row of coefficients of the mixed features is for the columns.
func (m *mix) unmix(row []float64, columns int) (unmixed []float64, offset float64) {
	unmixed = make([]float64, columns)
	for i, x := range row {
		offset += x * m.offsets[i]
		for k, y := range m.rows[i] {
			unmixed[k] += x * y
		}
	}
	return unmixed, offset
}

// fits checks that a step was fitted to as many features as there are.
func (f *features) fits(n pickle.Node, count int) error {
	if count != f.count() {
		return fmt.Errorf("%s has %d features, but the steps before it make %d: they are of another training run", n.Path(), count, f.count())
	}
	return nil
}

// array returns an attribute that has to be an array with a number for each feature.
func (f *features) array(n pickle.Node, name string) ([]float64, error) {
	a, err := n.Attr(name)
	if err != nil {
		return nil, err
	}
	if shape, ok := a.Shape(); ok && len(shape) == 1 {
		if err := f.fits(a, shape[0]); err != nil {
			return nil, err
		}
	}
	return a.Numbers(f.count())
}
