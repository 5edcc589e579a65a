package safetensors

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"unsafe"
)

// TestFloats holds numbers that are not copied against those decoded one by one, at all
// places in memory.
func TestFloats(t *testing.T) {
	want := []float64{0, math.Copysign(0, -1), 1.5, -2e100, math.SmallestNonzeroFloat64, math.Inf(1)}
	for offset := range 8 {
		data := make([]byte, offset, offset+8*len(want))
		for _, v := range want {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		}
		tensor := Tensor{Data: data[offset:]}
		got := tensor.Floats()
		if !slices.Equal(got, want) {
			t.Errorf("at offset %d: %v, want %v", offset, got, want)
		}
		if !littleEndian {
			continue
		}
		if shared := unsafe.Pointer(&got[0]) == unsafe.Pointer(&data[offset]); shared != (offset == 0) {
			t.Errorf("at offset %d: shared is %t", offset, shared)
		}
	}
	if got := new(Tensor).Floats(); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
