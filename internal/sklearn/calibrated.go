package sklearn

import (
	"fmt"

	"tagifai/internal/pickle"
	"tagifai/model/linear"
)

// calibrated reads a CalibratedClassifierCV: each of its parts has rows of its own, and
// their probabilities are averaged.
func (r *reading) calibrated(n pickle.Node, classes, depth int) (*fitted, error) {
	members, err := parts(n, "calibrated_classifiers_")
	if err != nil {
		return nil, err
	}
	all := new(fitted)
	for _, member := range members {
		one, err := r.calibratedOne(member, classes, depth)
		if err != nil {
			return nil, err
		}
		all.add(one, 1/float64(len(members)))
	}
	all.undecided = true
	return all, nil
}

func (r *reading) calibratedOne(n pickle.Node, classes, depth int) (*fitted, error) {
	base, ok := n.Find("estimator")
	if !ok {
		var err error
		if base, err = n.Attr("base_estimator"); err != nil {
			return nil, err
		}
	}
	base, err := unwrap(base)
	if err != nil {
		return nil, err
	}
	if err := sameClasses(base, classes); err != nil {
		return nil, err
	}
	c, err := r.fit(base, classes, depth+1)
	if err != nil {
		return nil, err
	}
	if len(c.links) != 1 || c.links[0].Calibrators != nil || c.links[0].Loss == linear.OneVsOne {
		return nil, fmt.Errorf("%s is a %s, whose calibration is not supported; calibrate the classifiers that it is made of", base.Path(), base.Class())
	}
	l := &c.links[0]
	if !c.undecided {
		l.Loss = linear.NoLoss // what is calibrated is decision_function
	}
	method, err := n.OneOf("method", "sigmoid", "isotonic")
	if err != nil {
		return nil, err
	}
	name := "calibrators"
	if _, ok := n.Find(name); !ok {
		name = "calibrators_"
	}
	list, err := parts(n, name)
	if err != nil {
		return nil, err
	}
	if len(list) != rowsOf(classes) {
		return nil, fmt.Errorf("%s.%s has %d items for %d classes", n.Path(), name, len(list), classes)
	}
	for _, item := range list {
		read := sigmoid
		if method == "isotonic" {
			read = isotonic
		}
		calibrator, err := read(item)
		if err != nil {
			return nil, err
		}
		l.Calibrators = append(l.Calibrators, calibrator)
	}
	return c, nil
}

func sigmoid(n pickle.Node) (linear.Calibrator, error) {
	slope, err := number(n, "a_")
	if err != nil {
		return linear.Calibrator{}, err
	}
	offset, err := number(n, "b_")
	return linear.Calibrator{Slope: slope, Offset: offset}, err
}

func isotonic(n pickle.Node) (linear.Calibrator, error) {
	var c linear.Calibrator
	if _, err := n.OneOf("out_of_bounds", "clip"); err != nil {
		return c, err
	}
	x, y := "X_thresholds_", "y_thresholds_"
	if _, ok := n.Find(x); !ok {
		x, y = "_necessary_X_", "_necessary_y_" // before 0.24
	}
	a, err := n.Attr(x)
	if err != nil {
		return c, err
	}
	shape, _ := a.Shape()
	if len(shape) != 1 || shape[0] == 0 {
		return c, a.Wrong("an array of one dimension, not empty,")
	}
	if c.X, err = a.Numbers(shape...); err != nil {
		return c, err
	}
	if c.Y, err = n.Floats(y, shape...); err != nil {
		return c, err
	}
	for i := 1; i < len(c.X); i++ {
		if !(c.X[i] > c.X[i-1]) {
			return c, fmt.Errorf("%s[%d] is %v, not above the one before, %v", a.Path(), i, c.X[i], c.X[i-1])
		}
	}
	return c, nil
}
