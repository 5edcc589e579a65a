package main

import (
	"math"
	"slices"
)

// A Summary is what is told of a series: the median and the ends of it.
type Summary struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// summarize returns the summary of values, NaN throughout if there are none.
func summarize(values []float64) Summary {
	if len(values) == 0 {
		return Summary{math.NaN(), math.NaN(), math.NaN()}
	}
	return Summary{median(values), slices.Min(values), slices.Max(values)}
}

// median returns the middle of values, the mean of the two middle ones if their number
// is even, and NaN of none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// ratio summarizes a / b, round by round: what slows the machine down in one round
// slows both sides. It is NaN without a round that both have.
func ratio(a, b []float64) Summary {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		ratios = append(ratios, a[i]/b[i])
	}
	return summarize(ratios)
}

// rotated returns the sides in the order of a round: each is first, second and so on
// equally often.
func rotated[T any](sides []T, round int) []T {
	k := round % len(sides)
	return slices.Concat(sides[k:], sides[:k])
}

// inTurn calls all functions in the order of a round, until one fails.
func inTurn(round int, sides ...func() error) error {
	for _, measure := range rotated(sides, round) {
		if err := measure(); err != nil {
			return err
		}
	}
	return nil
}
