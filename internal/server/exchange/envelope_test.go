package exchange

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimestamp(t *testing.T) {
	tests := []struct {
		name        string
		nanoseconds int
		want        string
	}{
		{"a fraction", 696_429_999, "2021-03-21T13:13:46.696429"},
		{"zeros at its end", 500_000_000, "2021-03-21T13:13:46.500000"},
		{"none", 0, "2021-03-21T13:13:46"},
		{"less than a microsecond", 999, "2021-03-21T13:13:46"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := string(appendTimestamp(nil, time.Date(2021, 3, 21, 13, 13, 46, test.nanoseconds, time.Local)))
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
