package model

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// tensors returns the numbers and n-grams of the weights as tensors, by their names.
func (w *Weights) tensors() map[string]tensor {
	tensors := map[string]tensor{
		"coefficients": {DType: "F64", Shape: []int{w.Rows(), w.Features()}, data: floatBytes(w.Coefficients)},
		"intercepts":   {DType: "F64", Shape: []int{w.Rows()}, data: floatBytes(w.Intercepts)},
	}
	for i := range w.Blocks {
		b := &w.Blocks[i]
		n := b.NGrams.Len()
		tensors[key("ngrams", i)] = tensor{DType: "U8", Shape: []int{len(b.NGrams.text)}, data: []byte(b.NGrams.text)}
		var ends []byte
		for _, end := range b.NGrams.ends {
			ends = binary.LittleEndian.AppendUint32(ends, end)
		}
		tensors[key("ngram_ends", i)] = tensor{DType: "U32", Shape: []int{n}, data: ends}
		if b.Vectorizer.UseIDF {
			tensors[key("idf", i)] = tensor{DType: "F64", Shape: []int{n}, data: floatBytes(b.IDF)}
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
	return tensors
}

// floatBytes returns numbers as the file has them.
func floatBytes(values []float64) []byte {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return data
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
	ngramEnds, err := take(tensors, key("ngram_ends", i), "U32", 1)
	if err != nil {
		return err
	}
	ngrams, err := take(tensors, key("ngrams", i), "U8", 1)
	if err != nil {
		return err
	}
	text := unsafe.String(unsafe.SliceData(ngrams.data), len(ngrams.data))
	if b.NGrams, err = CutVocabulary(text, uint32s(ngramEnds.data)); err != nil {
		return fmt.Errorf("tensor ngram_ends: %w", err)
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

// items returns the numbers that data holds, each of which read reads. They are data itself where they lie in memory as a T does, as in all files that marshal makes
// on the usual machines: nothing is copied, which is a tenth of the time to load.
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

func floats(data []byte) []float64 {
	return items(data, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
}

func uint32s(data []byte) []uint32 { return items(data, binary.LittleEndian.Uint32) }

// littleEndian reports whether this machine has the order of bytes of the file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
