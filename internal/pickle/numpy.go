package pickle

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// numpy are the classes and functions that make arrays, their types and scalars, and
// joblib's stand-in for an array.
var numpy = slices.Concat(
	Mentioned("numpy", "ndarray", "memmap"),
	calls(makeDType, "numpy", "dtype"),
	calls(makeArray, "numpy.core.multiarray", "_reconstruct"),
	calls(makeArray, "numpy._core.multiarray", "_reconstruct"),
	calls(makeScalar, "numpy.core.multiarray", "scalar"),
	calls(makeScalar, "numpy._core.multiarray", "scalar"),
	calls(viewBuffer, "numpy.core.numeric", "_frombuffer"),
	calls(viewBuffer, "numpy._core.numeric", "_frombuffer"),
	joblibArrays("joblib.numpy_pickle"),
	joblibArrays("sklearn.externals.joblib.numpy_pickle"),
)

func joblibArrays(module string) []Global {
	return list(Global{instances: wrapperKind}, module, []string{"NumpyArrayWrapper"})
}

// setState runs BUILD, which gives a state to what is on top of the stack.
func (m *machine) setState() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	switch v.kind {
	case dtypeKind:
		return m.setDTypeState(m.object(v).data.(*dtype), m.items(state))
	case arrayKind:
		return m.setArrayState(m.array(v), m.items(state))
	case wrapperKind:
		return m.unwrap(state)
	case objectKind:
		o := m.object(v)
		if o.state.kind != unset {
			return fmt.Errorf("an instance of %s gets a state twice", o.class.name)
		}
		o.state = state
		return nil
	case dictKind:
		return nil // that of a subclass, which holds nothing that a dict has
	}
	return fmt.Errorf("%v gets a state", v.kind)
}

// makeDType is numpy.dtype("f8", align, copy).
func makeDType(m *machine, args []value) (value, error) {
	if len(args) == 0 || args[0].kind != stringKind {
		return value{}, errors.New("its first argument is not a text")
	}
	d, ok := parseDType(m.raw(args[0]))
	if !ok {
		return value{}, fmt.Errorf("type %s is not supported", m.describe(args[0]))
	}
	return m.add(dtypeKind, object{data: &d})
}

// setDTypeState is BUILD of a dtype: (version, byte order, subarray, names, fields,
// size, alignment, flags).
func (m *machine) setDTypeState(d *dtype, state []value) error {
	if len(state) < 5 || state[1].kind != stringKind {
		return errors.New("the state of a dtype is not one")
	}
	for _, v := range state[2:5] {
		if v.kind != noneKind {
			return errors.New("a dtype has fields, which is not supported")
		}
	}
	return d.setOrder(string(m.raw(state[1])))
}

// makeScalar is numpy.core.multiarray.scalar(dtype, data). Numbers become what
// Python's own would be; the vocabulary of older versions has many of them.
func makeScalar(m *machine, args []value) (value, error) {
	if len(args) != 2 || args[0].kind != dtypeKind || args[1].kind != bytesKind {
		return value{}, errors.New("its arguments are not a dtype and bytes")
	}
	return m.scalar(*m.object(args[0]).data.(*dtype), m.raw(args[1]))
}

// scalar makes what data is.
func (t *tree) scalar(d dtype, data []byte) (value, error) {
	if len(data) != d.size {
		return value{}, fmt.Errorf("%d bytes of data for a type of %d", len(data), d.size)
	}
	switch {
	case d.code == 'U':
		if err := t.decode(len(data)); err != nil {
			return value{}, err
		}
		from := len(t.extra)
		t.extra = d.appendText(t.extra, data)
		return t.decoded(stringKind, from), nil
	case d.code == 'b' && d.size == 1:
		return value{kind: boolKind, num: int64(min(data[0], 1))}, nil
	}
	if f, ok := d.float(data); ok {
		return value{kind: floatKind, num: int64(math.Float64bits(f))}, nil
	}
	if i, ok := d.integer(data); ok {
		return value{kind: intKind, num: i}, nil
	}
	return t.add(objectKind, object{class: &opaque}) // of another kind: inert
}

// opaque is the class of what has none that matters.
var opaque = Global{name: "object"}

// makeArray is numpy.core.multiarray._reconstruct(ndarray, (0,), b"b"): an array
// whose BUILD is to follow.
func makeArray(m *machine, args []value) (value, error) {
	if len(args) != 3 || args[0].kind != globalKind || m.allowed.list[args[0].num].name != "numpy.ndarray" {
		return value{}, errors.New("it makes something other than a numpy.ndarray")
	}
	return m.add(arrayKind, object{data: new(array)})
}

// setArrayState is BUILD of an array: (version, shape, dtype, is_fortran, data), where
// the data of an array of objects is a list.
func (m *machine) setArrayState(a *array, state []value) error {
	if len(state) != 5 || state[2].kind != dtypeKind || a.built {
		return errors.New("the state of an array is not one, or its second")
	}
	filled, err := m.newArray(state[1], state[2])
	if err != nil {
		return err
	}
	filled.fortran = state[3].num != 0
	switch data := state[4]; {
	case data.kind == listKind && filled.dtype.code == 'O':
		filled.objects = m.items(data)
		if n := filled.count(); len(filled.objects) != n {
			return fmt.Errorf("an array of %d objects has %d", n, len(filled.objects))
		}
	case data.kind == bytesKind && filled.dtype.code != 'O':
		if err := filled.setData(m.raw(data)); err != nil {
			return err
		}
	default:
		return fmt.Errorf("the data of an array of %v is %v", filled.dtype, data.kind)
	}
	*a = *filled
	return nil
}

// viewBuffer is numpy.core.numeric._frombuffer(bytes, dtype, shape, order), which is
// what protocol 5 writes.
func viewBuffer(m *machine, args []value) (value, error) {
	if len(args) != 4 || args[0].kind != bytesKind || args[1].kind != dtypeKind || args[3].kind != stringKind {
		return value{}, errors.New("its arguments are not bytes, a dtype, a shape and an order")
	}
	a, err := m.newArray(args[2], args[1])
	if err != nil {
		return value{}, err
	}
	a.fortran = string(m.raw(args[3])) == "F"
	if err := a.setData(m.raw(args[0])); err != nil {
		return value{}, err
	}
	return m.add(arrayKind, object{data: a})
}

// newArray makes an array without data of a shape and a dtype.
func (m *machine) newArray(shape, d value) (*array, error) {
	dimensions := m.items(shape)
	if shape.kind != tupleKind || len(dimensions) > maxDimensions {
		return nil, fmt.Errorf("the shape of an array is not a tuple of at most %d", maxDimensions)
	}
	var sizes []int
	for _, v := range dimensions {
		if v.kind != intKind || v.num < 0 || v.num > math.MaxInt32 {
			return nil, fmt.Errorf("a dimension of an array is %s", m.describe(v))
		}
		sizes = append(sizes, int(v.num))
	}
	return newArray(*m.object(d).data.(*dtype), sizes)
}

// unwrap takes joblib's NumpyArrayWrapper, whose state was just read, off the stack,
// and pushes the array, whose items follow in the file.
func (m *machine) unwrap(state value) error {
	if m.nested {
		return errors.New("joblib's array wrapper is inside an array of objects")
	}
	if _, err := m.pop(); err != nil {
		return err
	}
	const mostAttributes = 16 // or else many wrappers could share a state that takes long to search
	if state.kind != dictKind || m.pairs(state) > mostAttributes {
		return errors.New("the state of joblib's array wrapper is not one")
	}
	shape, _ := m.lookup(state, "shape")
	d, _ := m.lookup(state, "dtype")
	order, _ := m.lookup(state, "order")
	if d.kind != dtypeKind || order.kind != stringKind {
		return errors.New("joblib's array wrapper has no dtype or no order")
	}
	a, err := m.newArray(shape, d)
	if err != nil {
		return err
	}
	if a.dtype.code == 'O' {
		return m.objects()
	}
	a.fortran = string(m.raw(order)) == "F"
	if alignment, _ := m.lookup(state, "numpy_array_alignment_bytes"); alignment.kind == intKind {
		n, err := m.length(1) // as joblib 1.2 and later have it
		if err != nil {
			return err
		}
		if _, err := m.take(int(n)); err != nil {
			return err
		}
	}
	data, err := m.take(a.count() * a.dtype.size)
	if err != nil {
		return fmt.Errorf("%v: %w", a, err)
	}
	a.data = data
	v, err := m.add(arrayKind, object{data: a})
	if err != nil {
		return err
	}
	return m.push(v)
}

// objects pushes an array of objects, which joblib writes as a pickle of its own.
func (m *machine) objects() error {
	stack, marks, memo := m.stack, m.marks, m.memo
	m.stack, m.marks, m.memo, m.nested = nil, nil, nil, true
	v, err := m.run()
	m.stack, m.marks, m.memo, m.nested = stack, marks, memo, false
	if err != nil {
		return err
	}
	if v.kind != arrayKind {
		return fmt.Errorf("the array of objects is %v", v.kind)
	}
	return m.push(v)
}
