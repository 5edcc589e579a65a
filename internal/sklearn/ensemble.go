package sklearn

import (
	"fmt"
	"slices"

	"tagifai/internal/pickle"
	"tagifai/model/linear"
)

// sameClasses checks that a part of a classifier has as many classes as the whole.
func sameClasses(n pickle.Node, classes int) error {
	a, err := classesOf(n)
	if err != nil {
		return err
	}
	if shape, ok := a.Shape(); !ok || len(shape) != 1 || shape[0] != classes {
		return fmt.Errorf("%s is %v, but the whole has %d classes: a part that was fitted without some of them is not supported", a.Path(), a, classes)
	}
	return nil
}

// parts yields the items of an attribute that is a list. There is at least one.
func parts(n pickle.Node, name string) ([]pickle.Node, error) {
	list, err := n.Attr(name)
	if err != nil {
		return nil, err
	}
	const most = 10_000
	if list.Len() == 0 || list.Len() > most {
		return nil, list.Wrong(fmt.Sprintf("a list of 1 to %d items", most))
	}
	var items []pickle.Node
	for i := range list.Len() {
		items = append(items, list.Item(i))
	}
	return items, nil
}

// againstRest reads a OneVsRestClassifier.
func (r *reading) againstRest(n pickle.Node, classes, depth int) (*fitted, error) {
	binarizer, err := n.Attr("label_binarizer_")
	if err != nil {
		return nil, err
	}
	if _, err := binarizer.OneOf("y_type_", "multiclass", "binary"); err != nil {
		return nil, fmt.Errorf("%w: each text has one label", err)
	}
	return r.pairs(n, rowsOf(classes), depth)
}

// againstEach reads a OneVsOneClassifier.
func (r *reading) againstEach(n pickle.Node, classes, depth int) (*fitted, error) {
	if indices, ok := n.Find("pairwise_indices_"); ok && !indices.IsNone() {
		return nil, indices.Wrong("None")
	}
	c, err := r.pairs(n, classes*(classes-1)/2, depth)
	if err != nil {
		return nil, err
	}
	if c.undecided {
		return nil, fmt.Errorf("%s is made of classifiers without decision_function, which is not supported; use LogisticRegression or LinearSVC", n.Path())
	}
	c.links[0].Loss = linear.OneVsOne
	return c, nil
}

// pairs reads so many classifiers of two classes, which have a row each.
func (r *reading) pairs(n pickle.Node, count, depth int) (*fitted, error) {
	estimators, err := parts(n, "estimators_")
	if err != nil {
		return nil, err
	}
	if len(estimators) != count {
		return nil, fmt.Errorf("%s.estimators_ has %d items, %d are wanted", n.Path(), len(estimators), count)
	}
	var all *fitted
	for _, e := range estimators {
		one, err := r.fit(e, 2, depth+1)
		if err != nil {
			return nil, err
		}
		if len(one.links) != 1 || one.links[0].Calibrators != nil || len(one.rows) != 1 {
			return nil, fmt.Errorf("%s is a %s, which is not supported inside of a %s; put the %s around the %s", e.Path(), e.Class(), n.Class(), e.Class(), n.Class())
		}
		if one.links[0].Loss == linear.Multinomial {
			return nil, fmt.Errorf("%s.multi_class is 'multinomial', which is not supported inside of a %s; use 'ovr'", e.Path(), n.Class())
		}
		switch {
		case all == nil:
			all = one
			continue
		case all.links[0].Loss != one.links[0].Loss:
			return nil, fmt.Errorf("%s is of another kind than the classifiers before it", e.Path())
		}
		links := all.links
		all.add(one, 1)
		all.links = links
	}
	return all, nil
}

// voting reads a VotingClassifier that averages probabilities.
func (r *reading) voting(n pickle.Node, classes, depth int) (*fitted, error) {
	if _, err := n.OneOf("voting", "soft"); err != nil {
		return nil, err
	}
	estimators, err := parts(n, "estimators_")
	if err != nil {
		return nil, err
	}
	given, err := votingWeights(n, len(estimators))
	if err != nil {
		return nil, err
	}
	all := &fitted{undecided: true}
	for i, e := range estimators {
		if err := sameClasses(e, classes); err != nil {
			return nil, err
		}
		one, err := r.fit(e, classes, depth+1)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(one.links, func(l linear.Link) bool {
			return l.Calibrators == nil && (l.Loss == linear.NoLoss || l.Loss == linear.OneVsOne)
		}) {
			return nil, fmt.Errorf("%s is a %s without probabilities, which cannot vote", e.Path(), e.Class())
		}
		if given[i] > 0 {
			all.add(one, given[i])
		}
	}
	if len(all.links) == 0 {
		return nil, fmt.Errorf("%s.weights are all 0", n.Path())
	}
	return all, nil
}

// votingWeights returns the weights of those estimators that were not dropped.
func votingWeights(n pickle.Node, count int) ([]float64, error) {
	a, err := n.Attr("weights")
	if err != nil {
		return nil, err
	}
	if a.IsNone() {
		return slices.Repeat([]float64{1}, count), nil
	}
	if shape, ok := a.Shape(); ok && len(shape) == 1 && shape[0] == count {
		return a.Numbers(count)
	}
	var weights []float64
	list, err := n.Attr("estimators")
	if err != nil {
		return nil, err
	}
	for i := range a.Len() {
		if i < list.Len() {
			if pair := list.Item(i); pair.Len() == 2 && (pair.Item(1).Is("drop") || pair.Item(1).IsNone()) {
				continue
			}
		}
		x, ok := a.Item(i).Float()
		if !ok || !(x >= 0) {
			return nil, a.Item(i).Wrong("a number of 0 or more")
		}
		weights = append(weights, x)
	}
	if len(weights) != count {
		return nil, a.Wrong(fmt.Sprintf("a list of a number for each of %d estimators, or None,", count))
	}
	return weights, nil
}
