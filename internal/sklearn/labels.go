package sklearn

import (
	"fmt"
	"slices"
	"strconv"

	"tagifai/internal/pickle"
	"tagifai/model"
)

// classNames returns the names of the classes of a classifier, in the order of the
// rows. labels are the names of the classes by index, nil if there are none.
func classNames(n pickle.Node, labels []string) ([]string, error) {
	classes, err := classesOf(n)
	if err != nil {
		return nil, err
	}
	if names, ok := classes.Texts(); ok {
		return enough(classes, names)
	}
	if labels == nil {
		names, err := texts(classes)
		if err != nil {
			return nil, err
		}
		return enough(classes, names)
	}
	numbers, ok := classes.Integers()
	if !ok {
		return nil, fmt.Errorf("%s are not numbers, but there is a label encoder with the names of numbers", classes.Path())
	}
	if len(numbers) != len(labels) {
		return nil, fmt.Errorf("%s has %d classes, the label encoder (%s) %d", classes.Path(), len(numbers), model.LabelEncoderFile, len(labels))
	}
	for i, number := range numbers {
		if number != int64(i) {
			return nil, fmt.Errorf("%s[%d] is %d: with a label encoder (%s), only the numbers 0 to %d, in this order, are supported", classes.Path(), i, number, model.LabelEncoderFile, len(labels)-1)
		}
	}
	return enough(classes, slices.Clone(labels))
}

func enough(classes pickle.Node, names []string) ([]string, error) {
	if len(names) < 2 {
		return nil, fmt.Errorf("%s has %d classes, at least 2 are wanted", classes.Path(), len(names))
	}
	return names, nil
}

// classesOf returns the array of classes. The older RidgeClassifier has its own in a
// LabelBinarizer, and so has OneVsRestClassifier.
func classesOf(n pickle.Node) (pickle.Node, error) {
	if classes, ok := n.Find("classes_"); ok {
		return classes, nil
	}
	for _, name := range []string{"_label_binarizer", "label_binarizer_", "le_"} {
		if inner, ok := n.Find(name); ok {
			return inner.Attr("classes_")
		}
	}
	return n.Attr("classes_")
}

// texts returns the items of an array of strings, integers or booleans as Python's str
// writes them.
func texts(a pickle.Node) ([]string, error) {
	if names, ok := a.Texts(); ok {
		return names, nil
	}
	if booleans, ok := a.Booleans(); ok {
		var names []string
		for _, b := range booleans {
			name := "False"
			if b {
				name = "True"
			}
			names = append(names, name)
		}
		return names, nil
	}
	if numbers, ok := a.Integers(); ok {
		var names []string
		for _, number := range numbers {
			names = append(names, strconv.FormatInt(number, 10))
		}
		return names, nil
	}
	return nil, a.Wrong("an array of one dimension of strings, integers or booleans")
}
