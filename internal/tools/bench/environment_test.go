package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParsePackages reads what dpkg-query prints: one package was removed, others were
// never there.
func TestParsePackages(t *testing.T) {
	const out = "installed fasttext 0.9.2+ds-1+b1\n" +
		"not-installed gunicorn \n" +
		"config-files python3-uvloop 0.17.0+ds1-2+b2\n" +
		"installed wrk 4.1.0-3+b2\n" +
		"installed python3 3.11.2-1+b1\n"
	versions, missing := parsePackages([]byte(out), packages)
	if diff := cmp.Diff(versions, []string{"fasttext 0.9.2+ds-1+b1", "wrk 4.1.0-3+b2", "python3 3.11.2-1+b1"}); diff != "" {
		t.Errorf("versions (-got +want):\n%s", diff)
	}
	want := strings.Fields("gunicorn python3-fastapi python3-httptools python3-joblib python3-sklearn python3-uvicorn python3-uvloop")
	if diff := cmp.Diff(missing, want); diff != "" {
		t.Errorf("missing (-got +want):\n%s", diff)
	}
}

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
		"an argument":       {[]string{"data.csv"}, `"data.csv" is no flag`},
		"seconds below one": {[]string{"-seconds", "0"}, "must be at least 1"},
	} {
		b, err := parse(c.args)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: got %v, want no error", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		case name == "two parts" && !cmp.Equal(b.only, []Part{HTTP, Bulk}):
			t.Errorf("%s: got %v", name, b.only)
		}
	}
}
