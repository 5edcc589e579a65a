package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"unsafe"
)

// An array is a numpy array as the file has it.
type array struct {
	dtype   dtype
	shape   []int
	fortran bool    // the first index runs fastest
	data    []byte  // nil for an array of objects
	objects []value // of an array of objects
	built   bool
}

const maxDimensions = 8

// newArray makes an array without data. It may be far larger than its file could
// hold, but the product of its shape and the size of an item is an int.
func newArray(d dtype, shape []int) (*array, error) {
	size := uint64(max(d.size, 1))
	for _, n := range shape {
		high, low := bits.Mul64(size, uint64(max(n, 1)))
		if high > 0 || low > math.MaxInt64 {
			return nil, fmt.Errorf("the shape of an array, %v, is larger than any", shape)
		}
		size = low
	}
	return &array{dtype: d, shape: shape, built: true}, nil
}

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

// item returns the bytes of the item that lies at i in the file.
func (a *array) item(i int) []byte { return a.data[i*a.dtype.size:][:a.dtype.size] }

// numeric reports whether the type is one of those whose numbers are read: f4, f8, i4 and
// i8.
func (a *array) numeric() bool {
	size := a.dtype.size
	return (size == 4 || size == 8) && (a.dtype.code == 'f' || a.dtype.code == 'i')
}

// number returns the number that lies at i in the file.
func (a *array) number(i int) float64 {
	item := a.item(i)
	if f, ok := a.dtype.float(item); ok {
		return f
	}
	n, _ := a.dtype.integer(item)
	return float64(n)
}

// isUsual reports whether the numbers are float64 in the order of the file, row by row, as
// nearly all are.
func (a *array) isUsual() bool { return a.dtype == dtype{code: 'f', size: 8} && !a.fortran }

// floats returns the numbers of a numeric array row by row.
func (a *array) floats() []float64 {
	numbers := make([]float64, a.count())
	if a.isUsual() {
		for i := range numbers {
			numbers[i] = math.Float64frombits(binary.LittleEndian.Uint64(a.data[8*i:]))
		}
		return numbers
	}
	for i := range numbers {
		numbers[a.place(i)] = a.number(i)
	}
	return numbers
}

// view returns the numbers as they are in the file, if they lie there as float64 do.
func (a *array) view() (numbers []float64, ok bool) {
	first := unsafe.SliceData(a.data)
	if !littleEndian || !a.isUsual() || uintptr(unsafe.Pointer(first))%unsafe.Alignof(float64(0)) != 0 {
		return nil, false
	}
	return unsafe.Slice((*float64)(unsafe.Pointer(first)), a.count()), true
}

// littleEndian reports whether this machine has the order of bytes of nearly all files.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// place returns where the item that lies at i in the file is, row by row. Only arrays
// of two dimensions can differ in that.
func (a *array) place(i int) int {
	if !a.fortran || len(a.shape) != 2 {
		return i
	}
	rows, columns := a.shape[0], a.shape[1]
	return i%rows*columns + i/rows
}

// integers returns the items of an array of integers.
func (a *array) integers() (numbers []int64, ok bool) {
	numbers = make([]int64, a.count())
	for i := range numbers {
		if numbers[i], ok = a.dtype.integer(a.item(i)); !ok {
			return nil, false
		}
	}
	return numbers, true
}

// booleans returns the items of an array of booleans.
func (a *array) booleans() (booleans []bool, ok bool) {
	if a.dtype.code != 'b' || a.dtype.size != 1 {
		return nil, false
	}
	booleans = make([]bool, a.count())
	for i := range booleans {
		booleans[i] = a.item(i)[0] != 0
	}
	return booleans, true
}

// texts returns the items of an array of texts.
func (a *array) texts() (texts []string, ok bool) {
	if a.dtype.code != 'U' || a.dtype.size == 0 { // any number of empty texts takes no bytes of the file
		return nil, false
	}
	texts = make([]string, a.count())
	for i := range texts {
		texts[i] = string(a.dtype.appendText(nil, a.item(i)))
	}
	return texts, true
}
