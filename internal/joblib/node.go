package joblib

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A node is a value and the way to it, for the errors: "TfidfVectorizer.norm".
type node struct {
	*pickled
	value value
	path  string
}

// class is the name of the class that the node is an instance of, "" for none.
func (n node) class() string {
	if n.value.kind != objectKind {
		return ""
	}
	return n.object(n.value).class.short()
}

func (n node) String() string { return n.describe(n.value) }

// find returns an attribute of an instance, and whether there is one.
func (n node) find(name string) (node, bool) {
	if n.value.kind != objectKind {
		return node{}, false
	}
	v, ok := n.lookup(n.object(n.value).state, name)
	return node{n.pickled, v, n.path + "." + name}, ok
}

// attr returns an attribute of an instance that it cannot do without.
func (n node) attr(name string) (node, error) {
	a, ok := n.find(name)
	if !ok {
		return a, fmt.Errorf("%s.%s is missing: was it fitted?", n.path, name)
	}
	return a, nil
}

// wrong is the error for a value that is not supported. supported says what is, after
// "only".
func (n node) wrong(supported string) error {
	return fmt.Errorf("%s is %v, only %s is supported", n.path, n, supported)
}

// is says whether the node is this text.
func (n node) is(text string) bool {
	return n.value.kind == stringKind && string(n.raw(n.value)) == text
}

// isNone says whether the node is None.
func (n node) isNone() bool { return n.value.kind == noneKind }

func (n node) flag(name string) (bool, error) {
	a, err := n.attr(name)
	if err != nil {
		return false, err
	}
	if a.value.kind != boolKind && a.value.kind != intKind {
		return false, a.wrong("True or False")
	}
	return a.value.num != 0, nil
}

// oneOf returns the text of an attribute, which has to be one of these.
func (n node) oneOf(name string, texts ...string) (string, error) {
	a, err := n.attr(name)
	if err != nil {
		return "", err
	}
	for _, text := range texts {
		if a.is(text) {
			return text, nil
		}
	}
	return "", a.wrong("'" + strings.Join(texts, "' or '") + "'")
}

// floats returns the numbers of an attribute that is an array of this shape, all of
// them finite.
func (n node) floats(name string, shape ...int) ([]float64, error) {
	a, err := n.attr(name)
	if err != nil {
		return nil, err
	}
	return a.numbers(shape...)
}

func (n node) numbers(shape ...int) ([]float64, error) {
	a := n.array(n.value)
	if a == nil || !slices.Equal(a.shape, shape) {
		return nil, n.wrong(fmt.Sprintf("an array of shape %v", shape))
	}
	numbers := a.floats()
	if numbers == nil {
		return nil, n.wrong("an array of f4, f8, i4 or i8")
	}
	for i, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%s%v is %v, not a finite number", n.path, index(i, shape), x)
		}
	}
	return numbers, nil
}

// index is where in an array of this shape, which is not empty, item i is.
func index(i int, shape []int) []int {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}
