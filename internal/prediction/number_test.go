package prediction_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/prediction"
)

// checkNumber holds a number, and its opposite, against the twin.
func checkNumber(t *testing.T, x float64) {
	t.Helper()
	if math.IsNaN(x) || math.IsInf(x, 0) { // no JSON
		return
	}
	for _, x := range []float64{x, -x} {
		want := string(jsontext.AppendFloat([]byte("before "), x, 64))
		if got := string(prediction.AppendNumber([]byte("before "), x)); got != want {
			t.Errorf("%b is %s, want %s", x, got, want)
		}
	}
}

// Numbers of all sizes, those with few digits, and what is next to them and to where
// something else begins.
func TestAppendNumber(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	numbers := []float64{0, math.MaxFloat64, math.SmallestNonzeroFloat64}
	for range 200_000 {
		numbers = append(numbers, math.Ldexp(random.Float64(), random.IntN(80)-24), math.Float64frombits(random.Uint64()))
	}
	for exponent := -30; exponent < 60; exponent++ {
		for bits := range 60 { // ties, too: sums of two powers
			numbers = append(numbers, math.Ldexp(1, exponent)+math.Ldexp(1, exponent-bits))
		}
	}
	for digits := range uint64(10_000) {
		for _, unit := range []float64{1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.1, 1, 1e3, 1e10, 1e12} {
			numbers = append(numbers, float64(digits)*unit)
		}
	}
	for _, x := range numbers {
		for _, x := range []float64{x, math.Nextafter(x, 0), math.Nextafter(x, math.Inf(1))} {
			checkNumber(t, x)
		}
	}
}

func FuzzAppendNumber(f *testing.F) {
	for _, x := range []float64{0.1, 1e-6, 1 << 52, 131071. / 131072, 5e-324, -123456.789} {
		f.Add(math.Float64bits(x))
	}
	f.Fuzz(func(t *testing.T, bits uint64) { checkNumber(t, math.Float64frombits(bits)) })
}

func BenchmarkAppendNumber(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	numbers := make([]float64, 1024)
	for i := range numbers {
		numbers[i] = random.NormFloat64() / 10
	}
	for name, appendNumber := range map[string]func([]byte, float64) []byte{
		"AppendNumber": prediction.AppendNumber,
		"jsontext":     func(dst []byte, x float64) []byte { return jsontext.AppendFloat(dst, x, 64) },
	} {
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, 0, 64)
			for i := 0; b.Loop(); i++ {
				dst = appendNumber(dst[:0], numbers[i%len(numbers)])
			}
		})
	}
}
