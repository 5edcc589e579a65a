package model

import (
	"encoding/binary"
	"math"
	"reflect"
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
		got := floats(data[offset:])
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
	if got := floats(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// TestLent holds the embedded model, which is made without a copy and a checksum, against
// the one of its artifact, which is read as any other.
func TestLent(t *testing.T) {
	a, err := ReadArtifact(DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	want, err := New(a)
	if err != nil {
		t.Fatal(err)
	}
	data, err := ReadFile(DefaultFS(), WeightsFile, maxWeightsFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != embeddedWeights {
		t.Fatal("the embedded weights are not those of the embedded directory")
	}
	got, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.blocks {
		of, to := &got.blocks[i], &want.blocks[i]
		if !reflect.DeepEqual(of.trie, to.trie) {
			t.Errorf("block %d: another trie", i)
		}
		if of.words == nil { // a table of words has a seed of its own
			continue
		}
		for node := range to.nodes() {
			for row := range want.intercepts {
				n := &metNGram{node: uint32(node)}
				if got, want := of.coefficient(n, row), to.coefficient(n, row); got != want {
					t.Fatalf("block %d: row %d of word %d is %v, want %v", i, row, node, got, want)
				}
			}
		}
	}
}
