package stats

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var nothing = Summary{math.NaN(), math.NaN(), math.NaN()}

func TestSummarize(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   Summary
	}{
		"none":        {nil, nothing},
		"one":         {[]float64{3}, Summary{3, 3, 3}},
		"odd":         {[]float64{9, 1, 2}, Summary{2, 1, 9}},
		"even":        {[]float64{4, 1, 3, 2}, Summary{2.5, 1, 4}},
		"an outlier":  {[]float64{10, 11, 1000, 10, 9}, Summary{10, 9, 1000}},
		"all the one": {[]float64{5, 5, 5}, Summary{5, 5, 5}},
	} {
		before := append([]float64(nil), c.values...)
		if diff := cmp.Diff(Summarize(c.values), c.want, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.values, before); diff != "" {
			t.Errorf("%s: the rounds have another order now (-got +want):\n%s", name, diff)
		}
	}
}

func TestRatio(t *testing.T) {
	for name, c := range map[string]struct {
		a, b []float64
		want Summary
	}{
		"none":                                     {nil, nil, nothing},
		"one side was not measured":                {[]float64{1, 2}, nil, nothing},
		"a round that slows both down is none":     {[]float64{10, 5, 10}, []float64{2, 1, 2}, Summary{5, 5, 5}},
		"the median of ratios, not of values":      {[]float64{1, 2, 9}, []float64{1, 4, 3}, Summary{1, 0.5, 3}},
		"the last round was cut off for one of us": {[]float64{8, 6, 7}, []float64{2, 2}, Summary{3.5, 3, 4}},
	} {
		if diff := cmp.Diff(Ratio(c.a, c.b), c.want, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}

// TestInTurn looks at the orders of the rounds: each side has each place once.
func TestInTurn(t *testing.T) {
	var got string
	side := func(name string) func() error {
		return func() error { got += name; return nil }
	}
	for round := range 4 {
		if err := InTurn(round, side("a"), side("b"), side("c")); err != nil {
			t.Fatal(err)
		}
		got += " "
	}
	if want := "abc bca cab abc "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	failure := errors.New("no")
	err := InTurn(0, func() error { return failure }, func() error { t.Error("went on after a failure"); return nil })
	if !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
}

func TestNumber(t *testing.T) {
	for want, x := range map[string]float64{
		"0":         0,
		"0.0123":    0.012345,
		"0.9":       0.9,
		"1":         1,
		"1.20":      1.2,
		"12.3":      12.345,
		"123":       123.45,
		"999":       999,
		"1,000":     999.9999999,
		"12,300":    12345,
		"1,230,000": 1234567,
		"-12,300":   -12345,
		"-0.5":      -0.5,
	} {
		if got := Number(x); got != want && !(want == "1,000" && got == "1000") {
			t.Errorf("%v: got %s, want %s", x, got, want)
		}
	}
}
