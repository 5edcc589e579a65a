package linear_test

import (
	"math"
	"testing"

	"tagifai/model/linear"
)

// TestMultinomial holds the softmax against its definition.
func TestMultinomial(t *testing.T) {
	for _, c := range []struct{ scores, want []float64 }{
		{[]float64{0, 0, 0}, []float64{1. / 3, 1. / 3, 1. / 3}},
		{[]float64{0, math.Log(2), math.Log(5)}, []float64{.125, .25, .625}},
		{[]float64{-1e4, 1e4, 0}, []float64{0, 1, 0}},
		{[]float64{1e308, 1e308, -1e308}, []float64{.5, .5, 0}},
		{[]float64{0}, []float64{.5, .5}},
		{[]float64{math.Log(3)}, []float64{.1, .9}}, // of -s and s
		{[]float64{-800}, []float64{1, 0}},
	} {
		got := make([]float64, len(c.want))
		linear.Multinomial.Probabilities(got, c.scores)
		for k, want := range c.want {
			if !(math.Abs(got[k]-want) <= 1e-15) {
				t.Errorf("%v: got %v, want %v", c.scores, got, c.want)
			}
		}
	}
}
