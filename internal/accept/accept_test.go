package accept_test

import (
	"fmt"
	"strings"
	"testing"

	"tagifai/internal/accept"
)

func TestGzip(t *testing.T) {
	tests := []struct {
		name   string
		values []string
		want   bool
	}{
		{"no header", nil, false},
		{"empty", []string{""}, false},
		{"gzip", []string{"gzip"}, true},
		{"in capitals", []string{"GZIP"}, true},
		{"by its old name", []string{"x-gzip"}, true},
		{"curl", []string{"deflate, gzip, br, zstd"}, true},
		{"in another line", []string{"br", "gzip"}, true},
		{"weighted", []string{"gzip;q=0.1"}, true},
		{"with spaces", []string{"br , \tgzip ; Q = 0.001"}, true},
		{"all", []string{"*"}, true},
		{"all, weighted", []string{"br;q=1, *;q=0.5"}, true},
		{"refused", []string{"gzip;q=0"}, false},
		{"refused with digits", []string{"gzip; q=0.000"}, false},
		{"refused, all others are not", []string{"gzip;q=0, *"}, false},
		{"refused in front of others", []string{"*, gzip;q=0"}, false},
		{"all refused", []string{"*;q=0"}, false},
		{"accepted, all others are not", []string{"*;q=0, gzip"}, true},
		{"nothing but gzip", []string{"identity;q=0, gzip;q=0.1"}, true},
		{"identity", []string{"identity"}, false},
		{"as well as identity", []string{"identity, gzip"}, true},
		{"rather than identity", []string{"identity;q=0.5, gzip"}, true},
		{"identity rather", []string{"gzip;q=0.5, identity"}, false},
		{"identity rather than all", []string{"*;q=0.5, identity;q=0.6"}, false},
		{"others", []string{"br, zstd, deflate"}, false},
		{"a longer name", []string{"gzipped, xgzip"}, false},
		{"no number", []string{"gzip;q=x"}, false},
		{"no weight", []string{"gzip;"}, false},
		{"no value", []string{"gzip;q="}, false},
		{"too large a weight", []string{"gzip;q=1.001"}, false},
		{"a negative weight", []string{"gzip;q=-1"}, false},
		{"not a number", []string{"gzip;q=NaN"}, false},
		{"another parameter", []string{"gzip;level=1"}, false},
		{"one more parameter", []string{"gzip;q=1;level=1"}, false},
		{"malformed neighbours", []string{";;q=, ,=,;q=1,gzip,\x00"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := accept.Gzip(test.values); got != test.want {
				t.Errorf("%q: got %t, want %t", test.values, got, test.want)
			}
		})
	}
}

// Where the elements stand, and in how many lines, does not matter; those that name nothing
// of interest do not either.
func FuzzGzip(f *testing.F) {
	for _, seed := range []string{"gzip;q=0.5", "identity;q=1", "*;q=0", "br", ";q=1"} {
		f.Add(uint16(500), seed, "identity;q=0.2", "zstd;q=0.9")
	}
	f.Fuzz(func(t *testing.T, thousandths uint16, a, b, c string) {
		for _, other := range []string{a, b, c} { // once each, or the last counts
			if strings.ContainsAny(other, ",*") || strings.Contains(strings.ToLower(other), "gzip") {
				t.Skip()
			}
		}
		if strings.Contains(strings.ToLower(a+c), "identity") {
			t.Skip()
		}
		thousandths %= 1001
		weighted := fmt.Sprintf("gzip;q=%d.%03d", thousandths/1000, thousandths%1000)
		want := accept.Gzip([]string{weighted, b})
		for _, values := range [][]string{{b, weighted}, {b + "," + weighted}, {a, b, weighted, c}, {strings.Join([]string{c, weighted, a, b}, ", ")}} {
			if got := accept.Gzip(values); got != want {
				t.Errorf("%q: got %t, want %t", values, got, want)
			}
		}
		if want && thousandths == 0 {
			t.Errorf("%q accepts what it refuses", weighted)
		}
	})
}
