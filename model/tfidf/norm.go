package tfidf

import (
	"fmt"
	"math"
)

// A Norm is what the TF-IDF vector of a text is divided by.
type Norm string

// The norms.
const (
	L2     Norm = "l2"
	L1     Norm = "l1"
	NoNorm Norm = "none"
)

// Validate returns an error unless n is one of the norms.
func (n Norm) Validate() error {
	switch n {
	case L1, L2, NoNorm:
		return nil
	}
	return fmt.Errorf("norm: %q is not supported, only %q, %q and %q", n, L1, L2, NoNorm)
}

// Power returns what an element adds to the sum that [Norm.Of] takes.
func (n Norm) Power(element float64) float64 {
	switch n {
	case L2:
		return element * element
	case L1:
		return math.Abs(element)
	}
	return 0
}

// Of returns what a vector is divided by, if sum is that of its elements' squares for
// l2, of their magnitudes for l1.
func (n Norm) Of(sum float64) float64 {
	switch {
	case n == NoNorm || sum == 0:
		return 1
	case n == L2:
		return math.Sqrt(sum)
	}
	return sum
}

// TF is the term frequency of an n-gram that a text has so many times.
func (v *Vectorizer) TF(count uint32) float64 {
	if v.Binary {
		return 1
	}
	if !v.SublinearTF {
		return float64(count)
	}
	if count < uint32(len(logarithms)) {
		return logarithms[count]
	}
	return 1 + math.Log(float64(count))
}

// logarithms has 1 + ln(count) of the counts that are usual: that takes 6 % off texts of
// words and characters, which count the words.
var logarithms = func() (table [256]float64) {
	for count := range table {
		table[count] = 1 + math.Log(float64(count))
	}
	return table
}()
