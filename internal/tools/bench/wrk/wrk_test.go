package wrk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestParseLoad reads what wrk 4.1.0 has printed.
func TestParseLoad(t *testing.T) {
	got, err := parseLoad(read(t, "wrk.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Load{Requests: 13638, Microseconds: 1001750, P50: 400, P99: 4631, Max: 9184}
	if diff := cmp.Diff(got, want, cmp.AllowUnexported(Load{})); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if got, want := got.Rate(), 13614.18; !cmp.Equal(got, want, cmpopts.EquateApprox(1e-5, 0)) { // as wrk says
		t.Errorf("got %v requests a second, want %v", got, want)
	}
}

// TestParseLoadRefused makes sure that errors, which are quick, never pass for answers.
func TestParseLoadRefused(t *testing.T) {
	const line = `{"requests":5,"microseconds":9,"p50":1,"p99":2,"max":3,"connect":0,"read":0,"write":0,"status":0,"timeout":0}`
	for name, c := range map[string]struct {
		out     string
		refused bool
		want    string
	}{
		"405":                   {string(read(t, "wrk-405.txt")), true, `"status":21834`},
		"a broken connection":   {strings.Replace(line, `"read":0`, `"read":1`, 1), true, `"read":1`},
		"refused connections":   {strings.Replace(line, `"connect":0`, `"connect":32`, 1), true, `"connect":32`},
		"an answer too late":    {strings.Replace(line, `"timeout":0`, `"timeout":2`, 1), true, `"timeout":2`},
		"no answer at all":      {strings.Replace(line, `"requests":5`, `"requests":0`, 1), false, "give it more -seconds"},
		"a script that crashed": {"Running 1s test\nwrk.lua:9: bad argument #1", false, "wrk.lua:9: bad argument"},
		"half a line":           {`{"requests":5,`, false, "not understood"},
	} {
		_, err := parseLoad([]byte(c.out))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %s", name, err, c.want)
		}
		if got := errors.As(err, new(*RefusedError)); got != c.refused {
			t.Errorf("%s: a refused request: got %v, want %v", name, got, c.refused)
		}
	}
}
