package model

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveLargest returns the indices of the top weights of the largest magnitudes.
func naiveLargest(weights []float64, top int) []int {
	var order []int
	for i, weight := range weights {
		if weight != 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(math.Abs(weights[j]), math.Abs(weights[i])) })
	return order[:min(top, len(order))]
}

// TestLargest holds what is found against the naive twin, whether the guess is too high, too low
// or about right.
func TestLargest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	distributions := map[string]func(i int) float64{
		"as of n-grams":    func(int) float64 { return r.ExpFloat64() * float64(r.IntN(3)-1) },
		"normal":           func(int) float64 { return r.NormFloat64() },
		"all the same":     func(int) float64 { return 0.5 },
		"many the same":    func(int) float64 { return float64(r.IntN(20)) / 16 },
		"a few very large": func(i int) float64 { return math.Pow(10, -float64(i)) },
		"ascending":        func(i int) float64 { return float64(i) },
		"descending":       func(i int) float64 { return -1 / float64(i+1) },
		"nothing":          func(int) float64 { return 0 },
		"too large":        func(i int) float64 { return math.MaxFloat64 / float64(i+1) },
	}
	var l largest // used again and again, as those of a scratch are
	for name, weight := range distributions {
		for _, n := range []int{0, 1, 9, 10, 60, 200, 600, 3000} {
			weights, magnitude := make([]float64, n), 0.0
			for i := range weights {
				weights[i] = weight(i)
				magnitude += math.Abs(weights[i])
			}
			for _, top := range []int{0, 1, 10, fewLargest, fewLargest + 1, 1000} {
				var got []int
				for _, c := range l.find(weights, magnitude, top) {
					got = append(got, c.at)
				}
				want := naiveLargest(weights, top)
				if !slices.Equal(got, want) {
					t.Errorf("%s, the %d largest of %d: got the indices %v, want %v", name, top, n, got, want)
				}
			}
		}
	}
}
