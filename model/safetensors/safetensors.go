// Package safetensors reads and writes files of named tensors. Their layout is that of
// Hugging Face's safetensors: the length of the header (8 bytes, little endian), the header
// (JSON, padded with spaces), the tensors' bytes one behind the other. Of its types the
// package supports F64, U32 and U8.
//
// It trusts no file. The tensors that it returns lie inside the file, and it takes no more
// memory than a small multiple of the header.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxHeader   = 16 << 20
	metadataKey = "__metadata__"
)

// A Tensor is an array of numbers of one type.
type Tensor struct {
	DType string // "F64", "U32" or "U8"
	Shape []int
	Data  []byte // the numbers, little endian, the last index of Shape fastest
}

// An entry is what the header has of a tensor.
type entry struct {
	DType string   `json:"dtype"`
	Shape []int    `json:"shape"`
	Span  [2]int64 `json:"data_offsets"`
}

// itemSize is the size in bytes of one item of each type.
var itemSize = map[string]int64{"F64": 8, "U32": 4, "U8": 1}

// Marshal returns a file with these metadata and tensors, by their names. It is the same for
// the same arguments.
func Marshal(metadata map[string]string, tensors map[string]Tensor) ([]byte, error) {
	header := map[string]any{metadataKey: metadata}
	var body []byte
	// By name, but the eight-byte ones first, so that all are aligned.
	order := slices.SortedFunc(maps.Keys(tensors), func(a, b string) int {
		return cmp.Or(cmp.Compare(itemSize[tensors[b].DType], itemSize[tensors[a].DType]), cmp.Compare(a, b))
	})
	for _, name := range order {
		t := tensors[name]
		header[name] = entry{t.DType, t.Shape, [2]int64{int64(len(body)), int64(len(body) + len(t.Data))}}
		body = append(body, t.Data...)
	}
	text, err := json.Marshal(header, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	if len(text) > maxHeader-8 {
		return nil, fmt.Errorf("header: %d bytes, at most %d fit", len(text), maxHeader-8)
	}
	if padding := len(text) % 8; padding > 0 {
		text = append(text, strings.Repeat(" ", 8-padding)...)
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(file, text...), body...), nil
}

// A File is a file whose header has been read.
type File struct {
	Metadata map[string]string
	Body     []byte // of all tensors
	entries  map[string]jsontext.Value
}

// Parse reads the header of a file. The result refers to the file.
func Parse(file []byte) (*File, error) {
	header, body, err := splitHeader(file)
	if err != nil {
		return nil, err
	}
	f := File{Body: body}
	if err := json.Unmarshal(header, &f.entries); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := json.Unmarshal(f.entries[metadataKey], &f.Metadata); err != nil {
		return nil, fmt.Errorf("header: %s: %w", metadataKey, err)
	}
	delete(f.entries, metadataKey)
	return &f, nil
}

func splitHeader(file []byte) (header, body []byte, err error) {
	if len(file) < 8 {
		return nil, nil, fmt.Errorf("truncated: %d bytes are not a header", len(file))
	}
	n, rest := binary.LittleEndian.Uint64(file), file[8:]
	if n > maxHeader {
		return nil, nil, fmt.Errorf("header: length %d, more than the %d that are allowed; is this a safetensors file?", n, maxHeader)
	}
	if n > uint64(len(rest)) {
		return nil, nil, fmt.Errorf("truncated: the header has %d bytes, the file %d behind its length", n, len(rest))
	}
	return rest[:n], rest[n:], nil
}

// Tensors returns the tensors that the header names, which have to cover the body without
// gap or overlap. Their bytes are those of the file.
func (f *File) Tensors() (map[string]Tensor, error) {
	tensors, spans := make(map[string]Tensor, len(f.entries)), make(map[string][2]int64, len(f.entries))
	for name, value := range f.entries {
		var e entry
		if err := json.Unmarshal(value, &e, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		size, err := e.size()
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		if e.Span[0] < 0 || e.Span[1]-e.Span[0] != size {
			return nil, fmt.Errorf("tensor %s: data_offsets %v do not hold shape %v of %s, which is %d bytes", name, e.Span, e.Shape, e.DType, size)
		}
		if e.Span[1] > int64(len(f.Body)) {
			return nil, fmt.Errorf("tensor %s: truncated: it ends at byte %d of the data, of which there are %d", name, e.Span[1], len(f.Body))
		}
		tensors[name] = Tensor{e.DType, e.Shape, f.Body[e.Span[0]:e.Span[1]]}
		spans[name] = e.Span
	}
	byPlace := slices.SortedFunc(maps.Keys(spans), func(a, b string) int {
		return cmp.Or(cmp.Compare(spans[a][0], spans[b][0]), cmp.Compare(spans[a][1], spans[b][1]))
	})
	var end int64
	for _, name := range byPlace {
		if span := spans[name]; span[0] != end {
			return nil, fmt.Errorf("tensor %s: data_offsets %v begin elsewhere than where the tensor before it ends, at %d", name, span, end)
		}
		end = spans[name][1]
	}
	if end != int64(len(f.Body)) {
		return nil, fmt.Errorf("oversized: the tensors have %d bytes, the file %d behind its header", end, len(f.Body))
	}
	return tensors, nil
}

// size returns the number of bytes that the tensor's shape and dtype ask for.
func (e *entry) size() (int64, error) {
	size, ok := itemSize[e.DType]
	if !ok {
		return 0, fmt.Errorf("dtype %q is none of F64, U32, U8", e.DType)
	}
	for _, n := range e.Shape {
		if n < 0 || n > 0 && size > math.MaxInt64/int64(n) {
			return 0, fmt.Errorf("shape %v is none", e.Shape)
		}
		size *= int64(n)
	}
	return size, nil
}
