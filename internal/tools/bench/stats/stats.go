// Package stats says what is told of figures that were measured in rounds: their median
// and their ends, the ratio of two sides, the order in which the sides take turns.
package stats

import (
	"fmt"
	"math"
	"slices"
)

// A Summary is what is told of a series: the median and the ends of it.
type Summary struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Summarize returns the summary of values, NaN throughout if there are none.
func Summarize(values []float64) Summary {
	if len(values) == 0 {
		return Summary{math.NaN(), math.NaN(), math.NaN()}
	}
	return Summary{Median(values), slices.Min(values), slices.Max(values)}
}

// Median returns the middle of values, the mean of the two middle ones if their number
// is even, and NaN of none.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Ratio summarizes a / b, round by round: what slows the machine down in one round
// slows both sides. It is NaN without a round that both have.
func Ratio(a, b []float64) Summary {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		ratios = append(ratios, a[i]/b[i])
	}
	return Summarize(ratios)
}

// Rotated returns the sides in the order of a round: each is first, second and so on
// equally often.
func Rotated[T any](sides []T, round int) []T {
	k := round % len(sides)
	return slices.Concat(sides[k:], sides[:k])
}

// InTurn calls all functions in the order of a round, until one fails.
func InTurn(round int, sides ...func() error) error {
	for _, measure := range Rotated(sides, round) {
		if err := measure(); err != nil {
			return err
		}
	}
	return nil
}

// String is the median, and the ends in brackets if they are others.
func (s Summary) String() string {
	middle, low, high := Number(s.Median), Number(s.Low), Number(s.High)
	if low == high {
		return middle
	}
	return fmt.Sprintf("%s (%s–%s)", middle, low, high)
}

// Number writes x with three digits that say something.
func Number(x float64) string {
	switch abs := math.Abs(x); {
	case abs == math.Trunc(abs) && abs < 1e3:
		return fmt.Sprintf("%.0f", x)
	case abs >= 1e3:
		unit := math.Pow(10, math.Floor(math.Log10(abs))-2)
		digits := fmt.Sprintf("%.0f", math.Round(x/unit)*unit)
		for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
		return digits
	case abs >= 100:
		return fmt.Sprintf("%.0f", x)
	case abs >= 10:
		return fmt.Sprintf("%.1f", x)
	case abs >= 1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.3g", x)
}
