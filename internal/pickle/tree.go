package pickle

import (
	"errors"
	"fmt"
	"slices"
)

// A value is one of a tree's Python values. It holds no pointer: text and bytes are
// places in the file, and whatever is larger is a number in the heap. A vocabulary of
// 100,000 n-grams is 200,000 values, and none of them costs an allocation.
type value struct {
	kind kind
	size uint32 // of text and bytes
	num  int64  // its meaning depends on the kind
}

type kind uint8

// The kinds of values, and what the num of each is.
const (
	unset      kind = iota // no value, such as a memo slot that was not written to
	noneKind               // unused
	boolKind               // 0 or 1
	intKind                // the number
	bigKind                // unused: an integer of more than 64 bits
	floatKind              // the bits of the float64
	stringKind             // where the text begins
	bytesKind              // where the bytes begin
	globalKind             // the index in the list of allowed globals
	tupleKind              // the index in the heap, as for all that follow
	listKind
	dictKind
	setKind
	dtypeKind
	arrayKind
	wrapperKind // joblib's stand-in for an array
	objectKind  // an instance of a class
)

var kindNames = [...]string{
	unset:    "nothing",
	noneKind: "None", boolKind: "a bool", intKind: "an int", bigKind: "an int of more than 64 bits",
	floatKind: "a float", stringKind: "a str", bytesKind: "bytes", globalKind: "a class",
	tupleKind: "a tuple", listKind: "a list", dictKind: "a dict", setKind: "a set", dtypeKind: "a dtype",
	arrayKind: "an array", wrapperKind: "an array wrapper", objectKind: "an object",
}

func (k kind) String() string { return kindNames[k] }

// An object is what a value in the heap stands for. It is a record of what the file
// says, and inert: none of the code of the class it names exists here.
type object struct {
	items []value // of a tuple, list or set; the last piece of a dict; the arguments of an instance
	class *Global // of an instance; never nil
	state value   // of an instance: its attributes
	data  any     // *dtype of a dtype, *array of an array
}

// How much a tree may hold grows with the size of its file: a base, and one for each
// so many bytes. All limits are far above what a model of any size needs. Together
// they keep the memory that is taken to a small multiple of the file's size.
const (
	baseLimit      = 4096
	bytesPerItem   = 2 // of containers
	bytesPerObject = 8
)

// limits are how much a tree may hold.
type limits struct {
	size    int // of the file, for errors
	objects int
	items   int // of all containers
	text    int // bytes that are decoded
}

func limitsOf(size int) limits {
	return limits{size: size, objects: baseLimit + size/bytesPerObject, items: baseLimit + size/bytesPerItem, text: size}
}

// A tree holds Python objects as data. It knows nothing of opcodes.
type tree struct {
	allowed *Globals
	file    []byte // uncompressed
	extra   []byte // text and bytes that had to be decoded; their places continue those of file
	heap    []object
	full    map[int64][][]value // the pieces of a dict before its last, by its place in the heap
	limits  limits

	spent   int // items that were put into containers
	decodes int // bytes that were decoded
}

func newTree(allowed *Globals, limits limits) tree {
	// The first object is the empty tuple.
	return tree{allowed: allowed, heap: append(make([]object, 0, 64), object{}), limits: limits}
}

// root returns the node of the value that all others hang from.
func (t *tree) root(v value) Node {
	n := Node{t, v, ""}
	if n.path = n.Class(); n.path == "" {
		n.path = "the content"
	}
	return n
}

// raw returns the bytes of a text or bytes value. The caller must not change them.
func (t *tree) raw(v value) []byte {
	from, source := v.num, t.file
	if from >= int64(len(t.file)) {
		from, source = from-int64(len(t.file)), t.extra
	}
	return source[from:][:v.size:v.size]
}

// object returns what a value of tupleKind or above stands for.
func (t *tree) object(v value) *object { return &t.heap[v.num] }

// items returns the elements of a tuple, list or set, nil if v is none of these.
func (t *tree) items(v value) []value {
	switch v.kind {
	case tupleKind, listKind, setKind:
		return t.object(v).items
	}
	return nil
}

// lookup returns the value of a text key of a dict, and whether v is a dict that
// has it.
func (t *tree) lookup(v value, key string) (value, bool) {
	if v.kind != dictKind {
		return value{}, false
	}
	for _, pairs := range slices.Backward(t.pieces(v)) {
		for i := len(pairs) - 2; i >= 0; i -= 2 { // the last one counts
			if pairs[i].kind == stringKind && string(t.raw(pairs[i])) == key {
				return pairs[i+1], true
			}
		}
	}
	return value{}, false
}

// pieceSize is how many values a piece of a dict has, but for the last: 1,024 pairs.
const pieceSize = 2048

// pieces returns the keys and values of a dict: key, value, key, value…. They are in
// pieces, so that a vocabulary, which comes in batches, is not copied as it grows.
func (t *tree) pieces(dict value) [][]value {
	return append(slices.Clip(t.full[dict.num]), t.object(dict).items)
}

// pairs is how many keys a dict has.
func (t *tree) pairs(dict value) int {
	return (len(t.full[dict.num])*pieceSize + len(t.object(dict).items)) / 2
}

// array returns what an array value stands for, nil if v is none.
func (t *tree) array(v value) *array {
	if v.kind != arrayKind {
		return nil
	}
	return t.object(v).data.(*array)
}

// add makes an object and returns a value for it.
func (t *tree) add(k kind, o object) (value, error) {
	if len(t.heap) >= t.limits.objects {
		return value{}, fmt.Errorf("more than %d objects in a file of %d bytes", t.limits.objects, t.limits.size)
	}
	t.heap = append(t.heap, o)
	return value{kind: k, num: int64(len(t.heap) - 1)}, nil
}

// container makes a tuple, list, dict or set of a copy of items.
func (t *tree) container(k kind, items []value) (value, error) {
	if err := t.spend(len(items)); err != nil {
		return value{}, err
	}
	return t.add(k, object{items: append([]value(nil), items...)})
}

// extend adds a copy of items to the container v, which has to be of kind k.
func (t *tree) extend(v value, k kind, items []value) error {
	if v.kind != k {
		return fmt.Errorf("items of %v are added to %v", k, v.kind)
	}
	if err := t.spend(len(items)); err != nil {
		return err
	}
	o := t.object(v)
	for k == dictKind && len(o.items)+len(items) > pieceSize {
		n := pieceSize - len(o.items)
		if t.full == nil {
			t.full = make(map[int64][][]value)
		}
		t.full[v.num] = append(t.full[v.num], append(o.items, items[:n]...))
		o.items, items = make([]value, 0, pieceSize), items[n:]
	}
	if len(items) > cap(o.items)-len(o.items) { // append grows long slices by a quarter only
		o.items = slices.Grow(o.items, max(len(items), len(o.items)))
	}
	o.items = append(o.items, items...)
	return nil
}

// spend counts items that are about to be put into a container.
func (t *tree) spend(items int) error {
	t.spent += items
	if t.spent > t.limits.items {
		return fmt.Errorf("more than %d items in a file of %d bytes", t.limits.items, t.limits.size)
	}
	return nil
}

// decode counts bytes that are about to be decoded. In all they must be no more than
// the file has: one text that is decoded again and again could otherwise take any
// amount of memory and time.
func (t *tree) decode(n int) error {
	t.decodes += n
	if t.decodes > t.limits.text {
		return errors.New("more text and data is decoded than the file has")
	}
	return nil
}

// decoded returns a value for what was appended to t.extra from there on.
func (t *tree) decoded(k kind, from int) value {
	return value{kind: k, size: uint32(len(t.extra) - from), num: int64(len(t.file) + from)}
}
