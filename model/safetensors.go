package model

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
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
//	format, format_version                  "tagifai" and 1
//	analyzer, ngram_min, …                  the parameters of the vectorizer and the classifier
//	classes                                 their names, as a JSON list
//	provenance.*                            where the model comes from
//	checksum                                of this file
//	sha256.args.json, sha256.label_encoder.json,
//	sha256.performance.json, sha256.run_id.txt
//	                                        of the other files of the directory
//
// All checksums are SHA-256 in hexadecimal. The one of this file is computed with its
// own 64 digits replaced by zeros; it covers every byte of the file, and so the
// checksums of the other files. Together they cover everything that a model answers
// from. Files written before the sha256.* keys were introduced lack all of them; then
// nothing but the weights file is checked.

// FormatVersion is the version of the weights file that this package writes, and
// the only one that it reads.
const FormatVersion = 1

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

// tensorOrder is the order in which the tensors lie in the file.
var tensorOrder = []string{"coefficients", "idf", "intercepts", "ngram_ends", "ngrams"}

// itemSize is the size in bytes of one item of each tensor.
var itemSize = map[string]int64{"F64": 8, "U32": 4, "U8": 1}

// marshal returns the weights file, with the checksums of other files.
func (w *Weights) marshal(sums checksums) ([]byte, error) {
	if err := w.Validate(); err != nil {
		return nil, err
	}
	classes, err := json.Marshal(w.Classes)
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{
		"format":         "tagifai",
		"format_version": strconv.Itoa(FormatVersion),
		checksumKey:      noChecksum,
		"analyzer":       string(w.Vectorizer.Analyzer),
		"ngram_min":      strconv.Itoa(w.Vectorizer.NgramMin),
		"ngram_max":      strconv.Itoa(w.Vectorizer.NgramMax),
		"lowercase":      strconv.FormatBool(w.Vectorizer.Lowercase),
		"norm":           string(w.Vectorizer.Norm),
		"use_idf":        strconv.FormatBool(w.Vectorizer.UseIDF),
		"sublinear_tf":   strconv.FormatBool(w.Vectorizer.SublinearTF),
		"binary":         strconv.FormatBool(w.Vectorizer.Binary),
		"clean":          strconv.FormatBool(w.Vectorizer.Clean),
		"stem":           strconv.FormatBool(w.Vectorizer.Stem),
		"loss":           string(w.Loss),
		"classes":        string(classes),
	}
	for name, value := range w.Provenance {
		metadata[provenanceSpace+name] = value
	}
	for name, sum := range sums {
		metadata[checksumSpace+name] = sum
	}

	var ngrams, ends []byte
	for _, ngram := range w.NGrams {
		ngrams = append(ngrams, ngram...)
		if len(ngrams) > math.MaxUint32 {
			return nil, errors.New("ngrams: more than 4 GiB of text")
		}
		ends = binary.LittleEndian.AppendUint32(ends, uint32(len(ngrams)))
	}
	tensors := map[string]tensor{
		"ngrams":       {DType: "U8", Shape: []int{len(ngrams)}, data: ngrams},
		"ngram_ends":   {DType: "U32", Shape: []int{len(w.NGrams)}, data: ends},
		"coefficients": {DType: "F64", Shape: []int{w.Rows(), len(w.NGrams)}, data: floatBytes(w.Coefficients)},
		"intercepts":   {DType: "F64", Shape: []int{w.Rows()}, data: floatBytes(w.Intercepts)},
	}
	if w.Vectorizer.UseIDF {
		tensors["idf"] = tensor{DType: "F64", Shape: []int{len(w.NGrams)}, data: floatBytes(w.IDF)}
	}
	header := map[string]any{metadataKey: metadata}
	var body []byte
	for _, name := range tensorOrder { // the eight-byte ones first, so that all are aligned
		if t, ok := tensors[name]; ok {
			t.Span = [2]int64{int64(len(body)), int64(len(body) + len(t.data))}
			header[name] = t
			body = append(body, t.data...)
		}
	}
	text, err := json.Marshal(header, json.Deterministic(true))
	if err != nil {
		return nil, err
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

func floatBytes(values []float64) []byte {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return data
}

// parseWeights reads a weights file. It returns valid weights, and the checksums of
// other files that the file has.
func parseWeights(file []byte) (*Weights, checksums, error) {
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
	if err := checkSum(file, len(file)-len(body), meta[checksumKey]); err != nil {
		return nil, nil, err
	}
	w, err := meta.weights()
	if err != nil {
		return nil, nil, err
	}
	tensors, err := readTensors(entries, body)
	if err != nil {
		return nil, nil, err
	}
	if err := w.fill(tensors); err != nil {
		return nil, nil, err
	}
	return w, meta.checksums(), w.Validate()
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

func checkSum(file []byte, header int, want string) error {
	at := bytes.Index(file[:header], []byte(want))
	if len(want) != len(noChecksum) || at < 0 {
		return fmt.Errorf("%s: %q is not a SHA-256 in hexadecimal", checksumKey, want)
	}
	hash := sha256.New()
	hash.Write(file[:at])
	hash.Write([]byte(noChecksum))
	hash.Write(file[at+len(want):])
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("%s: the file's is %s, its header says %s: it was changed or damaged", checksumKey, got, want)
	}
	return nil
}

// checksums are SHA-256 sums in hexadecimal, by the names of files.
type checksums map[string]string

func sumsOf(files map[string][]byte) checksums {
	sums := make(checksums, len(files))
	for name, data := range files {
		sum := sha256.Sum256(data)
		sums[name] = hex.EncodeToString(sum[:])
	}
	return sums
}

// changed returns the names of the files whose checksum differs, in their order.
func (c checksums) changed(files map[string][]byte) []string {
	found := sumsOf(files)
	var changed []string
	for _, name := range coveredFiles {
		if want, ok := c[name]; ok && found[name] != want {
			changed = append(changed, name)
		}
	}
	return changed
}

// metadata is the header's __metadata__.
type metadata map[string]string

func (m metadata) checkFormat() error {
	if m["format"] != "tagifai" {
		return fmt.Errorf("format: %q, not \"tagifai\": these are not the weights of a tagifai model", m["format"])
	}
	if want := strconv.Itoa(FormatVersion); m["format_version"] != want {
		return fmt.Errorf("format_version: %q, this version reads %s only", m["format_version"], want)
	}
	return nil
}

// checksums returns the checksums of other files.
func (m metadata) checksums() checksums {
	sums := make(checksums)
	for key, sum := range m {
		if name, ok := strings.CutPrefix(key, checksumSpace); ok {
			sums[name] = sum
		}
	}
	return sums
}

// weights returns what the metadata says of the weights.
func (m metadata) weights() (*Weights, error) {
	w := &Weights{
		Vectorizer: Vectorizer{Analyzer: Analyzer(m["analyzer"]), Norm: Norm(m["norm"])},
		Loss:       Loss(m["loss"]),
	}
	v := &w.Vectorizer
	for key, field := range map[string]*int{"ngram_min": &v.NgramMin, "ngram_max": &v.NgramMax} {
		n, err := strconv.Atoi(m[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a whole number", key, m[key])
		}
		*field = n
	}
	for key, field := range map[string]*bool{
		"lowercase": &v.Lowercase, "use_idf": &v.UseIDF, "sublinear_tf": &v.SublinearTF,
		"binary": &v.Binary, "clean": &v.Clean, "stem": &v.Stem,
	} {
		switch m[key] {
		case "true":
			*field = true
		case "false":
		default:
			return nil, fmt.Errorf("%s: %q is neither true nor false", key, m[key])
		}
	}
	if err := json.Unmarshal([]byte(m["classes"]), &w.Classes); err != nil {
		return nil, fmt.Errorf("classes: %q is not a JSON list of names", m["classes"])
	}
	for key, value := range m {
		if name, ok := strings.CutPrefix(key, provenanceSpace); ok {
			if w.Provenance == nil {
				w.Provenance = make(map[string]string)
			}
			w.Provenance[name] = value
		}
	}
	return w, nil
}

// fill takes the numbers and the vocabulary from the tensors.
func (w *Weights) fill(tensors map[string]tensor) error {
	ends, err := take(tensors, "ngram_ends", "U32", 1)
	if err != nil {
		return err
	}
	ngrams, err := take(tensors, "ngrams", "U8", 1)
	if err != nil {
		return err
	}
	if w.NGrams, err = cut(string(ngrams.data), ends.data); err != nil {
		return err
	}
	if w.Vectorizer.UseIDF {
		idf, err := take(tensors, "idf", "F64", 1)
		if err != nil {
			return err
		}
		w.IDF = floats(idf.data)
	}
	coefficients, err := take(tensors, "coefficients", "F64", 2)
	if err != nil {
		return err
	}
	if want := []int{w.Rows(), len(w.NGrams)}; !slices.Equal(coefficients.Shape, want) {
		return fmt.Errorf("tensor coefficients: shape %v, want %v: %d classes and %d n-grams", coefficients.Shape, want, len(w.Classes), len(w.NGrams))
	}
	w.Coefficients = floats(coefficients.data)
	intercepts, err := take(tensors, "intercepts", "F64", 1)
	if err != nil {
		return err
	}
	w.Intercepts = floats(intercepts.data)
	for name := range tensors {
		return fmt.Errorf("tensor %s: unknown", name)
	}
	return nil
}

// take removes a tensor from the map, if it has the right type.
func take(tensors map[string]tensor, name, dtype string, dimensions int) (tensor, error) {
	t, ok := tensors[name]
	switch {
	case !ok:
		return t, fmt.Errorf("tensor %s: missing", name)
	case t.DType != dtype:
		return t, fmt.Errorf("tensor %s: dtype %s, want %s", name, t.DType, dtype)
	case len(t.Shape) != dimensions:
		return t, fmt.Errorf("tensor %s: shape %v, want %d dimensions", name, t.Shape, dimensions)
	}
	delete(tensors, name)
	return t, nil
}

// cut returns the pieces of text that end at ends, little-endian U32.
func cut(text string, ends []byte) ([]string, error) {
	pieces := make([]string, 0, len(ends)/4)
	start := uint32(0)
	for ; len(ends) > 0; ends = ends[4:] {
		end := binary.LittleEndian.Uint32(ends)
		if end < start || int64(end) > int64(len(text)) {
			return nil, fmt.Errorf("tensor ngram_ends: number %d is %d, not between %d and %d", len(pieces), end, start, len(text))
		}
		pieces = append(pieces, text[start:end])
		start = end
	}
	if int64(start) != int64(len(text)) {
		return nil, fmt.Errorf("tensor ngram_ends: the last is %d, but ngrams has %d bytes", start, len(text))
	}
	return pieces, nil
}

func floats(data []byte) []float64 {
	values := make([]float64, len(data)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return values
}
