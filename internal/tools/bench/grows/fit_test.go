package grows

import (
	"math"
	"testing"
)

// TestFit puts points on known curves, moves them by up to 2 %, and looks for the curve
// and its bend.
func TestFit(t *testing.T) {
	for _, test := range []struct {
		form
		y                func(x float64) float64
		bend, tolerance  float64
		b, slopeAccuracy float64
	}{
		{line, func(x float64) float64 { return 30 + 0.5*x }, 60, 0.15, 0.5, 0.05},
		{rate, func(x float64) float64 { return 1 / (2e-5 + 1e-6*x) }, 20, 0.15, 1e-6, 0.05},
		{hinge, func(x float64) float64 {
			if x < 1e3 {
				return 3 * math.Pow(x, 0.1)
			}
			return 3 * math.Pow(1e3, 0.1) * math.Pow(x/1e3, 0.6)
		}, 1e3, 0.3, 0.1, 0.2},
	} {
		t.Run(string(test.form), func(t *testing.T) {
			var xs, ys []float64
			for i := range 11 {
				x := math.Pow(10, float64(i)/2)
				xs, ys = append(xs, x), append(ys, test.y(x)*(1+0.02*math.Sin(float64(7*i))))
			}
			f := newFit(test.form, xs, ys)
			if math.Abs(f.bend/test.bend-1) > test.tolerance {
				t.Errorf("bend: got %g, want %g", f.bend, test.bend)
			}
			if math.Abs(f.b/test.b-1) > test.slopeAccuracy {
				t.Errorf("b: got %g, want %g", f.b, test.b)
			}
			if math.Abs(f.worst) > 0.06 {
				t.Errorf("got a deviation of %g, want less than 0.06", f.worst)
			}
			ys[3] *= 1.5 // a point that is off is told of
			if f := newFit(test.form, xs, ys); f.worstAt != xs[3] || f.worst < 0.2 {
				t.Errorf("a wrong point: got a deviation of %g at %g, want it at %g", f.worst, f.worstAt, xs[3])
			}
		})
	}
}
