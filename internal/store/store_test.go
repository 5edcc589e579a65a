package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/store"
)

var origin = store.Origin{Source: "a test", Tool: "tagifai test", By: "tester"}

// source makes a directory to add, with files of any content: a store does not care.
func source(t testing.TB, content string) string {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "weights"), content)
	put(t, filepath.Join(dir, "deep", "er", "args.json"), "{}")
	return dir
}

func put(t testing.TB, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// filled returns a store with n versions of the model m.
func filled(t testing.TB, n int) *store.Store {
	t.Helper()
	s := open(t, t.TempDir())
	for i := range n {
		add(t, s, i+1)
	}
	return s
}

// add adds a version, whose number must be the given one.
func add(t testing.TB, s *store.Store, want int) {
	t.Helper()
	got, err := s.Add(t.Context(), "m", source(t, fmt.Sprint("version ", want)), origin)
	if err != nil || got != want {
		t.Fatalf("added as version %d, want %d; %v", got, want, err)
	}
}

func move(t testing.TB, s *store.Store, alias string, version int) {
	t.Helper()
	if _, err := s.Move(t.Context(), "m", alias, version, "tester"); err != nil {
		t.Fatal(err)
	}
}

// refused makes sure that err is of a kind and has all the parts.
func refused(t *testing.T, err, kind error, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got the error %v, want one that is %v", err, kind)
	}
	for _, part := range parts {
		if !strings.Contains(fmt.Sprint(err), part) {
			t.Errorf("got the error %v, want one with %q", err, part)
		}
	}
}

// inside returns the names of all that is in a store, hidden names too.
func inside(t *testing.T, s *store.Store) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(s.Dir(), func(path string, _ fs.DirEntry, err error) error {
		name, _ := filepath.Rel(s.Dir(), path)
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A number is given once, whatever became of its version.
func TestNumbers(t *testing.T) {
	s := filled(t, 3)
	remove := func(version int) {
		t.Helper()
		if err := s.Remove(t.Context(), "m", version); err != nil {
			t.Fatal(err)
		}
	}
	remove(3)
	add(t, s, 4) // the directory knows of 3
	remove(4)
	remove(2)
	add(t, s, 5)
	put(t, s.AliasesFile("m"), `{"aliases": {"stable": 1}, "history": [{"time": "2026-01-01T00:00:00Z", "by": "x", "what": "stable", "from": 17, "to": 1}]}`)
	add(t, s, 18)
	if err := os.Mkdir(s.VersionDir("m", 30), 0o755); err != nil {
		t.Fatal(err)
	}
	add(t, s, 31)
	numbers, err := s.Numbers("m")
	if diff := cmp.Diff(fmt.Sprint(numbers, err), "[1 5 18 30 31] <nil>"); diff != "" {
		t.Error(diff)
	}
	for _, name := range inside(t, s) {
		if strings.Contains(name, ".removed.") {
			t.Errorf("%s is left of a removed version", name)
		}
	}
	put(t, s.AliasesFile("m"), `{"aliases": {"stable": 999999999}}`)
	_, err = s.Add(t.Context(), "m", source(t, "one too many"), origin)
	refused(t, err, store.ErrInvalid, "1000000000")
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string)
		parts []string
	}{
		{"damaged", func(t *testing.T, dir string) { put(t, filepath.Join(dir, "weights"), "versiom 1") }, []string{`version 1 of "m": weights: has the SHA-256`, "manifest.json"}},
		{"truncated", func(t *testing.T, dir string) { put(t, filepath.Join(dir, "weights"), "vers") }, []string{"weights: has 4 bytes, not 9"}},
		{"file missing", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "weights")); err != nil {
				t.Fatal(err)
			}
		}, []string{"weights: is missing"}},
		{"file too many", func(t *testing.T, dir string) { put(t, filepath.Join(dir, "deep", "more"), "") }, []string{"deep/more: is there"}},
		{"FIFO in its place", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "weights")); err != nil {
				t.Fatal(err)
			}
			fifo(t, filepath.Join(dir, "weights"))
		}, []string{"weights is a FIFO"}},
		{"link to the same content", func(t *testing.T, dir string) {
			outside := filepath.Join(t.TempDir(), "weights")
			if err := os.Rename(filepath.Join(dir, "weights"), outside); err != nil {
				t.Fatal(err)
			}
			link(t, outside, filepath.Join(dir, "weights"))
		}, []string{"weights is a symbolic link"}},
		{"no manifest", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, store.ManifestFile)); err != nil {
				t.Fatal(err)
			}
		}, []string{"no manifest.json", "tagifai models adopt m 1"}},
		{"manifest truncated", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, store.ManifestFile), 40); err != nil {
				t.Fatal(err)
			}
		}, []string{"manifest.json: ", "EOF"}},
		{"manifest empty", func(t *testing.T, dir string) { put(t, filepath.Join(dir, store.ManifestFile), "{}") }, []string{"files: there are none"}},
		{"path out of the tree in the manifest", func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, store.ManifestFile), `{"files": {"../../aliases.json": {"sha256": "`+strings.Repeat("0", 64)+`", "size": 1}}}`)
		}, []string{`"../../aliases.json"`}},
		{"manifest a FIFO", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, store.ManifestFile)); err != nil {
				t.Fatal(err)
			}
			fifo(t, filepath.Join(dir, store.ManifestFile))
		}, []string{"manifest.json: not a regular file"}},
		{"version a link", func(t *testing.T, dir string) {
			if err := os.Rename(dir, dir+"0"); err != nil {
				t.Fatal(err)
			}
			link(t, "10", dir)
		}, []string{"versions/1 is not a directory"}},
		{"model a link", func(t *testing.T, dir string) {
			m := filepath.Dir(filepath.Dir(dir))
			if err := os.Rename(m, m+"2"); err != nil {
				t.Fatal(err)
			}
			link(t, "m2", m)
		}, []string{"/m is not a directory"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := filled(t, 1)
			test.spoil(t, s.VersionDir("m", 1))
			_, err := s.Verify(t.Context(), "m", 1)
			refused(t, err, store.ErrRefused, test.parts...)
			_, err = s.Move(t.Context(), "m", store.Stable, 1, "tester")
			refused(t, err, store.ErrRefused, test.parts...)
			if _, err := os.Lstat(s.AliasesFile("m")); err == nil {
				t.Error("an alias was moved to it")
			}
		})
	}
	t.Run("deleted", func(t *testing.T) {
		s := filled(t, 2)
		if err := os.RemoveAll(s.VersionDir("m", 1)); err != nil {
			t.Fatal(err)
		}
		_, err := s.Verify(t.Context(), "m", 1)
		refused(t, err, store.ErrNotFound, "no version 1; there is 2")
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := filled(t, 1).Verify(ctx, "m", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAdopt(t *testing.T) {
	s := filled(t, 1)
	put(t, filepath.Join(s.VersionDir("m", 7), "weights"), "by hand")
	_, err := s.Move(t.Context(), "m", store.Stable, 7, "tester")
	refused(t, err, store.ErrRefused, "tagifai models adopt m 7")
	if err := s.Adopt(t.Context(), "m", 7, origin); err != nil {
		t.Fatal(err)
	}
	move(t, s, store.Stable, 7)
	refused(t, s.Adopt(t.Context(), "m", 7, origin), store.ErrRefused, "has a manifest.json already")
	refused(t, s.Adopt(t.Context(), "m", 8, origin), store.ErrNotFound, "no version 8; there are 1, 7")
	put(t, filepath.Join(s.VersionDir("m", 9), "weights"), "by hand")
	fifo(t, filepath.Join(s.VersionDir("m", 9), "pipe"))
	refused(t, s.Adopt(t.Context(), "m", 9, origin), store.ErrRefused, "pipe is a FIFO")
	versions, err := s.Versions("m")
	if err != nil || len(versions) != 3 || versions[1].Err != nil || versions[2].Err == nil {
		t.Errorf("got %+v, %v", versions, err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	put(t, file, "")
	for _, test := range []struct{ name, dir, aliases, part string }{
		{"absent", filepath.Join(dir, "absent"), "", "no such file"},
		{"a file", file, "", "not a directory"},
		{"no name", "", "", "no such file"},
		{"aliases absent", dir, filepath.Join(dir, "absent"), "no such file"},
		{"aliases a file", dir, file, "not a directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := store.Open(test.dir, test.aliases, nil); !strings.Contains(fmt.Sprint(err), test.part) {
				t.Errorf("got %v, want an error with %q", err, test.part)
			}
		})
	}
}

// BenchmarkModels is what it takes to list a thousand models of three versions.
func BenchmarkModels(b *testing.B) {
	s := open(b, b.TempDir())
	for i := range 1000 {
		for version := range 3 {
			put(b, filepath.Join(s.VersionDir(fmt.Sprintf("model-%04d", i), version+1), "weights"), "x")
		}
	}
	for b.Loop() {
		if names, err := s.Models(); err != nil || len(names) != 1000 {
			b.Fatal(len(names), err)
		}
	}
}
