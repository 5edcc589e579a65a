package safetensors

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// FromFloats returns a tensor of type F64 and this shape.
func FromFloats(values []float64, shape ...int) Tensor {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return Tensor{DType: "F64", Shape: shape, Data: data}
}

// Floats returns the numbers of a tensor of type F64. They are its data where these lie in
// memory as a float64 does, as in all files that [Marshal] makes on the usual machines:
// nothing is copied, which is a tenth of the time to load a model.
func (t *Tensor) Floats() []float64 {
	return items(t.Data, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
}

// Uint32s returns the numbers of a tensor of type U32, as [Tensor.Floats] does.
func (t *Tensor) Uint32s() []uint32 { return items(t.Data, binary.LittleEndian.Uint32) }

// items returns the numbers that data holds, each of which read reads.
func items[T float64 | uint32](data []byte, read func([]byte) T) []T {
	first, size := unsafe.SliceData(data), unsafe.Sizeof(T(0))
	n := len(data) / int(size)
	if littleEndian && uintptr(unsafe.Pointer(first))%size == 0 {
		return unsafe.Slice((*T)(unsafe.Pointer(first)), n)
	}
	values := make([]T, n)
	for i := range values {
		values[i] = read(data[i*int(size):])
	}
	return values
}

// littleEndian reports whether this machine has the order of bytes of the file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
