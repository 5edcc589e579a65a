package pickle

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unsafe"
)

// A Node is a Python value together with the way to it, such as
// "TfidfVectorizer.norm", which errors name. Its methods can be called on a node of
// any kind; each says what it returns for a node of a kind that does not fit.
//
// The zero Node is no value at all. What a Node refers to is immutable, and keeps the
// whole file in memory.
type Node struct {
	tree  *tree
	value value
	path  string
}

// Size is the number of bytes of the file that the node is of, uncompressed.
func (n Node) Size() int { return len(n.tree.file) + len(n.tree.extra) }

// Path is the way to the node.
func (n Node) Path() string { return n.path }

// At returns the node under another path.
func (n Node) At(path string) Node {
	n.path = path
	return n
}

// Kind is what the node is, for errors: "None", "a str", "a dict".
func (n Node) Kind() string { return n.value.kind.String() }

// Class is the name, without its module, of the class that the node is an instance
// of; "" for none.
func (n Node) Class() string {
	if n.value.kind != objectKind {
		return ""
	}
	return n.tree.object(n.value).class.short()
}

// Global is the full name of the class that the node is, not an instance of it:
// "numpy.float64". It is "" for none.
func (n Node) Global() string {
	if n.value.kind != globalKind {
		return ""
	}
	return n.tree.allowed.list[n.value.num].name
}

// DType is the type of numpy that the node is: "f8", "i4". It is "" for none.
func (n Node) DType() string {
	if n.value.kind != dtypeKind {
		return ""
	}
	return n.tree.object(n.value).data.(*dtype).String()
}

// IsNone reports whether the node is None.
func (n Node) IsNone() bool { return n.value.kind == noneKind }

// Is reports whether the node is this text.
func (n Node) Is(text string) bool {
	return n.value.kind == stringKind && string(n.tree.raw(n.value)) == text
}

// Bool returns a bool, and whether the node is one. An int counts, as it does in
// Python.
func (n Node) Bool() (b, ok bool) {
	return n.value.num != 0, n.value.kind == boolKind || n.value.kind == intKind
}

// Int returns an int of at most 64 bits, and whether the node is one.
func (n Node) Int() (int64, bool) {
	if n.value.kind != intKind {
		return 0, false
	}
	return n.value.num, true
}

// Float returns a number, and whether the node is one: a float or an int.
func (n Node) Float() (float64, bool) {
	switch n.value.kind {
	case floatKind:
		return math.Float64frombits(uint64(n.value.num)), true
	case intKind:
		return float64(n.value.num), true
	}
	return 0, false
}

// Text returns a text, and whether the node is one.
func (n Node) Text() ([]byte, bool) {
	if n.value.kind != stringKind {
		return nil, false
	}
	return n.tree.raw(n.value), true
}

// Excerpt is the beginning of a text, on one line, for people; "" if the node is none.
func (n Node) Excerpt() string {
	text, _ := n.Text()
	return excerpt(text)
}

// Len is the number of items of a tuple, list or set, 0 for any other kind.
func (n Node) Len() int { return len(n.tree.items(n.value)) }

// Item returns an item of a tuple, list or set. It panics if i is not below n.Len().
func (n Node) Item(i int) Node {
	return Node{n.tree, n.tree.items(n.value)[i], fmt.Sprintf("%s[%d]", n.path, i)}
}

// Numbered returns the keys of a dict that numbers texts from 0 up, such as a
// vocabulary, in the order of their numbers: one behind the other, and where each ends.
func (n Node) Numbered() (texts string, ends []uint32, err error) {
	if n.value.kind != dictKind {
		return "", nil, n.Wrong("a dict from text to number")
	}
	t := n.tree
	// First the size of each text, plus one, by its number; then where it ends.
	ends = make([]uint32, t.pairs(n.value))
	pieces := t.pieces(n.value)
	for _, pairs := range pieces {
		for i := 0; i < len(pairs); i += 2 {
			text, number := pairs[i], pairs[i+1]
			if text.kind != stringKind || text.size == math.MaxUint32 {
				return "", nil, fmt.Errorf("%s: key %s is %v, not a text", n.path, t.describe(text), text.kind)
			}
			if number.kind != intKind || number.num < 0 || number.num >= int64(len(ends)) || ends[number.num] != 0 {
				return "", nil, fmt.Errorf("%s[%s] is %s: the numbers of %d texts are 0 to %d, each once",
					n.path, t.describe(text), t.describe(number), len(ends), len(ends)-1)
			}
			ends[number.num] = text.size + 1
		}
	}
	size := 0
	for i, end := range ends {
		size += int(end) - 1
		if size > math.MaxUint32 {
			return "", nil, fmt.Errorf("%s: more than %d bytes of text", n.path, math.MaxUint32)
		}
		ends[i] = uint32(size)
	}
	all := make([]byte, size)
	for _, pairs := range pieces {
		for i := 0; i < len(pairs); i += 2 {
			text, end := pairs[i], ends[pairs[i+1].num]
			copy(all[end-text.size:end], t.raw(text))
		}
	}
	return unsafe.String(unsafe.SliceData(all), len(all)), ends, nil // nothing writes to all any more
}

// IsDict reports whether the node is a dict.
func (n Node) IsDict() bool { return n.value.kind == dictKind }

// Get returns the value of a text key of a dict, and whether the node is a dict that has
// it.
func (n Node) Get(key string) (Node, bool) {
	v, ok := n.tree.lookup(n.value, key)
	return Node{n.tree, v, fmt.Sprintf("%s[%q]", n.path, key)}, ok
}

// Find returns an attribute of an instance, and whether there is one.
func (n Node) Find(name string) (Node, bool) {
	if n.value.kind != objectKind {
		return Node{}, false
	}
	v, ok := n.tree.lookup(n.tree.object(n.value).state, name)
	return Node{n.tree, v, n.path + "." + name}, ok
}

// Attr returns an attribute of an instance. It is an error if there is none.
func (n Node) Attr(name string) (Node, error) {
	a, ok := n.Find(name)
	if !ok {
		return a, fmt.Errorf("%s.%s is missing: was it fitted?", n.path, name)
	}
	return a, nil
}

// Wrong is the error for a value that is not supported: it names the path and shows
// the value. The argument says what is supported and follows the word "only".
func (n Node) Wrong(supported string) error {
	return fmt.Errorf("%s is %v, only %s is supported", n.path, n, supported)
}

// Flag returns an attribute that has to be True or False.
func (n Node) Flag(name string) (bool, error) {
	a, err := n.Attr(name)
	if err != nil {
		return false, err
	}
	b, ok := a.Bool()
	if !ok {
		return false, a.Wrong("True or False")
	}
	return b, nil
}

// OneOf returns an attribute that has to be one of these texts.
func (n Node) OneOf(name string, texts ...string) (string, error) {
	a, err := n.Attr(name)
	if err != nil {
		return "", err
	}
	for _, text := range texts {
		if a.Is(text) {
			return text, nil
		}
	}
	return "", a.Wrong("'" + strings.Join(texts, "' or '") + "'")
}

// Shape is the shape of an array. ok is false if the node is no array.
func (n Node) Shape() (shape []int, ok bool) {
	a := n.tree.array(n.value)
	if a == nil {
		return nil, false
	}
	return slices.Clone(a.shape), true
}

// Floats returns an attribute that has to be an array of this shape and of finite
// numbers.
func (n Node) Floats(name string, shape ...int) ([]float64, error) {
	a, err := n.Attr(name)
	if err != nil {
		return nil, err
	}
	return a.Numbers(shape...)
}

// Numbers returns the numbers of an array, row by row. The array has to have this
// shape, and all its numbers have to be finite.
func (n Node) Numbers(shape ...int) ([]float64, error) {
	numbers, err := n.AnyNumbers(shape...)
	if err != nil {
		return nil, err
	}
	return numbers, n.checkFinite(numbers, shape)
}

// View is Numbers, but the caller must not write to the numbers: they are those of the
// file where these lie in memory as a float64 does, as those of joblib 1.2 and later do.
func (n Node) View(shape ...int) ([]float64, error) {
	a := n.tree.array(n.value)
	if a == nil || !slices.Equal(a.shape, shape) {
		return n.Numbers(shape...) // which says what is wrong
	}
	numbers, ok := a.view()
	if !ok {
		return n.Numbers(shape...)
	}
	return numbers, n.checkFinite(numbers, shape)
}

func (n Node) checkFinite(numbers []float64, shape []int) error {
	for i, x := range numbers {
		if x-x != 0 { // NaN or an infinity
			return fmt.Errorf("%s%v is %v, not a finite number", n.path, index(i, shape), x)
		}
	}
	return nil
}

// Each yields the numbers of an array of one dimension, which has to have so many, by
// their places.
func (n Node) Each(length int) (iter.Seq2[int, float64], error) {
	a := n.tree.array(n.value)
	if a == nil || !slices.Equal(a.shape, []int{length}) || !a.numeric() {
		_, err := n.AnyNumbers(length)
		return nil, err
	}
	return func(yield func(int, float64) bool) {
		for i := range length {
			if !yield(i, a.number(i)) {
				return
			}
		}
	}, nil
}

// AnyNumbers is Numbers, but the numbers need not be finite.
func (n Node) AnyNumbers(shape ...int) ([]float64, error) {
	a := n.tree.array(n.value)
	if a == nil || !slices.Equal(a.shape, shape) {
		return nil, n.Wrong(fmt.Sprintf("an array of shape %v", shape))
	}
	if !a.numeric() {
		return nil, n.Wrong("an array of f4, f8, i4 or i8")
	}
	return a.floats(), nil
}

// Integers returns the items of an array of integers of one dimension. ok is false
// if the node is none.
func (n Node) Integers() (numbers []int64, ok bool) {
	a := n.tree.array(n.value)
	if a == nil || len(a.shape) != 1 {
		return nil, false
	}
	if a.dtype.code != 'O' {
		return a.integers()
	}
	for _, v := range a.objects {
		if v.kind != intKind {
			return nil, false
		}
		numbers = append(numbers, v.num)
	}
	return numbers, true
}

// Booleans returns the items of an array of booleans of one dimension. ok is false if
// the node is none.
func (n Node) Booleans() (booleans []bool, ok bool) {
	a := n.tree.array(n.value)
	if a == nil || len(a.shape) != 1 {
		return nil, false
	}
	if a.dtype.code != 'O' {
		return a.booleans()
	}
	for _, v := range a.objects {
		if v.kind != boolKind {
			return nil, false
		}
		booleans = append(booleans, v.num != 0)
	}
	return booleans, true
}

// Texts returns the items of an array of texts of one dimension. ok is false if the
// node is none.
func (n Node) Texts() (texts []string, ok bool) {
	a := n.tree.array(n.value)
	if a == nil || len(a.shape) != 1 {
		return nil, false
	}
	if a.dtype.code != 'O' {
		return a.texts()
	}
	for _, v := range a.objects {
		if v.kind != stringKind {
			return nil, false
		}
		texts = append(texts, string(n.tree.raw(v)))
	}
	return texts, true
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
