package safetensors

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func example(t testing.TB) (map[string]string, map[string]Tensor, []byte) {
	t.Helper()
	metadata := map[string]string{"format": "test", "names": `["ä", "\"b\""]`}
	tensors := map[string]Tensor{
		"a": {DType: "U8", Shape: []int{3}, Data: []byte("abc")},
		"b": FromFloats([]float64{1, 2, 3, 4, 5, 6}, 2, 3),
		"c": {DType: "U32", Shape: []int{1}, Data: []byte{1, 0, 0, 0}},
		"d": FromFloats(nil, 0, 7),
	}
	file, err := Marshal(metadata, tensors)
	if err != nil {
		t.Fatal(err)
	}
	return metadata, tensors, file
}

func TestMarshal(t *testing.T) {
	metadata, tensors, file := example(t)
	f, err := Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.Metadata, metadata); diff != "" {
		t.Errorf("metadata: got -, want +:\n%s", diff)
	}
	read, err := f.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(read, tensors, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("tensors: got -, want +:\n%s", diff)
	}
	if at := len(file) - len(f.Body); at%8 != 0 {
		t.Errorf("the tensors begin at byte %d", at)
	}
	if data := read["b"].Data; !bytes.Equal(data, f.Body[:len(data)]) {
		t.Error("the floats are not the first in the file")
	}
	if _, err := Marshal(map[string]string{"text": strings.Repeat("x", maxHeader)}, nil); err == nil {
		t.Error("a header that Parse refuses was written")
	}
}

// FuzzParse: no file makes the reader panic, and what it accepts is written and read as it
// was.
func FuzzParse(f *testing.F) {
	_, _, file := example(f)
	f.Add(file)
	f.Add(file[:len(file)-1])
	f.Add(append(bytes.Clone(file), 0))
	f.Add(bytes.Replace(file, []byte("[2,3]"), []byte("[3,3]"), 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		tensors, err := file.Tensors()
		if err != nil {
			return
		}
		again, err := Marshal(file.Metadata, tensors)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(second.Metadata, file.Metadata, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("metadata: got -, want +:\n%s", diff)
		}
		got, err := second.Tensors()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, tensors, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("tensors: got -, want +:\n%s", diff)
		}
	})
}
