package model

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The weights file has the layout of safetensors: the length of the header (8
// bytes, little endian), the header (JSON, padded with spaces), the tensors' bytes
// one behind the other. Its tensors:
//
//	ngrams          U8  [bytes]    the vocabulary's UTF-8, one n-gram behind the other
//	ngram_ends      U32 [V]        where each ends in it
//	idf             F64 [V]        left out if use_idf is false
//	coefficients    F64 [rows, V]
//	intercepts      F64 [rows]
//
// Everything else is text in the header's __metadata__:
//
//	format, format_version                  "tagifai", and 1 or 2
//	analyzer, ngram_min, …                  the parameters of the vectorizer and the classifier
//	classes                                 their names, as a JSON list
//	provenance.*                            where the model comes from
//	checksum                                of this file
//	sha256.args.json, sha256.label_encoder.json,
//	sha256.performance.json, sha256.run_id.txt,
//	sha256.baseline.json                    of the other files of the directory
//
// All checksums are SHA-256 in hexadecimal. The one of this file is computed with its
// own 64 digits replaced by zeros; it covers every byte of the file, and so the
// checksums of the other files. Together they cover everything that a model answers
// from. Files written before the sha256.* keys were introduced lack all of them; then
// nothing but the weights file is checked.
//
// Version 1 of the format has one block, and one link without calibrators. Version 2
// can hold all weights, and is written only for those that version 1 cannot hold, so
// that older programs read whatever they can. It has more metadata (norm_of_blocks,
// links, and the weight, strip_accents, token_pattern and stop_words of each block).
// The names of what belongs to the second block end in ".1", to the third in ".2", and
// so on. Calibrators are these tensors:
//
//	sigmoids        F64 [n, 2]     slope and offset of each, 0 if it has points
//	points          F64 [p, 2]     x and y of the points of all, one behind the other
//	point_ends      U32 [n]        where those of each end; the same as before for none

// FormatVersion is the newest version of the weights file that this package writes
// and reads. It reads all versions before it.
const FormatVersion = 2

const (
	maxHeader       = 16 << 20
	metadataKey     = "__metadata__"
	checksumKey     = "checksum"
	noChecksum      = "0000000000000000000000000000000000000000000000000000000000000000"
	provenanceSpace = "provenance."
	checksumSpace   = "sha256."
)

// tensor is one entry of the header, with the bytes it stands for.
type tensor struct {
	DType string   `json:"dtype"`
	Shape []int    `json:"shape"`
	Span  [2]int64 `json:"data_offsets"`
	data  []byte
}

// itemSize is the size in bytes of one item of each tensor.
var itemSize = map[string]int64{"F64": 8, "U32": 4, "U8": 1}

// marshal returns the weights file, with the checksums of other files.
func (w *Weights) marshal(sums checksums) ([]byte, error) {
	if err := w.Validate(); err != nil {
		return nil, err
	}
	metadata, err := w.metadata()
	if err != nil {
		return nil, err
	}
	for name, sum := range sums {
		metadata[checksumSpace+name] = sum
	}
	tensors := w.tensors()
	header := map[string]any{metadataKey: metadata}
	var body []byte
	// By name, but the eight-byte ones first, so that all are aligned.
	order := slices.SortedFunc(maps.Keys(tensors), func(a, b string) int {
		return cmp.Or(cmp.Compare(itemSize[tensors[b].DType], itemSize[tensors[a].DType]), cmp.Compare(a, b))
	})
	for _, name := range order {
		t := tensors[name]
		t.Span = [2]int64{int64(len(body)), int64(len(body) + len(t.data))}
		header[name] = t
		body = append(body, t.data...)
	}
	text, err := json.Marshal(header, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	if len(text) > maxHeader-8 {
		return nil, fmt.Errorf("header: %d bytes of classes, stop words and provenance, at most %d fit", len(text), maxHeader-8)
	}
	if padding := len(text) % 8; padding > 0 {
		text = append(text, strings.Repeat(" ", 8-padding)...)
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	file = append(append(file, text...), body...)
	at := bytes.Index(file, []byte(noChecksum))
	sum := sha256.Sum256(file)
	hex.Encode(file[at:at+len(noChecksum)], sum[:])
	return file, nil
}

// parseWeights reads a weights file, the checksum of which is not looked at if the file is
// trusted. It returns valid weights, which may share their numbers and texts with the file,
// and the checksums of other files that the file has.
func parseWeights(file []byte, trusted bool) (*Weights, checksums, error) {
	header, body, err := splitHeader(file)
	if err != nil {
		return nil, nil, err
	}
	var entries map[string]jsontext.Value
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	var meta metadata
	if err := json.Unmarshal(entries[metadataKey], &meta); err != nil {
		return nil, nil, fmt.Errorf("header: %s: %w", metadataKey, err)
	}
	delete(entries, metadataKey)
	if err := meta.checkFormat(); err != nil {
		return nil, nil, err
	}
	// The checksum takes as long as the rest, on another core: a fifth of the time.
	changed := make(chan error, 1)
	if trusted {
		changed <- nil
	} else {
		go func() { changed <- checkSum(file, len(file)-len(body), meta[checksumKey]) }()
	}
	w, err := newWeights(meta, entries, body)
	if err == nil && !trusted {
		w.ownNGrams()
	}
	if err := <-changed; err != nil {
		return nil, nil, err
	}
	return w, meta.checksums(), err
}

// newWeights makes weights of the parts of a file. They are valid.
func newWeights(meta metadata, entries map[string]jsontext.Value, body []byte) (*Weights, error) {
	w, err := meta.weights()
	if err != nil {
		return nil, err
	}
	tensors, err := readTensors(entries, body)
	if err != nil {
		return nil, err
	}
	if err := w.fill(tensors); err != nil {
		return nil, err
	}
	return w, w.Validate()
}

func splitHeader(file []byte) (header, body []byte, err error) {
	if len(file) < 8 {
		return nil, nil, fmt.Errorf("truncated: %d bytes are no header", len(file))
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

// readTensors cuts body into the tensors that the header names, which have to cover
// it without gap or overlap.
func readTensors(entries map[string]jsontext.Value, body []byte) (map[string]tensor, error) {
	tensors := make(map[string]tensor, len(entries))
	for name, entry := range entries {
		var t tensor
		if err := json.Unmarshal(entry, &t, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		size, err := t.size()
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		if t.Span[0] < 0 || t.Span[1]-t.Span[0] != size {
			return nil, fmt.Errorf("tensor %s: data_offsets %v do not hold shape %v of %s, which is %d bytes", name, t.Span, t.Shape, t.DType, size)
		}
		if t.Span[1] > int64(len(body)) {
			return nil, fmt.Errorf("tensor %s: truncated: it ends at byte %d of the data, of which there are %d", name, t.Span[1], len(body))
		}
		t.data = body[t.Span[0]:t.Span[1]]
		tensors[name] = t
	}
	byPlace := slices.SortedFunc(maps.Keys(tensors), func(a, b string) int {
		return cmp.Or(cmp.Compare(tensors[a].Span[0], tensors[b].Span[0]), cmp.Compare(tensors[a].Span[1], tensors[b].Span[1]))
	})
	var end int64
	for _, name := range byPlace {
		if span := tensors[name].Span; span[0] != end {
			return nil, fmt.Errorf("tensor %s: data_offsets %v begin elsewhere than where the tensor before it ends, at %d", name, span, end)
		}
		end = tensors[name].Span[1]
	}
	if end != int64(len(body)) {
		return nil, fmt.Errorf("oversized: the tensors have %d bytes, the file %d behind its header", end, len(body))
	}
	return tensors, nil
}

// size returns the number of bytes that the tensor's shape and dtype ask for.
func (t *tensor) size() (int64, error) {
	size, ok := itemSize[t.DType]
	if !ok {
		return 0, fmt.Errorf("dtype %q is none of F64, U32, U8", t.DType)
	}
	for _, n := range t.Shape {
		if n < 0 || n > 0 && size > math.MaxInt64/int64(n) {
			return 0, fmt.Errorf("shape %v is none", t.Shape)
		}
		size *= int64(n)
	}
	return size, nil
}
