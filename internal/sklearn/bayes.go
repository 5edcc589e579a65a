package sklearn

import (
	"fmt"
	"math"
	"slices"

	"tagifai/internal/pickle"
	"tagifai/model/linear"
)

// bayes reads a naive Bayes classifier: its joint log likelihoods are scores, which the
// softmax function makes probabilities of. Those of two classes are one row, their
// difference.
func (r *reading) bayes(n pickle.Node, classes int) (*fitted, error) {
	a, err := n.Attr("feature_log_prob_")
	if err != nil {
		return nil, err
	}
	c := &fitted{undecided: true, others: 1, links: []linear.Link{{Loss: linear.Multinomial, Weight: 1}}}
	if c.rows, _, err = r.matrix(a, classes); err != nil {
		return nil, err
	}
	for k, row := range c.rows {
		c.rows[k] = slices.Clone(row) // it is written to
	}
	if n.Class() == complementNB {
		c.intercepts = make([]float64, classes)
	} else if c.intercepts, err = n.Floats("class_log_prior_", classes); err != nil {
		return nil, err
	}
	if n.Class() == bernoulliNB {
		if err := bernoulli(n, c); err != nil {
			return nil, err
		}
	}
	if classes == 2 {
		for i, x := range c.rows[0] {
			c.rows[1][i] -= x
		}
		c.intercepts = []float64{c.intercepts[1] - c.intercepts[0]}
		c.rows = c.rows[1:]
		c.links[0].Loss = linear.LogLoss
	}
	return c, nil
}

// bernoulli makes the rows of a BernoulliNB, in which also what a text lacks has a say,
// rows of what a text has.
func bernoulli(n pickle.Node, c *fitted) error {
	threshold, err := n.Attr("binarize")
	if err != nil {
		return err
	}
	if !threshold.IsNone() {
		if x, ok := threshold.Float(); !ok || x != 0 {
			return threshold.Wrong("0.0 or None")
		}
		c.bernoulli, c.others = 1, 0
	}
	for k, row := range c.rows {
		for i, x := range row {
			absent := math.Log(1 - math.Exp(x))
			if math.IsInf(absent, 0) || math.IsNaN(absent) {
				return fmt.Errorf("%s.feature_log_prob_[%d %d] is %v, the logarithm of a probability that is not below 1", n.Path(), k, i, x)
			}
			row[i] -= absent
			c.intercepts[k] += absent
		}
	}
	return nil
}
