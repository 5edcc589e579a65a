package sklearn

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"tagifai/internal/pickle"
	"tagifai/model/tfidf"
)

// maxSteps is how many steps a Pipeline or parts a union may have in all: far more than
// any has.
const maxSteps = 100

// stepsOf returns the steps of a Pipeline, or anything else as the only step. What is in
// a step is taken out of it: the steps of a Pipeline, the best estimator of a search.
func stepsOf(root pickle.Node) ([]pickle.Node, error) {
	return appendSteps(nil, root, 0)
}

func appendSteps(steps []pickle.Node, n pickle.Node, depth int) ([]pickle.Node, error) {
	n, err := unwrap(n)
	if err != nil {
		return nil, err
	}
	if len(steps) == maxSteps || depth == maxSteps {
		return nil, fmt.Errorf("%s: there are more than %d steps", n.Path(), maxSteps)
	}
	if n.Class() != pipeline {
		return append(steps, n), nil
	}
	list, err := n.Attr("steps")
	if err != nil {
		return nil, err
	}
	for i := range list.Len() {
		pair := list.Item(i)
		if pair.Len() != 2 {
			return nil, list.Wrong("a list of names and objects")
		}
		step := pair.Item(1)
		if step.IsNone() || step.Is("passthrough") {
			continue // does nothing
		}
		step = step.At(fmt.Sprintf("%s[%v].%s", n.Path(), pair.Item(0), step.Class()))
		if steps, err = appendSteps(steps, step, depth+1); err != nil {
			return nil, err
		}
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("%s has no steps", n.Path())
	}
	return steps, nil
}

// unwrap returns what a search found, or a frozen estimator holds; anything else as it is.
func unwrap(n pickle.Node) (pickle.Node, error) {
	for range maxSteps {
		var name string
		switch n.Class() {
		case gridSearchCV, randomizedSearchCV, halvingGridSearchCV, halvingRandomSearchCV:
			name = "best_estimator_"
		case frozenEstimator:
			name = "estimator"
		default:
			return n, nil
		}
		inner, ok := n.Find(name)
		if !ok {
			return n, fmt.Errorf("%s.%s is missing: was it fitted, with refit=True?", n.Path(), name)
		}
		n = inner
	}
	return n, fmt.Errorf("%s: more than %d objects are in one another", n.Path(), maxSteps)
}

// readFeatures reads the steps before the classifier.
func readFeatures(steps []pickle.Node, depth int) (*features, error) {
	if len(steps) == 0 {
		return nil, errors.New("there is no vectorizer before the classifier")
	}
	f, err := readFirst(steps[0], depth)
	if err != nil {
		return nil, err
	}
	for _, step := range steps[1:] {
		if err := f.apply(step); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// readFirst reads what turns a text into features.
func readFirst(n pickle.Node, depth int) (*features, error) {
	if depth == maxSteps {
		return nil, fmt.Errorf("%s: more than %d objects are in one another", n.Path(), maxSteps)
	}
	switch n.Class() {
	case countVectorizer, tfidfVectorizer:
		return vectorizer(n)
	case featureUnion:
		return union(n, depth)
	case columnTransformer:
		return columnsOf(n, depth)
	}
	return nil, unsupported(n, "a "+tfidfVectorizer+", "+countVectorizer+", "+featureUnion+" or "+columnTransformer+" as the first step")
}

// union reads a FeatureUnion.
func union(n pickle.Node, depth int) (*features, error) {
	list, err := n.Attr("transformer_list")
	if err != nil {
		return nil, err
	}
	if list.Len() > maxSteps {
		return nil, fmt.Errorf("%s has more than %d parts", list.Path(), maxSteps)
	}
	all := &features{outer: tfidf.NoNorm}
	for i := range list.Len() {
		pair := list.Item(i)
		if pair.Len() != 2 {
			return nil, list.Wrong("a list of names and objects")
		}
		if err := all.part(n, pair.Item(0), pair.Item(1), depth); err != nil {
			return nil, err
		}
	}
	if len(all.blocks) == 0 {
		return nil, fmt.Errorf("%s has no vectorizer", list.Path())
	}
	return all, nil
}

// part adds a part of a FeatureUnion or ColumnTransformer.
func (f *features) part(of, name, part pickle.Node, depth int) error {
	if part.IsNone() || part.Is("drop") {
		return nil
	}
	part = part.At(fmt.Sprintf("%s[%v].%s", of.Path(), name, part.Class()))
	steps, err := stepsOf(part)
	if err != nil {
		return err
	}
	one, err := readFeatures(steps, depth+1)
	if err != nil {
		return err
	}
	weights, err := of.Attr("transformer_weights")
	if err != nil {
		return err
	}
	if !weights.IsNone() && !weights.IsDict() {
		return weights.Wrong("a dict from name to number")
	}
	text, _ := name.Text()
	if value, ok := weights.Get(string(text)); ok {
		weight, ok := value.Float()
		if !ok || math.IsNaN(weight) {
			return value.Wrong("a number")
		}
		one.scale(slices.Repeat([]float64{weight}, one.count()))
	}
	if err := f.join(one); err != nil {
		return fmt.Errorf("%s: %w", part.Path(), err)
	}
	return nil
}

// columnsOf reads a ColumnTransformer whose parts all take the same column of text.
func columnsOf(n pickle.Node, depth int) (*features, error) {
	list, err := n.Attr("transformers_")
	if err != nil {
		return nil, err
	}
	if list.Len() > maxSteps {
		return nil, fmt.Errorf("%s has more than %d parts", list.Path(), maxSteps)
	}
	all := &features{outer: tfidf.NoNorm}
	text := ""
	for i := range list.Len() {
		triple := list.Item(i)
		if triple.Len() != 3 {
			return nil, list.Wrong("a list of names, objects and columns")
		}
		name, part, of := triple.Item(0), triple.Item(1), triple.Item(2)
		if part.Is("drop") || name.Is("remainder") && of.Len() == 0 {
			continue
		}
		if part.Is("passthrough") || name.Is("remainder") {
			return nil, fmt.Errorf("%s[%v] is %v: columns beside that of the text are not supported; drop them", n.Path(), name, part)
		}
		_, isName := of.Text()
		if _, isNumber := of.Int(); !isName && !isNumber {
			return nil, fmt.Errorf("%s[%v] takes the columns %v: only one column of text, given by its name or number and not in a list, is supported", n.Path(), name, of)
		}
		if column := of.String(); text != "" && column != text {
			return nil, fmt.Errorf("%s takes the columns %s and %s: only one column of text is supported; join them into one before", n.Path(), text, column)
		}
		text = of.String()
		if err := all.part(n, name, part, depth); err != nil {
			return nil, err
		}
	}
	if len(all.blocks) == 0 {
		return nil, fmt.Errorf("%s has no vectorizer", list.Path())
	}
	return all, nil
}
