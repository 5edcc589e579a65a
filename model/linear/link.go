package linear

import (
	"errors"
	"fmt"
	"slices"
	"sort"
)

// A Link turns scores into the probabilities of the classes. It has a row for each
// class, or one in all if there are two, in favour of the second.
type Link struct {
	Loss Loss
	// Weight is the weight of its probabilities where those of several links are averaged.
	Weight float64
	// Calibrators, if there are any, are one for each row. They make probabilities of what
	// the loss makes of the scores, or of the scores themselves if the loss is NoLoss.
	Calibrators []Calibrator
}

// A Calibrator makes a probability of a number x. If Y is empty it is the sigmoid
// 1 / (1 + exp(Slope·x + Offset)), else the polyline through the points (X, Y), which
// is level before the first and behind the last.
type Calibrator struct {
	Slope, Offset float64
	X, Y          []float64 // X ascends
}

// Rows returns the number of rows of coefficients of a link, given the number of classes.
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
