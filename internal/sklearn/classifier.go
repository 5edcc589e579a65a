package sklearn

import (
	"fmt"
	"strings"

	"tagifai/internal/pickle"
	"tagifai/model/linear"
)

// A fitted is a classifier as rows of coefficients of the features, and links.
type fitted struct {
	rows       [][]float64 // not written to: the file may have them
	matrix     []float64   // the same behind one another, where they lie so in memory; otherwise nil
	intercepts []float64
	links      []linear.Link
	undecided  bool // scikit-learn has no decision_function for it
	bernoulli  int  // classifiers that take each feature as 0 or 1
	others     int  // classifiers that do not
}

// A reading reads a classifier of features, whatever it is made of. An object of the file
// can be part of it many times: what is read of all together is limited.
type reading struct {
	features int
	left     int // numbers that may be read
}

func newReading(n pickle.Node, features int) *reading {
	const base, perByte = 1 << 23, 2 // of coefficients, of which each takes 4 bytes or 8
	return &reading{features, base + n.Size()/perByte}
}

// spend counts numbers that are about to be read.
func (r *reading) spend(n pickle.Node, numbers int) error {
	if r.left -= numbers; r.left < 0 {
		return fmt.Errorf("%s is one part too many: all together have more numbers than their file", n.Path())
	}
	return nil
}

func (c *fitted) add(of *fitted, weight float64) {
	c.rows, c.matrix = append(c.rows, of.rows...), nil
	c.intercepts = append(c.intercepts, of.intercepts...)
	for _, l := range of.links {
		l.Weight *= weight
		c.links = append(c.links, l)
	}
	c.bernoulli += of.bernoulli
	c.others += of.others
}

// classifier reads the last step of a pipeline.
func classifier(n pickle.Node, f *features, labels []string) (*linear.Weights, error) {
	n, err := unwrap(n)
	if err != nil {
		return nil, err
	}
	classes, err := classNames(n, labels)
	if err != nil {
		return nil, err
	}
	c, err := newReading(n, f.count()).fit(n, len(classes), 0)
	if err != nil {
		return nil, err
	}
	if c.bernoulli > 0 {
		if c.others > 0 {
			return nil, fmt.Errorf("%s has a %s, which takes each feature as 0 or 1, and others, which do not: this cannot be one set of features", n.Path(), bernoulliNB)
		}
		if err := f.binarize(); err != nil {
			return nil, fmt.Errorf("%s cannot be supported: %w", n.Path(), err)
		}
	}
	if err := f.bounded(c.rows); err != nil {
		return nil, fmt.Errorf("%s: %w", n.Path(), err)
	}
	w := f.weights(c)
	w.Classes, w.Links = classes, c.links
	if len(w.Links) == 1 {
		w.Links[0].Weight = 1
	}
	return w, nil
}

// fit reads a classifier of so many classes, inside of so many others.
func (r *reading) fit(n pickle.Node, classes, depth int) (*fitted, error) {
	n, err := unwrap(n)
	if err != nil {
		return nil, err
	}
	const object = 100 // what reading one costs beside its numbers
	if err := r.spend(n, object); err != nil {
		return nil, err
	}
	const deepest = 10
	if depth == deepest {
		return nil, fmt.Errorf("%s: more than %d classifiers are in one another", n.Path(), deepest)
	}
	switch n.Class() {
	case sgdClassifier, logisticRegression, logisticRegressionCV, linearSVC, ridgeClassifier, ridgeClassifierCV, perceptron, passiveAggressive:
		return r.linear(n, classes)
	case multinomialNB, complementNB, bernoulliNB:
		return r.bayes(n, classes)
	case calibratedClassifierCV:
		return r.calibrated(n, classes, depth)
	case oneVsRest:
		return r.againstRest(n, classes, depth)
	case oneVsOne:
		return r.againstEach(n, classes, depth)
	case votingClassifier:
		return r.voting(n, classes, depth)
	}
	return nil, unsupported(n, "one of "+strings.Join(classifiers, ", "))
}

// rowsOf returns how many rows of coefficients a classifier of so many classes has.
func rowsOf(classes int) int {
	if classes == 2 {
		return 1
	}
	return classes
}
