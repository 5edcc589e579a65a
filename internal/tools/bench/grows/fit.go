package grows

import (
	"fmt"
	"math"
	"strconv"

	"tagifai/internal/tools/bench/stats"
)

// A form is the shape of a curve y(x).
type form string

const (
	line  form = "line"  // y = a + b·x
	rate  form = "rate"  // y = 1 / (a + b·x): so many a second, each of which takes that line
	hinge form = "hinge" // y = a·x^b up to the bend, from there on growing with x^c
)

// A fit is a curve through points, by least squares of the relative errors.
type fit struct {
	form
	a, b, c float64
	bend    float64 // x at which the curve turns from one of its two laws to the other
	worst   float64 // largest relative deviation of a point from the curve
	worstAt float64 // x of that point
}

// newFit fits a curve of a form to points. It needs two points, a hinge five.
func newFit(f form, xs, ys []float64) fit {
	r := fit{form: f}
	if f == hinge {
		r = newHinge(xs, ys)
	} else {
		// A rate is a line after the change of y to 1/y.
		columns, target := [][]float64{make([]float64, len(xs)), make([]float64, len(xs))}, make([]float64, len(xs))
		for i, x := range xs {
			y := ys[i]
			if f == rate {
				y = 1 / y
			}
			columns[0][i], columns[1][i], target[i] = 1/y, x/y, 1
		}
		p := leastSquares(columns, target)
		r.a, r.b = p[0], p[1]
		r.bend = r.a / r.b
	}
	for i, x := range xs {
		if d := ys[i]/r.at(x) - 1; math.Abs(d) > math.Abs(r.worst) {
			r.worst, r.worstAt = d, x
		}
	}
	return r
}

// newHinge tries many bends between the second and the last but one of the points,
// evenly in the logarithm, and takes the one that leaves the least.
func newHinge(xs, ys []float64) fit {
	const steps = 200
	low, high := math.Log(xs[1]), math.Log(xs[len(xs)-2])
	best, least := fit{form: hinge}, math.Inf(1)
	for step := range steps + 1 {
		bend := low + (high-low)*float64(step)/steps
		columns, target := make([][]float64, 3), make([]float64, len(xs))
		for i, x := range xs {
			l := math.Log(x)
			columns[0] = append(columns[0], 1)
			columns[1] = append(columns[1], l)
			columns[2] = append(columns[2], max(0, l-bend))
			target[i] = math.Log(ys[i])
		}
		p := leastSquares(columns, target)
		sum := 0.0
		for i := range xs {
			d := target[i] - p[0] - p[1]*columns[1][i] - p[2]*columns[2][i]
			sum += d * d
		}
		if sum < least {
			least = sum
			best.a, best.b, best.c, best.bend = math.Exp(p[0]), p[1], p[1]+p[2], math.Exp(bend)
		}
	}
	return best
}

// at returns y(x).
func (f fit) at(x float64) float64 {
	switch f.form {
	case rate:
		return 1 / (f.a + f.b*x)
	case hinge:
		if x > f.bend {
			return f.a * math.Pow(f.bend, f.b) * math.Pow(x/f.bend, f.c)
		}
		return f.a * math.Pow(x, f.b)
	}
	return f.a + f.b*x
}

// bends reports whether the curve turns among positive x at all.
func (f fit) bends() bool { return f.bend > 0 && !math.IsInf(f.bend, 0) }

// formula writes the curve with its numbers; x is the name of what it grows with.
func (f fit) formula(x string) string {
	n := stats.Number
	switch f.form {
	case rate:
		return fmt.Sprintf("1 s / (%s s + %s s × %s)", n(f.a), n(f.b), x)
	case hinge:
		return fmt.Sprintf("grows as %s^%.2f, from %s on as %s^%.2f", x, f.b, si(f.bend), x, f.c)
	}
	sign := "+"
	if f.b < 0 {
		sign = "−"
	}
	return fmt.Sprintf("%s %s %s × %s", n(f.a), sign, n(math.Abs(f.b)), x)
}

// leastSquares returns the factors of the columns whose sum comes closest to target, from
// the normal equations by Gauss's elimination.
func leastSquares(columns [][]float64, target []float64) []float64 {
	n := len(columns)
	m := make([][]float64, n)
	for i := range m {
		for j := range n {
			m[i] = append(m[i], dot(columns[i], columns[j]))
		}
		m[i] = append(m[i], dot(columns[i], target))
	}
	for k := range n { // of a positive definite matrix no pivot is 0
		for i := k + 1; i < n; i++ {
			factor := m[i][k] / m[k][k]
			for j := k; j <= n; j++ {
				m[i][j] -= factor * m[k][j]
			}
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = m[i][n]
		for j := i + 1; j < n; j++ {
			x[i] -= m[i][j] * x[j]
		}
		x[i] /= m[i][i]
	}
	return x
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// si writes x as it is if it is a whole number of up to four digits, else with two digits
// or three and k for thousands, M for millions.
func si(x float64) string {
	switch {
	case x == math.Trunc(x) && x < 1e4:
		return strconv.Itoa(int(x))
	case x >= 999_500:
		return stats.Number(x/1e6) + " M"
	case x >= 999.5:
		return stats.Number(x/1e3) + " k"
	}
	return stats.Number(x)
}
