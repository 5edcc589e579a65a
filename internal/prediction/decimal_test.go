package prediction

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// checkBillionths holds a number of billionths against the twin.
func checkBillionths(t *testing.T, n int64) {
	t.Helper()
	want := strings.TrimSuffix(strings.TrimRight(big.NewRat(n, 1e9).FloatString(9), "0"), ".")
	if n == 0 {
		want = "0"
	}
	if got := string(appendBillionths([]byte("before "), n)); got != "before "+want {
		t.Errorf("%d billionths are %s, want %s", n, got, want)
	}
}

func TestAppendBillionths(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		n := random.Int64N(1 << (1 + random.IntN(60)))
		checkBillionths(t, n)
		checkBillionths(t, -n)
	}
	for unit := int64(1); unit <= 1e15; unit *= 10 {
		for digits := range int64(120) {
			checkBillionths(t, digits*unit)
			checkBillionths(t, 1-digits*unit)
		}
	}
}

func FuzzAppendBillionths(f *testing.F) {
	for _, n := range []int64{0, -1, 1e8, 1e9, 123456789, -9999999999, 1e15 - 1} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) { checkBillionths(t, n%(1<<60)) })
}

func TestAppendCount(t *testing.T) {
	for n := range 2000 {
		want := "before " + strconv.Itoa(n)
		for _, room := range []int{0, 1, 20} { // behind what is before
			if got := string(appendCount(append(make([]byte, 0, 7+room), "before "...), n)); got != want {
				t.Errorf("got %q with room for %d bytes, want %q", got, room, want)
			}
		}
	}
}

// The parts of a sum are near what they are, and their sum near that of those.
func TestSum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, scale := range []float64{1e-9, 1e-4, 0.1, 1, 100, 1e7} {
		for _, n := range []int{1, 10, 10_000} {
			parts, size := make([]float64, n), 0.0
			for i := range parts {
				parts[i] = scale * random.NormFloat64() / float64(n)
				size += math.Abs(parts[i])
			}
			s, want, got := newSum(size), 0.0, 0.0
			tolerance := 1e-9 + 1e-15*size
			for _, part := range parts {
				text := string(s.append(nil, part))
				read, err := strconv.ParseFloat(text, 64)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(read-part) > tolerance {
					t.Errorf("%v is %s", part, text)
				}
				if small := size < 1e-3; small && read != part {
					t.Errorf("%v is %s, which has not all digits", part, text)
				} else if !small && size < 1e6 && len(strings.TrimLeft(text, "-0123456789")) > len(".123456789") {
					t.Errorf("%v is %s, which has more than nine decimals", part, text)
				}
				want += part
				got += read
			}
			if math.Abs(got-want) > 0.51e-9+1e-13*size {
				t.Errorf("%d parts are %v together, want %v", n, got, want)
			}
		}
	}
}
