package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	r := &report{scenario: "a"}
	r.note("a number", "1|2\n3")
	r.claim("it holds", "1", "≤ 2", true)
	if r.failed() {
		t.Error("failed before it has")
	}
	r.claim("it does not", "3", "≤ 2", false)
	if !r.failed() {
		t.Error("not failed")
	}
	want := `| scenario | claim | measured | bound | ok |
|---|---|---|---|---|
| a | a number | 1\|2 3 |  |  |
| a | it holds | 1 | ≤ 2 | yes |
| a | it does not | 3 | ≤ 2 | **no** |
`
	if diff := cmp.Diff(r.String(), want); diff != "" {
		t.Error(diff)
	}
}

func TestRound(t *testing.T) {
	for given, want := range map[time.Duration]string{
		1234567 * time.Nanosecond: "1.23ms",
		12345 * time.Microsecond:  "12.3ms",
		98765 * time.Millisecond:  "1m38.77s",
		1234 * time.Millisecond:   "1.23s",
		0:                         "0s",
		999:                       "999ns",
	} {
		if got := round(given).String(); got != want {
			t.Errorf("%d: got %s, want %s", given, got, want)
		}
	}
}

// A scenario that cannot be run is not passed over.
func TestNoBinary(t *testing.T) {
	s := settings{binary: filepath.Join(t.TempDir(), "absent"), quick: true}
	for _, name := range []string{"overload", "slow", "reload"} {
		r := run(t.Context(), s, []string{name})
		if !r.failed() || len(r.rows) != 1 || !strings.Contains(r.rows[0].measured, "absent") {
			t.Errorf("%s: %s", name, r)
		}
	}
}

func TestNoNginx(t *testing.T) {
	if path, err := lookNginx("absent"); err == nil || !strings.Contains(err.Error(), "apt-get install nginx") {
		t.Errorf("got %q, %v", path, err)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := run(ctx, settings{binary: os.Args[0]}, []string{"slow"}); !r.failed() || !strings.Contains(r.String(), "canceled") {
		t.Error(r)
	}
}

// The files of a mount change all at once, and the old ones go.
func TestMount(t *testing.T) {
	versions := make([]string, 2)
	for i := range versions {
		versions[i] = t.TempDir()
		for _, name := range []string{"a", "b"} {
			if err := os.WriteFile(filepath.Join(versions[i], name), []byte{byte('0' + i)}, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	m := mount{dir: t.TempDir()}
	for i := range 5 {
		if err := m.swap(versions[i%2]); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			got, err := os.ReadFile(filepath.Join(m.dir, name))
			if want := string(byte('0' + i%2)); err != nil || string(got) != want {
				t.Errorf("%s after swap %d: got %q, %v; want %q", name, i+1, got, err, want)
			}
		}
		entries, err := os.ReadDir(m.dir)
		if err != nil || len(entries) != 4 { // two files, ..data and what it points to
			t.Errorf("after swap %d: %v, %v", i+1, entries, err)
		}
	}
}
