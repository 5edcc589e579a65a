package pickle

import (
	"errors"
	"fmt"
	"math"
)

// A Builder makes a tree of Python values for a file that holds them in another way
// than a pickle does. What it refuses, and the nodes of the tree, are the same.
//
// It copies whatever is passed to it.
type Builder struct{ tree tree }

// A Value is a value of a [Builder]'s tree. It holds no pointer.
type Value = value

// What a Builder's tree may hold beside what grows with the size of the file, which may
// be compressed many times more than a pickle.
const (
	builderObjects = 1 << 16
	builderItems   = 1 << 20
	builderText    = 16 << 20
)

// NewBuilder returns a Builder for a file of so many bytes.
func NewBuilder(allowed *Globals, size int) *Builder {
	l := limitsOf(size)
	l.objects += builderObjects
	l.items += builderItems
	l.text += builderText
	return &Builder{newTree(allowed, l)}
}

// Root returns the node of the value that all others hang from.
func (b *Builder) Root(v Value) Node { return b.tree.root(v) }

// Describe shows a value, for errors.
func (b *Builder) Describe(v Value) string { return b.tree.describe(v) }

// None makes None.
func (b *Builder) None() Value { return value{kind: noneKind} }

// Bool makes True or False.
func (b *Builder) Bool(x bool) Value {
	if x {
		return value{kind: boolKind, num: 1}
	}
	return value{kind: boolKind}
}

// Int makes an int.
func (b *Builder) Int(x int64) Value { return value{kind: intKind, num: x} }

// BigInt makes an int of more than 64 bits, whose number nobody can ask for.
func (b *Builder) BigInt() Value { return value{kind: bigKind} }

// Float makes a float.
func (b *Builder) Float(x float64) Value {
	return value{kind: floatKind, num: int64(math.Float64bits(x))}
}

// Text makes a str.
func (b *Builder) Text(text []byte) (Value, error) { return b.data(stringKind, text) }

// Bytes makes bytes.
func (b *Builder) Bytes(data []byte) (Value, error) { return b.data(bytesKind, data) }

func (b *Builder) data(k kind, data []byte) (Value, error) {
	t := &b.tree
	if len(data) > math.MaxUint32 {
		return Value{}, fmt.Errorf("%d bytes of text or data", len(data))
	}
	if err := t.decode(len(data)); err != nil {
		return Value{}, err
	}
	from := len(t.extra)
	t.extra = append(t.extra, data...)
	return t.decoded(k, from), nil
}

// Tuple makes a tuple. Its items are appended, as those of all containers.
func (b *Builder) Tuple() (Value, error) { return b.tree.add(tupleKind, object{}) }

// List makes an empty list.
func (b *Builder) List() (Value, error) { return b.tree.add(listKind, object{}) }

// Set makes an empty set.
func (b *Builder) Set() (Value, error) { return b.tree.add(setKind, object{}) }

// Dict makes an empty dict.
func (b *Builder) Dict() (Value, error) { return b.tree.add(dictKind, object{}) }

// Append adds items to a tuple, list or set, or a key and its value to a dict.
func (b *Builder) Append(container Value, items ...Value) error {
	return b.tree.extend(container, container.kind, items)
}

// Key returns key i of a dict, and its text if it is a str.
func (b *Builder) Key(dict Value, i int) (Value, []byte) {
	key := *b.key(dict, i)
	if key.kind != stringKind {
		return key, nil
	}
	return key, b.tree.raw(key)
}

func (b *Builder) key(dict Value, i int) *value {
	if full := b.tree.full[dict.num]; 2*i < len(full)*pieceSize {
		return &full[2*i/pieceSize][2*i%pieceSize]
	}
	return &b.tree.object(dict).items[2*i%pieceSize]
}

// SetKey replaces key i of a dict.
func (b *Builder) SetKey(dict Value, i int, key Value) { *b.key(dict, i) = key }

// Pairs is the number of keys of a dict.
func (b *Builder) Pairs(dict Value) int { return b.tree.pairs(dict) }

// Class makes the class or function of this name, if it is allowed. use is the
// attribute that it is the value of, such as "TfidfVectorizer.tokenizer", for the error;
// "" if it is unknown.
func (b *Builder) Class(name, use string) (Value, error) {
	i, ok := b.tree.allowed.index[name]
	if !ok {
		return Value{}, b.tree.allowed.refuse(name, use)
	}
	return value{kind: globalKind, num: int64(i)}, nil
}

// Object makes an instance of a class, if instances of it are allowed. Its state is set
// by [Builder.SetState].
func (b *Builder) Object(class, use string) (Value, error) {
	v, err := b.Class(class, use)
	if err != nil {
		return Value{}, err
	}
	g := &b.tree.allowed.list[v.num]
	if g.instances != objectKind {
		return Value{}, fmt.Errorf("an instance of %s is made", g.name)
	}
	return b.tree.add(objectKind, object{class: g})
}

// Opaque makes an instance of a class that nothing is known of but its name.
func (b *Builder) Opaque(class string) (Value, error) {
	return b.tree.add(objectKind, object{class: &Global{name: class}})
}

// SetState gives an instance its state: a dict of attributes.
func (b *Builder) SetState(instance, state Value) { b.tree.object(instance).state = state }

// Array makes an array of a type as numpy writes it, such as "<f8". The data is not
// copied.
func (b *Builder) Array(dtype string, shape []int, fortran bool, data []byte) (Value, error) {
	d, err := describedDType(dtype)
	if err != nil {
		return Value{}, err
	}
	if len(shape) > maxDimensions {
		return Value{}, fmt.Errorf("an array of %d dimensions", len(shape))
	}
	a, err := newArray(d, shape)
	if err != nil {
		return Value{}, err
	}
	a.fortran = fortran
	if err := a.setData(data); err != nil {
		return Value{}, err
	}
	return b.tree.add(arrayKind, object{data: a})
}

// Objects makes an array of the items of a list.
func (b *Builder) Objects(list Value, shape []int) (Value, error) {
	a, err := newArray(dtype{code: 'O', size: 8}, shape)
	if err != nil {
		return Value{}, err
	}
	if len(shape) == 1 { // of others nobody asks for the items
		if a.objects = b.tree.items(list); len(a.objects) != shape[0] {
			return Value{}, fmt.Errorf("an array of %d objects has %d", shape[0], len(a.objects))
		}
	}
	return b.tree.add(arrayKind, object{data: a})
}

// Shape returns the numbers of a tuple of them, which is the shape of an array.
func (b *Builder) Shape(v Value) (shape []int, err error) {
	items := b.tree.items(v)
	if v.kind != tupleKind || len(items) > maxDimensions {
		return nil, fmt.Errorf("the shape of an array is not a tuple of at most %d", maxDimensions)
	}
	for _, n := range items {
		if n.kind != intKind || n.num < 0 || n.num > math.MaxInt32 {
			return nil, fmt.Errorf("a dimension of an array is %s", b.Describe(n))
		}
		shape = append(shape, int(n.num))
	}
	return shape, nil
}

// Scalar makes one of numpy's numbers, bools or texts, which becomes what Python's own
// would be.
func (b *Builder) Scalar(dtype string, data []byte) (Value, error) {
	d, err := describedDType(dtype)
	if err != nil {
		return Value{}, err
	}
	return b.tree.scalar(d, data)
}

// TypeOf makes the type of an array's items.
func (b *Builder) TypeOf(array Value) (Value, error) {
	a := b.tree.array(array)
	if a == nil {
		return Value{}, errors.New("a dtype is that of something other than an array")
	}
	d := a.dtype
	return b.tree.add(dtypeKind, object{data: &d})
}

// describedDType reads a type with its byte order.
func describedDType(name string) (dtype, error) {
	if name == "" {
		return dtype{}, errors.New("the type of an array has no name")
	}
	d, ok := parseDType([]byte(name[1:]))
	if !ok {
		return dtype{}, fmt.Errorf("type '%s' is not supported", excerpt([]byte(name)))
	}
	return d, d.setOrder(name[:1])
}
