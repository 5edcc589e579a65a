package linear

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

// A Loss is what a classifier was trained to minimise. It decides how scores
// become probabilities.
type Loss string

// The losses.
const (
	// LogLoss makes each score a probability by the logistic function, and divides
	// these by their sum.
	LogLoss Loss = "log_loss"
	// ModifiedHuber does so by (clip(score, -1, 1) + 1) / 2.
	ModifiedHuber Loss = "modified_huber"
	// Multinomial makes all scores probabilities at once, by the softmax function. A
	// single score s, of two classes, stands for -s and s.
	Multinomial Loss = "multinomial"
	// NoLoss makes no probabilities: the highest score decides. It is that of hinge
	// loss, say.
	NoLoss Loss = "none"
	// OneVsOne makes none either. It has a row for each pair of classes, in favour of
	// the second: (0, 1), (0, 2), … (1, 2), …. Each gives a vote, and of classes with
	// as many votes the sum of their scores decides.
	OneVsOne Loss = "one_vs_one"
)

var losses = []Loss{LogLoss, ModifiedHuber, Multinomial, NoLoss, OneVsOne}

// A Link turns scores into the probabilities of the classes. It has a row for each
// class, or one in all if there are two, in favour of the second.
type Link struct {
	Loss Loss
	// Weight is that of the probabilities in the mean of several links.
	Weight float64
	// Calibrators, if there are any, one for each row, take what the loss makes of the
	// scores, or the scores if the loss is NoLoss, and make probabilities of it.
	Calibrators []Calibrator
}

// A Calibrator makes a probability of a number x. If Y is empty it is the sigmoid
// 1 / (1 + exp(Slope·x + Offset)), else the polyline through the points (X, Y), which
// is level before the first and behind the last.
type Calibrator struct {
	Slope, Offset float64
	X, Y          []float64 // X ascends
}

// Rows returns the number of rows of coefficients that the link has, for so many classes.
func (l *Link) Rows(classes int) int {
	switch {
	case classes == 2:
		return 1
	case l.Loss == OneVsOne:
		return classes * (classes - 1) / 2
	}
	return classes
}

func (l *Link) hasProbabilities() bool {
	return l.Calibrators != nil || l.Loss != NoLoss && l.Loss != OneVsOne
}

func (l *Link) validate(classes int) error {
	if !slices.Contains(losses, l.Loss) {
		return fmt.Errorf("loss: %q is not supported, only %q", l.Loss, losses)
	}
	if !(l.Weight > 0 && l.Weight <= largest) {
		return fmt.Errorf("link: weight %v, a positive number is wanted", l.Weight)
	}
	if l.Calibrators == nil {
		return nil
	}
	if l.Loss == OneVsOne {
		return fmt.Errorf("calibrators: there are none for loss %q", l.Loss)
	}
	if n := l.Rows(classes); len(l.Calibrators) != n {
		return fmt.Errorf("calibrators: %d for %d rows", len(l.Calibrators), n)
	}
	for i := range l.Calibrators {
		if err := l.Calibrators[i].validate(); err != nil {
			return fmt.Errorf("calibrator %d: %w", i, err)
		}
	}
	return nil
}

func (c *Calibrator) validate() error {
	if err := numbers("sigmoid", []float64{c.Slope, c.Offset}, 2); err != nil {
		return err
	}
	if err := numbers("x", c.X, len(c.Y)); err != nil {
		return err
	}
	if err := numbers("y", c.Y, len(c.X)); err != nil {
		return err
	}
	for i, y := range c.Y {
		if y < 0 || y > 1 {
			return fmt.Errorf("y: number %d is %v, not between 0 and 1", i, y)
		}
		if i > 0 && !(c.X[i] > c.X[i-1]) {
			return fmt.Errorf("x: number %d is %v, not above the one before, %v", i, c.X[i], c.X[i-1])
		}
	}
	if len(c.Y) > 0 && (c.Slope != 0 || c.Offset != 0) {
		return errors.New("both a sigmoid and points")
	}
	return nil
}

func (c *Calibrator) probability(x float64) float64 {
	n := len(c.X)
	if n == 0 {
		return logistic(-(c.Slope*x + c.Offset))
	}
	i := sort.SearchFloat64s(c.X, x) // the first that is not below x
	switch i {
	case 0:
		return c.Y[0]
	case n:
		return c.Y[n-1]
	}
	slope := (c.Y[i] - c.Y[i-1]) / (c.X[i] - c.X[i-1])
	return slope*(x-c.X[i-1]) + c.Y[i-1]
}

// Probabilities sets dst, one element for each class, from the scores of the link's
// rows.
func (l *Link) Probabilities(dst, scores []float64) {
	if l.Calibrators == nil {
		l.Loss.Probabilities(dst, scores)
		return
	}
	if l.Loss != NoLoss {
		l.Loss.Probabilities(dst, scores)
		scores = dst[len(dst)-len(l.Calibrators):] // of two classes the second alone
	}
	if len(scores) == 1 {
		dst[1] = l.Calibrators[0].probability(scores[0])
		dst[0] = 1 - dst[1]
		return
	}
	sum := 0.0
	for k, score := range scores {
		dst[k] = l.Calibrators[k].probability(score)
		sum += dst[k]
	}
	divide(dst, sum)
}

// Probabilities sets dst, one element for each class, from the scores of one text,
// one for each row of coefficients. Formulas: SGDClassifier.predict_proba and, for
// Multinomial, LogisticRegression.predict_proba of scikit-learn 1.2; where every
// class gets 0, which leaves log loss undefined there, all get the same. A loss that
// makes no probabilities sets nothing.
func (l Loss) Probabilities(dst, scores []float64) {
	probability := logistic
	switch l {
	case LogLoss:
	case ModifiedHuber:
		probability = huber
	case Multinomial:
		softmax(dst, scores)
		return
	default:
		return
	}
	if len(scores) == 1 {
		dst[1] = probability(scores[0])
		dst[0] = 1 - dst[1]
		return
	}
	sum := 0.0
	for k, score := range scores {
		dst[k] = probability(score)
		sum += dst[k]
	}
	divide(dst, sum)
}

// divide divides probabilities by their sum, or makes all the same if that is 0.
func divide(probabilities []float64, sum float64) {
	for k := range probabilities {
		if sum == 0 {
			probabilities[k] = 1 / float64(len(probabilities))
		} else {
			probabilities[k] /= sum
		}
	}
}

func logistic(score float64) float64 { return 1 / (1 + math.Exp(-score)) }

func huber(score float64) float64 { return (max(-1, min(score, 1)) + 1) / 2 }

func softmax(dst, scores []float64) {
	if len(scores) == 1 {
		dst[0], dst[1] = -scores[0], scores[0]
	} else {
		copy(dst, scores)
	}
	// Relative to the largest, so that no exponential is too large for a float64.
	largest, sum := slices.Max(dst), 0.0
	for k, score := range dst {
		dst[k] = math.Exp(score - largest)
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
}

// Decide sets dst, one element for each class, to what the class is decided by: the
// scores of the rows, or what OneVsOne makes of them. The only score s of two classes
// becomes -s and s. Formula: _ovr_decision_function of scikit-learn.
func (l Loss) Decide(dst, scores []float64) {
	switch {
	case len(scores) == 1 && l == OneVsOne:
		s := scores[0]
		dst[1] = vote(s) + s/(3*(math.Abs(s)+1))
		dst[0] = -dst[1]
	case len(scores) == 1:
		dst[0], dst[1] = -scores[0], scores[0]
	case l != OneVsOne:
		copy(dst, scores)
	default:
		clear(dst)
		k := 0
		for i := range dst {
			for j := i + 1; j < len(dst); j++ {
				dst[i] -= scores[k]
				dst[j] += scores[k]
				k++
			}
		}
		for i, sum := range dst {
			dst[i] = sum / (3 * (math.Abs(sum) + 1))
		}
		k = 0
		for i := range dst {
			for j := i + 1; j < len(dst); j++ {
				dst[j] += vote(scores[k])
				dst[i] += 1 - vote(scores[k])
				k++
			}
		}
	}
}

// vote is that of a row for the second of its classes.
func vote(score float64) float64 {
	if score > 0 {
		return 1
	}
	return 0
}
