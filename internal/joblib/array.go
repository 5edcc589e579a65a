package joblib

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// An array is a numpy array as the file has it.
type array struct {
	dtype   dtype
	shape   []int
	fortran bool    // the first index runs fastest
	data    []byte  // of an array of objects: nil
	objects []value // of an array of objects
	built   bool
}

const maxDimensions = 8

func (a *array) String() string {
	if !a.built {
		return "an array of nothing yet"
	}
	return fmt.Sprintf("an array of %v with shape %v", a.dtype, a.shape)
}

// count is the number of items.
func (a *array) count() int {
	n := 1
	for _, d := range a.shape {
		n *= d
	}
	return n
}

// setState runs BUILD: what is on top of the stack gets a state, and what joblib
// puts in the place of an array becomes one.
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
	case objectKind:
		o := m.object(v)
		if o.state.kind != unset {
			return fmt.Errorf("an instance of %s gets a state twice", o.class.name)
		}
		o.state = state
		return nil
	case wrapperKind:
		return m.unwrap(state)
	}
	return fmt.Errorf("%v gets a state", v.kind)
}

// makeArray is numpy.core.multiarray._reconstruct(ndarray, (0,), b"b"): an array
// whose BUILD is to follow.
func makeArray(m *machine, args []value) (value, error) {
	if len(args) != 3 || args[0].kind != globalKind || globals[args[0].num].name != "numpy.ndarray" {
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

func (a *array) setData(data []byte) error {
	if a.dtype.code == 'O' {
		return errors.New("an array of objects has data")
	}
	if want := a.count() * a.dtype.size; len(data) != want {
		return fmt.Errorf("%v has %d bytes of data, not %d", a, len(data), want)
	}
	a.data = data
	return nil
}

// newArray makes an array without data. It may be far larger than its file could
// hold, but the product of its shape and the size of an item is an int.
func (m *machine) newArray(shape, d value) (*array, error) {
	a := &array{dtype: *m.object(d).data.(*dtype), built: true}
	dimensions := m.items(shape)
	if shape.kind != tupleKind || len(dimensions) > maxDimensions {
		return nil, fmt.Errorf("the shape of an array is not a tuple of at most %d", maxDimensions)
	}
	size := uint64(max(a.dtype.size, 1))
	for _, v := range dimensions {
		if v.kind != intKind || v.num < 0 || v.num > math.MaxInt32 {
			return nil, fmt.Errorf("a dimension of an array is %s", m.describe(v))
		}
		a.shape = append(a.shape, int(v.num))
		high, low := bits.Mul64(size, uint64(max(v.num, 1)))
		if high > 0 || low > math.MaxInt64 {
			return nil, fmt.Errorf("the shape of an array, %v, is larger than any", a.shape)
		}
		size = low
	}
	return a, nil
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
	if state.kind != dictKind || len(m.object(state).items) > 2*mostAttributes {
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

// floats returns the numbers of an array row by row, or nil if its type is not one of
// those that are supported: f4, f8, i4 and i8.
func (a *array) floats() []float64 {
	size := a.dtype.size
	if size != 4 && size != 8 || a.dtype.code != 'f' && a.dtype.code != 'i' {
		return nil
	}
	numbers := make([]float64, a.count())
	if a.dtype == (dtype{code: 'f', size: 8}) && !a.fortran { // nearly always
		for i := range numbers {
			numbers[i] = math.Float64frombits(binary.LittleEndian.Uint64(a.data[8*i:]))
		}
		return numbers
	}
	for i := range numbers {
		item := a.data[i*size:][:size]
		f, ok := a.dtype.float(item)
		if !ok {
			n, _ := a.dtype.integer(item)
			f = float64(n)
		}
		numbers[a.place(i)] = f
	}
	return numbers
}

// place returns where the item that lies at i in the file is, row by row. Only two
// dimensions can differ in that.
func (a *array) place(i int) int {
	if !a.fortran || len(a.shape) != 2 {
		return i
	}
	rows, columns := a.shape[0], a.shape[1]
	return i%rows*columns + i/rows
}
