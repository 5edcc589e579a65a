package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/tools/bench/report"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string // of the error
	}{
		"none":              {nil, ""},
		"two parts":         {[]string{"-only", "http,bulk", "-rounds", "1"}, ""},
		"an unknown part":   {[]string{"-only", "http,bulks"}, `"bulks" is none of`},
		"rest is no part":   {[]string{"-only", "rest"}, `"rest" is none of`},
		"no rounds":         {[]string{"-rounds", "0"}, "must be at least 1"},
		"an argument":       {[]string{"data.csv"}, `"data.csv" is not a flag`},
		"seconds below one": {[]string{"-seconds", "0"}, "must be at least 1"},
	} {
		b, err := parse(c.args)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: got %v, want no error", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		case name == "two parts" && !cmp.Equal(b.only, []report.Part{HTTP, Bulk}):
			t.Errorf("%s: got %v", name, b.only)
		}
	}
}
