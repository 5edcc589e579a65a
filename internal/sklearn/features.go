package sklearn

import (
	"errors"
	"fmt"
	"math"

	"tagifai/internal/pickle"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// Features are what the steps of a pipeline have made of a text so far. Each column is
// an element of the vector of a block, times a number; or, once a TruncatedSVD has
// mixed them, a sum of such.
type features struct {
	blocks  []linear.Block
	columns []column
	outer   tfidf.Norm // what the vector of all blocks was divided by
	mix     *mix       // nil if nothing mixes the columns
	float32 bool       // scikit-learn reckons with fewer digits
	binary  bool       // each element that was above 0 counts as 1
}

// A column stands for the n-gram of a block.
type column struct {
	block, ngram int
	scale        float64
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
	return len(f.columns)
}

// newFeatures are those of a vectorizer.
func newFeatures(b linear.Block) *features {
	f := &features{blocks: []linear.Block{b}, columns: make([]column, len(b.NGrams)), outer: tfidf.NoNorm}
	for i := range f.columns {
		f.columns[i] = column{0, i, 1}
	}
	return f
}

// scale multiplies each feature by a number.
func (f *features) scale(by []float64) {
	for i, x := range by {
		if f.mix == nil {
			f.columns[i].scale *= x
			continue
		}
		f.mix.offsets[i] *= x
		for k := range f.mix.rows[i] {
			f.mix.rows[i][k] *= x
		}
	}
}

// keep leaves out the features that are false in mask.
func (f *features) keep(mask []bool) {
	kept := 0
	for i, keep := range mask {
		if !keep {
			continue
		}
		if f.mix == nil {
			f.columns[kept] = f.columns[i]
		} else {
			f.mix.rows[kept], f.mix.offsets[kept] = f.mix.rows[i], f.mix.offsets[i]
		}
		kept++
	}
	if f.mix == nil {
		f.columns = f.columns[:kept]
	} else {
		f.mix.rows, f.mix.offsets = f.mix.rows[:kept], f.mix.offsets[:kept]
	}
}

// project replaces the features by their products with rows.
func (f *features) project(rows [][]float64) {
	m := &mix{rows: rows, offsets: make([]float64, len(rows))}
	if f.mix != nil {
		for i, row := range rows {
			m.rows[i] = make([]float64, len(f.columns))
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
		f.rebuild(0)
		f.blocks[0].Vectorizer.Norm = norm
		return nil
	}
	for i := range f.blocks {
		if f.blocks[i].Vectorizer.Norm == tfidf.NoNorm {
			f.rebuild(i)
			continue
		}
		if err := f.weigh(i, norm); err != nil {
			return err
		}
	}
	f.outer = norm
	return nil
}

// rebuild makes the scales of the columns of a block part of its idf, and leaves out the
// n-grams that have no column.
func (f *features) rebuild(i int) {
	b := &f.blocks[i]
	old := *b
	b.NGrams, b.IDF = make([]string, 0, len(old.NGrams)), make([]float64, 0, len(old.NGrams))
	scaled := false
	for k := range f.columns {
		c := &f.columns[k]
		if c.block != i {
			continue
		}
		idf := c.scale
		if old.IDF != nil {
			idf *= old.IDF[c.ngram]
		}
		b.NGrams, b.IDF = append(b.NGrams, old.NGrams[c.ngram]), append(b.IDF, idf)
		scaled = scaled || idf != 1
		c.ngram, c.scale = len(b.NGrams)-1, 1
	}
	b.Vectorizer.UseIDF = scaled
	if !scaled {
		b.IDF = nil
	}
}

// weigh makes the scale that all columns of a block have the weight of the block.
func (f *features) weigh(i int, norm tfidf.Norm) error {
	b := &f.blocks[i]
	n := 0
	scale := math.NaN()
	for _, c := range f.columns {
		if c.block != i {
			continue
		}
		if n > 0 && c.scale != scale {
			return errors.New("it comes behind a union whose vectors are scaled by columns, and have a norm of their own; scale within the parts of the union, or give its vectorizers norm=None")
		}
		scale = c.scale
		n++
	}
	switch {
	case n < len(b.NGrams):
		return errors.New("it comes behind a union of which n-grams were left out, and whose vectorizers have a norm of their own; select within the parts of the union, or give its vectorizers norm=None")
	case b.Vectorizer.Norm != norm:
		return fmt.Errorf("its norm is %s, but that of a vectorizer of the union %s; give both the same", norm, b.Vectorizer.Norm)
	case n == 0:
		return nil
	}
	b.Weight = scale
	for k := range f.columns {
		if f.columns[k].block == i {
			f.columns[k].scale = 1
		}
	}
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
		for k := range f.columns {
			c := &f.columns[k]
			if c.block != i {
				continue
			}
			above := c.scale > 0 && b.Weight > 0 && (len(b.IDF) == 0 || b.IDF[c.ngram] > 0)
			c.scale = 0
			if above {
				c.scale = 1
			}
		}
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
	for _, c := range of.columns {
		c.block += len(f.blocks)
		f.columns = append(f.columns, c)
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
		ngrams += len(f.blocks[i].NGrams)
	}
	for _, row := range rows {
		given += len(row)
	}
	if f.mix != nil {
		given += len(f.mix.rows) * len(f.columns)
	}
	const base, times = 1 << 23, 64
	if most := base + times*(given+ngrams); len(rows)*ngrams > most {
		return fmt.Errorf("%d rows of coefficients for %d n-grams are more than the %d numbers that are allowed for this file", len(rows), ngrams, most)
	}
	return nil
}

// weights returns the weights of a classifier of these features, row by row.
func (f *features) weights(rows [][]float64, intercepts []float64) *linear.Weights {
	for i := range f.blocks {
		if f.blocks[i].Vectorizer.Norm == tfidf.NoNorm && f.outer == tfidf.NoNorm {
			f.rebuild(i) // n-grams that were left out have no part in any norm
		}
	}
	w := &linear.Weights{Blocks: f.blocks, Norm: f.outer, Intercepts: intercepts}
	offsets := make([]int, len(f.blocks)) // of the columns of each block
	for i := 1; i < len(f.blocks); i++ {
		offsets[i] = offsets[i-1] + len(f.blocks[i-1].NGrams)
	}
	size := w.Features()
	w.Coefficients = make([]float64, len(rows)*size)
	for k, row := range rows {
		if f.mix != nil {
			var offset float64
			row, offset = f.mix.unmix(row, len(f.columns))
			w.Intercepts[k] += offset
		}
		into := w.Coefficients[k*size:][:size]
		for i, c := range f.columns {
			into[offsets[c.block]+c.ngram] = c.scale * row[i]
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
