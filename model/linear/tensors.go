package linear

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"tagifai/model/safetensors"
	"tagifai/model/vocabulary"
)

// tensors returns the numbers and n-grams of the weights as tensors, by their names.
func (w *Weights) tensors() map[string]safetensors.Tensor {
	tensors := map[string]safetensors.Tensor{
		"coefficients": safetensors.FromFloats(w.Coefficients, w.Rows(), w.Features()),
		"intercepts":   safetensors.FromFloats(w.Intercepts, w.Rows()),
	}
	for i := range w.Blocks {
		b := &w.Blocks[i]
		n := b.NGrams.Len()
		tensors[key("ngrams", i)] = safetensors.Tensor{DType: "U8", Shape: []int{len(b.NGrams.Text())}, Data: []byte(b.NGrams.Text())}
		var ends []byte
		for _, end := range b.NGrams.Ends() {
			ends = binary.LittleEndian.AppendUint32(ends, end)
		}
		tensors[key("ngram_ends", i)] = safetensors.Tensor{DType: "U32", Shape: []int{n}, Data: ends}
		if b.Vectorizer.UseIDF {
			tensors[key("idf", i)] = safetensors.FromFloats(b.IDF, n)
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
		tensors["sigmoids"] = safetensors.FromFloats(sigmoids, n, 2)
		tensors["points"] = safetensors.FromFloats(points, len(points)/2, 2)
		tensors["point_ends"] = safetensors.Tensor{DType: "U32", Shape: []int{n}, Data: ends}
	}
	return tensors
}

// fill takes the numbers and the vocabulary from the tensors.
func (w *Weights) fill(tensors map[string]safetensors.Tensor) error {
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
	w.Coefficients = coefficients.Floats()
	intercepts, err := take(tensors, "intercepts", "F64", 1)
	if err != nil {
		return err
	}
	w.Intercepts = intercepts.Floats()
	if err := w.fillCalibrators(tensors); err != nil {
		return err
	}
	for name := range tensors {
		return fmt.Errorf("tensor %s: unknown", name)
	}
	return nil
}

func (b *Block) fill(tensors map[string]safetensors.Tensor, i int) error {
	ngramEnds, err := take(tensors, key("ngram_ends", i), "U32", 1)
	if err != nil {
		return err
	}
	ngrams, err := take(tensors, key("ngrams", i), "U8", 1)
	if err != nil {
		return err
	}
	text := unsafe.String(unsafe.SliceData(ngrams.Data), len(ngrams.Data))
	if b.NGrams, err = vocabulary.Cut(text, ngramEnds.Uint32s()); err != nil {
		return fmt.Errorf("tensor ngram_ends: %w", err)
	}
	if b.Vectorizer.UseIDF {
		idf, err := take(tensors, key("idf", i), "F64", 1)
		if err != nil {
			return err
		}
		b.IDF = idf.Floats()
	}
	return nil
}

// fillCalibrators takes the calibrators of the links that have some.
func (w *Weights) fillCalibrators(tensors map[string]safetensors.Tensor) error {
	n := 0
	for i := range w.Links {
		if w.Links[i].Calibrators != nil {
			n += w.Links[i].Rows(len(w.Classes))
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
	numbers, xy, ends := sigmoids.Floats(), points.Floats(), pointEnds.Data
	begin := 0
	for i := range w.Links {
		l := &w.Links[i]
		if l.Calibrators == nil {
			continue
		}
		for range l.Rows(len(w.Classes)) {
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
func take(tensors map[string]safetensors.Tensor, name, dtype string, dimensions int) (safetensors.Tensor, error) {
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
