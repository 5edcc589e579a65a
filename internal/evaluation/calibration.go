package evaluation

import (
	"math"
	"slices"
	"sort"
)

// Calibration says how far the probabilities of a classifier are from the truth. It is
// about the most probable class, whether or not a threshold turned the answer into other.
type Calibration struct {
	// Error is the expected calibration error: the mean distance between confidence and
	// accuracy over the bins, weighted by their samples. See Naeini, Cooper, Hauskrecht:
	// Obtaining Well Calibrated Probabilities Using Bayesian Binning, 2015.
	Error float64 `json:"expected_calibration_error"`
	// Brier is scikit-learn's brier_score_loss: the mean over the samples of the squared
	// distance between the probabilities and the truth, and half of that if there are
	// two classes.
	Brier   float64 `json:"brier_score"`
	LogLoss float64 `json:"log_loss"`    // the mean, as scikit-learn's log_loss
	Samples int     `json:"num_samples"` // whose class the classifier has
	Bins    []Bin   `json:"bins"`        // those with samples
}

// A Bin holds the samples whose highest probability is above From and at most To.
type Bin struct {
	From       float64 `json:"from"`
	To         float64 `json:"to"`
	Confidence float64 `json:"confidence"` // mean of the highest probabilities
	Accuracy   float64 `json:"accuracy"`   // share of the samples whose most probable class is the true one
	Samples    int     `json:"num_samples"`
}

// bins is the number of bins, all of the same width.
const bins = 10

// edge is the upper end of bin i, in the digits of numpy's linspace, which
// scikit-learn's calibration_curve uses.
func edge(i int) float64 { return float64(i+1) * (1.0 / bins) }

// LogLoss is the loss of a sample whose true class got probability p. As in
// scikit-learn's log_loss, p is kept one float64 epsilon away from 0 and 1.
func LogLoss(p float64) float64 {
	const epsilon = 0x1p-52
	return -math.Log(max(epsilon, min(p, 1-epsilon)))
}

// calibration returns nil if there are no probabilities.
func (p *Predictions) calibration() *Calibration {
	c := &Calibration{Bins: make([]Bin, bins)}
	for i, probabilities := range p.Probabilities {
		label := p.Labels[i]
		if label >= len(probabilities) {
			continue
		}
		c.Samples++
		c.LogLoss += LogLoss(probabilities[label])
		best := 0
		for k, probability := range probabilities {
			truth := 0.0
			if k == label {
				truth = 1
			}
			c.Brier += (probability - truth) * (probability - truth)
			if probability > probabilities[best] {
				best = k
			}
		}
		confidence := probabilities[best]
		b := &c.Bins[sort.Search(bins-1, func(i int) bool { return confidence <= edge(i) })]
		b.Samples++
		b.Confidence += confidence
		if best == label {
			b.Accuracy++
		}
	}
	if c.Samples == 0 {
		return nil
	}
	n := float64(c.Samples)
	if len(p.Probabilities[0]) == 2 {
		c.Brier /= 2
	}
	c.Brier /= n
	c.LogLoss /= n
	for i := range c.Bins {
		b := &c.Bins[i]
		b.From, b.To = float64(i)/bins, float64(i+1)/bins
		if b.Samples > 0 {
			c.Error += math.Abs(b.Confidence-b.Accuracy) / n
			b.Confidence /= float64(b.Samples)
			b.Accuracy /= float64(b.Samples)
		}
	}
	c.Bins = slices.DeleteFunc(c.Bins, func(b Bin) bool { return b.Samples == 0 })
	return c
}
