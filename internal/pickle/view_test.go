package pickle

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"unsafe"
)

// TestView holds numbers that are not copied against those decoded one by one, at all
// places in memory, in all orders.
func TestView(t *testing.T) {
	numbers := []float64{0, math.Copysign(0, -1), 1.5, -2e100, math.SmallestNonzeroFloat64, math.MaxFloat64}
	for _, a := range []array{
		{dtype: dtype{code: 'f', size: 8}, shape: []int{2, 3}},
		{dtype: dtype{code: 'f', size: 8}, shape: []int{2, 3}, fortran: true},
		{dtype: dtype{code: 'f', size: 8, big: true}, shape: []int{6}},
	} {
		for offset := range 8 {
			data := make([]byte, offset, offset+8*len(numbers))
			var bits [8]byte
			for _, v := range numbers {
				a.dtype.order().PutUint64(bits[:], math.Float64bits(v))
				data = append(data, bits[:]...)
			}
			a.data, a.built = data[offset:], true
			tree := newTree(Allow(nil), limitsOf(len(data)))
			v, err := tree.add(arrayKind, object{data: &a})
			if err != nil {
				t.Fatal(err)
			}
			n := tree.root(v)
			want, err := n.Numbers(a.shape...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := n.View(a.shape...)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%v at offset %d: %v, %v, want %v", a.dtype, offset, got, err, want)
			}
			shared := unsafe.Pointer(&got[0]) == unsafe.Pointer(&data[offset])
			if usual := offset == 0 && !a.fortran && !a.dtype.big && littleEndian; shared != usual {
				t.Errorf("%v, fortran %t, at offset %d: shared is %t", a.dtype, a.fortran, offset, shared)
			}
		}
	}
}

// TestViewBad looks at a number that is none, and at another shape.
func TestViewBad(t *testing.T) {
	data := binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.NaN()))
	tree := newTree(Allow(nil), limitsOf(len(data)))
	v, err := tree.add(arrayKind, object{data: &array{dtype: dtype{code: 'f', size: 8}, shape: []int{1}, data: data, built: true}})
	if err != nil {
		t.Fatal(err)
	}
	n := tree.root(v)
	for _, shape := range [][]int{{1}, {2}, {1, 1}, {}} {
		_, want := n.Numbers(shape...)
		if _, err := n.View(shape...); err == nil || err.Error() != want.Error() {
			t.Errorf("%v: %v, want %v", shape, err, want)
		}
	}
}
