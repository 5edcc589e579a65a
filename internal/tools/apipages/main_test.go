package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The files that the service has are those of the modules in go.mod. Compressed files are
// compared by what is in them: another release of Go may compress otherwise.
func TestUpToDate(t *testing.T) {
	want, err := files()
	if err != nil {
		t.Fatal(err)
	}
	const dir = "../../apidocs/bundled"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(want))); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if filepath.Ext(name) == ".gz" {
			got, content = decompress(t, got), decompress(t, content)
		}
		if !bytes.Equal(got, content) {
			t.Errorf("%s is not what its module has: run make docs", name)
		}
	}
}

func decompress(t *testing.T, b []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	if page, err := os.ReadFile(filepath.Join(dir, "docs.html")); err != nil || !bytes.Contains(page, []byte("<footer></footer>")) {
		t.Errorf("got %v and %s, want a page with a footer", err, page)
	}
	if err := run(filepath.Join(dir, "none")); err == nil {
		t.Error("no error for a directory that is not there")
	}
}
