package sklearn

import (
	"fmt"
	"math"
	"strings"

	"tagifai/internal/pickle"
	"tagifai/model/tfidf"
)

// apply reads a step between vectorizer and classifier.
func (f *features) apply(n pickle.Node) error {
	switch n.Class() {
	case tfidfTransformer:
		return f.tfidf(n)
	case normalizer:
		norm, err := normOf(n)
		if err != nil {
			return err
		}
		if err := f.normalize(norm); err != nil {
			return fmt.Errorf("%s cannot be supported: %w", n.Path(), err)
		}
		return nil
	case maxAbsScaler:
		return f.divide(n)
	case standardScaler:
		return f.standardize(n)
	case truncatedSVD:
		return f.svd(n)
	case selectKBest, selectPercentile, selectFromModel, varianceThreshold:
		mask, err := f.selected(n)
		if err != nil {
			return err
		}
		f.keep(mask)
		return nil
	}
	return unsupported(n, "one of "+strings.Join(betweens, ", ")+" between vectorizer and classifier")
}

// tfidf reads a TfidfTransformer.
func (f *features) tfidf(n pickle.Node) error {
	norm, err := tfidfNorm(n)
	if err != nil {
		return err
	}
	sublinear, err := n.Flag("sublinear_tf")
	if err != nil {
		return err
	}
	if sublinear {
		for i := range f.blocks {
			b := &f.blocks[i]
			if f.mix != nil || f.outer != tfidf.NoNorm || b.Vectorizer.Norm != tfidf.NoNorm || b.IDF != nil || b.Vectorizer.SublinearTF ||
				f.scaled() {
				return fmt.Errorf("%s.sublinear_tf is True, which is only supported of counts: it is behind another step", n.Path())
			}
			b.Vectorizer.SublinearTF = true
		}
	}
	useIDF, err := n.Flag("use_idf")
	if err != nil {
		return err
	}
	if useIDF {
		numbers, err := idf(n, f.count())
		if err != nil {
			return err
		}
		f.scale(numbers)
	}
	if err := f.normalize(norm); err != nil {
		return fmt.Errorf("%s.norm cannot be supported: %w", n.Path(), err)
	}
	return nil
}

func tfidfNorm(n pickle.Node) (tfidf.Norm, error) {
	if norm, err := n.Attr("norm"); err != nil || norm.IsNone() {
		return tfidf.NoNorm, err
	}
	return normOf(n)
}

func normOf(n pickle.Node) (tfidf.Norm, error) {
	norm, err := n.Attr("norm")
	switch {
	case err != nil:
		return "", err
	case norm.Is("l1"):
		return tfidf.L1, nil
	case norm.Is("l2"):
		return tfidf.L2, nil
	case n.Class() == normalizer:
		return "", norm.Wrong("'l2' or 'l1'")
	}
	return "", norm.Wrong("'l2', 'l1' or None")
}

// divide divides each feature by the scale_ of a scaler.
func (f *features) divide(n pickle.Node) error {
	scale, err := f.array(n, "scale_")
	if err != nil {
		return err
	}
	for i, x := range scale {
		if x == 0 {
			return fmt.Errorf("%s.scale_[%d] is 0", n.Path(), i)
		}
		scale[i] = 1 / x
	}
	f.scale(scale)
	return nil
}

// standardize reads a StandardScaler. It takes off a mean only of what is mixed: before
// that, scikit-learn refuses to.
func (f *features) standardize(n pickle.Node) error {
	withMean, err := n.Flag("with_mean")
	if err != nil {
		return err
	}
	if withMean {
		if f.mix == nil {
			return fmt.Errorf("%s.with_mean is True, which is not supported of the sparse vectors of a vectorizer; use with_mean=False", n.Path())
		}
		mean, err := f.array(n, "mean_")
		if err != nil {
			return err
		}
		for i, x := range mean {
			f.mix.offsets[i] -= x
		}
	}
	withStd, err := n.Flag("with_std")
	if err != nil || !withStd {
		return err
	}
	return f.divide(n)
}

func (f *features) svd(n pickle.Node) error {
	components, err := n.Attr("components_")
	if err != nil {
		return err
	}
	shape, _ := components.Shape()
	if len(shape) != 2 {
		return components.Wrong("an array of two dimensions")
	}
	if err := f.fits(components, shape[1]); err != nil {
		return err
	}
	numbers, err := components.Numbers(shape...)
	if err != nil {
		return err
	}
	if f.mix != nil {
		return fmt.Errorf("%s is behind another TruncatedSVD, which is not supported", n.Path())
	}
	rows := make([][]float64, shape[0])
	for i := range rows {
		rows[i] = numbers[i*shape[1]:][:shape[1]]
	}
	f.project(rows)
	return nil
}

// number returns an attribute that has to be a number.
func number(n pickle.Node, name string) (float64, error) {
	a, err := n.Attr(name)
	if err != nil {
		return 0, err
	}
	x, ok := a.Float()
	if !ok || math.IsNaN(x) {
		return 0, a.Wrong("a number")
	}
	return x, nil
}
