package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParsePackages reads what dpkg-query prints: one package was removed, others were
// never there.
func TestParsePackages(t *testing.T) {
	const packages = "fasttext gunicorn python3 python3-fastapi python3-httptools python3-joblib python3-sklearn python3-uvicorn python3-uvloop wrk"
	const out = "installed fasttext 0.9.2+ds-1+b1\n" +
		"not-installed gunicorn \n" +
		"config-files python3-uvloop 0.17.0+ds1-2+b2\n" +
		"installed wrk 4.1.0-3+b2\n" +
		"installed python3 3.11.2-1+b1\n"
	versions, missing := parsePackages([]byte(out), strings.Fields(packages))
	if diff := cmp.Diff(versions, []string{"fasttext 0.9.2+ds-1+b1", "wrk 4.1.0-3+b2", "python3 3.11.2-1+b1"}); diff != "" {
		t.Errorf("versions (-got +want):\n%s", diff)
	}
	want := strings.Fields("gunicorn python3-fastapi python3-httptools python3-joblib python3-sklearn python3-uvicorn python3-uvloop")
	if diff := cmp.Diff(missing, want); diff != "" {
		t.Errorf("missing (-got +want):\n%s", diff)
	}
}
