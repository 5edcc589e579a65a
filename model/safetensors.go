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
	"unsafe"

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

// version returns the first version of the format that can hold the weights, which are
// valid.
func (w *Weights) version() int {
	v, l := &w.Blocks[0].Vectorizer, &w.Links[0]
	switch {
	case len(w.Blocks) > 1, v.StripAccents != KeepAccents, v.TokenPattern != "", v.StopWords != nil:
		return 2
	case len(w.Links) > 1, l.Calibrators != nil, l.Weight != 1, l.Loss == NoLoss, l.Loss == OneVsOne:
		return 2
	}
	return 1
}

// key is the name of what the i-th block has.
func key(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "." + strconv.Itoa(i)
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
	tensors, err := w.tensors()
	if err != nil {
		return nil, err
	}
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

// A linkData is a [Link] in the metadata.
type linkData struct {
	Loss       Loss    `json:"loss"`
	Weight     float64 `json:"weight"`
	Calibrated bool    `json:"calibrated"`
}

func (w *Weights) metadata() (metadata, error) {
	version := w.version()
	m := metadata{
		"format":         "tagifai",
		"format_version": strconv.Itoa(version),
		checksumKey:      noChecksum,
	}
	if err := m.set("classes", w.Classes); err != nil {
		return nil, err
	}
	for name, value := range w.Provenance {
		m[provenanceSpace+name] = value
	}
	for i := range w.Blocks {
		v := &w.Blocks[i].Vectorizer
		m[key("analyzer", i)] = string(v.Analyzer)
		m[key("norm", i)] = string(v.Norm)
		for name, field := range v.ints() {
			m[key(name, i)] = strconv.Itoa(*field)
		}
		for name, field := range v.flags() {
			m[key(name, i)] = strconv.FormatBool(*field)
		}
		if version == 1 {
			continue
		}
		m[key("strip_accents", i)] = string(v.StripAccents)
		m[key("token_pattern", i)] = v.TokenPattern
		if err := m.set(key("stop_words", i), v.StopWords); err != nil {
			return nil, err
		}
		if err := m.set(key("weight", i), w.Blocks[i].Weight); err != nil {
			return nil, err
		}
	}
	if version == 1 {
		m["loss"] = string(w.Links[0].Loss)
		return m, nil
	}
	var links []linkData
	for i := range w.Links {
		l := &w.Links[i]
		links = append(links, linkData{l.Loss, l.Weight, l.Calibrators != nil})
	}
	m["blocks"] = strconv.Itoa(len(w.Blocks))
	m["norm_of_blocks"] = string(w.Norm)
	return m, m.set("links", links)
}

func (v *Vectorizer) ints() map[string]*int {
	return map[string]*int{"ngram_min": &v.NgramMin, "ngram_max": &v.NgramMax}
}

func (v *Vectorizer) flags() map[string]*bool {
	return map[string]*bool{
		"lowercase": &v.Lowercase, "use_idf": &v.UseIDF, "sublinear_tf": &v.SublinearTF,
		"binary": &v.Binary, "clean": &v.Clean, "stem": &v.Stem,
	}
}

func (w *Weights) tensors() (map[string]tensor, error) {
	tensors := map[string]tensor{
		"coefficients": {DType: "F64", Shape: []int{w.Rows(), w.Features()}, data: floatBytes(w.Coefficients)},
		"intercepts":   {DType: "F64", Shape: []int{w.Rows()}, data: floatBytes(w.Intercepts)},
	}
	for i := range w.Blocks {
		b := &w.Blocks[i]
		var ngrams, ends []byte
		for _, ngram := range b.NGrams {
			ngrams = append(ngrams, ngram...)
			if len(ngrams) > math.MaxUint32 {
				return nil, errors.New("ngrams: more than 4 GiB of text")
			}
			ends = binary.LittleEndian.AppendUint32(ends, uint32(len(ngrams)))
		}
		tensors[key("ngrams", i)] = tensor{DType: "U8", Shape: []int{len(ngrams)}, data: ngrams}
		tensors[key("ngram_ends", i)] = tensor{DType: "U32", Shape: []int{len(b.NGrams)}, data: ends}
		if b.Vectorizer.UseIDF {
			tensors[key("idf", i)] = tensor{DType: "F64", Shape: []int{len(b.NGrams)}, data: floatBytes(b.IDF)}
		}
	}
	var sigmoids, points []float64
	var ends []byte
	for i := range w.Links {
		for _, c := range w.Links[i].Calibrators {
			sigmoids = append(sigmoids, c.Slope, c.Offset)
			for k, x := range c.X {
				points = append(points, x, c.Y[k])
			}
			ends = binary.LittleEndian.AppendUint32(ends, uint32(len(points)/2))
		}
	}
	if n := len(ends) / 4; n > 0 {
		tensors["sigmoids"] = tensor{DType: "F64", Shape: []int{n, 2}, data: floatBytes(sigmoids)}
		tensors["points"] = tensor{DType: "F64", Shape: []int{len(points) / 2, 2}, data: floatBytes(points)}
		tensors["point_ends"] = tensor{DType: "U32", Shape: []int{n}, data: ends}
	}
	return tensors, nil
}

func floatBytes(values []float64) []byte {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return data
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
	if v, err := strconv.Atoi(m["format_version"]); err != nil || v < 1 || v > FormatVersion {
		return fmt.Errorf("format_version: %q, this program reads versions 1 to %d", m["format_version"], FormatVersion)
	}
	return nil
}

// set sets a value to the JSON of v.
func (m metadata) set(name string, v any) error {
	text, err := json.Marshal(v)
	m[name] = string(text)
	return err
}

func (m metadata) get(name string, v any) error {
	if err := json.Unmarshal([]byte(m[name]), v, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("%s: %q is not what is wanted: %w", name, m[name], err)
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
	w := &Weights{Norm: NoNorm}
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
	newest := m["format_version"] != "1"
	blocks := 1
	if newest {
		var err error
		if blocks, err = strconv.Atoi(m["blocks"]); err != nil || blocks < 1 || blocks > len(m) {
			return nil, fmt.Errorf("blocks: %q is no number of blocks that the metadata has", m["blocks"])
		}
		w.Norm = Norm(m["norm_of_blocks"])
		var links []linkData
		if err := m.get("links", &links); err != nil {
			return nil, err
		}
		for _, l := range links {
			link := Link{Loss: l.Loss, Weight: l.Weight}
			if l.Calibrated {
				link.Calibrators = []Calibrator{} // as many as there are rows: fill makes them
			}
			w.Links = append(w.Links, link)
		}
	} else {
		loss := Loss(m["loss"])
		if loss == NoLoss || loss == OneVsOne {
			return nil, fmt.Errorf("loss: %q, which version 1 of the format has not", loss)
		}
		w.Links = []Link{{Loss: loss, Weight: 1}}
	}
	for i := range blocks {
		b, err := m.block(i, newest)
		if err != nil {
			return nil, err
		}
		w.Blocks = append(w.Blocks, b)
	}
	return w, nil
}

// block returns what the metadata says of the i-th block.
func (m metadata) block(i int, newest bool) (Block, error) {
	b := Block{Weight: 1}
	v := &b.Vectorizer
	v.Analyzer, v.Norm = Analyzer(m[key("analyzer", i)]), Norm(m[key("norm", i)])
	for name, field := range v.ints() {
		n, err := strconv.Atoi(m[key(name, i)])
		if err != nil {
			return b, fmt.Errorf("%s: %q is not a whole number", key(name, i), m[key(name, i)])
		}
		*field = n
	}
	for name, field := range v.flags() {
		switch m[key(name, i)] {
		case "true":
			*field = true
		case "false":
		default:
			return b, fmt.Errorf("%s: %q is neither true nor false", key(name, i), m[key(name, i)])
		}
	}
	if !newest {
		return b, nil
	}
	v.StripAccents, v.TokenPattern = Accents(m[key("strip_accents", i)]), m[key("token_pattern", i)]
	if err := m.get(key("stop_words", i), &v.StopWords); err != nil {
		return b, err
	}
	if len(v.StopWords) == 0 {
		v.StopWords = nil
	}
	return b, m.get(key("weight", i), &b.Weight)
}

// fill takes the numbers and the vocabulary from the tensors.
func (w *Weights) fill(tensors map[string]tensor) error {
	for i := range w.Blocks {
		if err := w.Blocks[i].fill(tensors, i); err != nil {
			return err
		}
	}
	rows, features := w.Rows(), w.Features()
	coefficients, err := take(tensors, "coefficients", "F64", 2)
	if err != nil {
		return err
	}
	if want := []int{rows, features}; !slices.Equal(coefficients.Shape, want) {
		return fmt.Errorf("tensor coefficients: shape %v, want %v: %d classes and %d n-grams", coefficients.Shape, want, len(w.Classes), features)
	}
	w.Coefficients = floats(coefficients.data)
	intercepts, err := take(tensors, "intercepts", "F64", 1)
	if err != nil {
		return err
	}
	w.Intercepts = floats(intercepts.data)
	if err := w.fillCalibrators(tensors); err != nil {
		return err
	}
	for name := range tensors {
		return fmt.Errorf("tensor %s: unknown", name)
	}
	return nil
}

func (b *Block) fill(tensors map[string]tensor, i int) error {
	ends, err := take(tensors, key("ngram_ends", i), "U32", 1)
	if err != nil {
		return err
	}
	ngrams, err := take(tensors, key("ngrams", i), "U8", 1)
	if err != nil {
		return err
	}
	if b.NGrams, err = cut(unsafe.String(unsafe.SliceData(ngrams.data), len(ngrams.data)), ends.data); err != nil {
		return err
	}
	if b.Vectorizer.UseIDF {
		idf, err := take(tensors, key("idf", i), "F64", 1)
		if err != nil {
			return err
		}
		b.IDF = floats(idf.data)
	}
	return nil
}

// fillCalibrators takes the calibrators of the links that have some.
func (w *Weights) fillCalibrators(tensors map[string]tensor) error {
	n := 0
	for i := range w.Links {
		if w.Links[i].Calibrators != nil {
			n += w.Links[i].rows(len(w.Classes))
		}
	}
	if n == 0 {
		return nil
	}
	sigmoids, err := take(tensors, "sigmoids", "F64", 2)
	if err != nil {
		return err
	}
	points, err := take(tensors, "points", "F64", 2)
	if err != nil {
		return err
	}
	pointEnds, err := take(tensors, "point_ends", "U32", 1)
	if err != nil {
		return err
	}
	if !slices.Equal(sigmoids.Shape, []int{n, 2}) || pointEnds.Shape[0] != n || points.Shape[1] != 2 {
		return fmt.Errorf("tensors sigmoids, points, point_ends: shapes %v, %v, %v, want %v, %v, %v",
			sigmoids.Shape, points.Shape, pointEnds.Shape, []int{n, 2}, []int{points.Shape[0], 2}, []int{n})
	}
	numbers, xy, ends := floats(sigmoids.data), floats(points.data), pointEnds.data
	begin := 0
	for i := range w.Links {
		l := &w.Links[i]
		if l.Calibrators == nil {
			continue
		}
		for range l.rows(len(w.Classes)) {
			c := Calibrator{Slope: numbers[0], Offset: numbers[1]}
			end := int(binary.LittleEndian.Uint32(ends))
			if end < begin || end > len(xy)/2 {
				return fmt.Errorf("tensor point_ends: %d is not between %d and %d", end, begin, len(xy)/2)
			}
			for ; begin < end; begin++ {
				c.X, c.Y = append(c.X, xy[2*begin]), append(c.Y, xy[2*begin+1])
			}
			l.Calibrators = append(l.Calibrators, c)
			numbers, ends = numbers[2:], ends[4:]
		}
	}
	if begin != len(xy)/2 {
		return fmt.Errorf("tensor point_ends: the last is %d, but points has %d", begin, len(xy)/2)
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

// floats returns the numbers that data holds. They are data itself where they lie in memory
// as a float64 does, as in all files that marshal makes on the usual machines: nothing is
// copied, which is a tenth of the time to load.
func floats(data []byte) []float64 {
	first, n := unsafe.SliceData(data), len(data)/8
	if littleEndian && uintptr(unsafe.Pointer(first))%unsafe.Alignof(float64(0)) == 0 {
		return unsafe.Slice((*float64)(unsafe.Pointer(first)), n)
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return values
}

// littleEndian reports whether this machine has the order of bytes of the file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
