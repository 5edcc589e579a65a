package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/store"
)

func TestAdd(t *testing.T) {
	s := filled(t, 1)
	want := []string{".", "m", "m/.aliases.json.lock", "m/versions", "m/versions/1", "m/versions/1/deep", "m/versions/1/deep/er",
		"m/versions/1/deep/er/args.json", "m/versions/1/manifest.json", "m/versions/1/weights"}
	if diff := cmp.Diff(inside(t, s), want); diff != "" {
		t.Error(diff)
	}
	manifest, err := s.Verify(t.Context(), "m", 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := manifest.Files["weights"]; got.Size != 9 || len(got.SHA256) != 64 {
		t.Errorf("weights: got %+v", got)
	}
	if manifest.Source != origin.Source || manifest.Tool != origin.Tool || manifest.By != origin.By {
		t.Errorf("origin: got %+v", manifest.Origin)
	}
	// A version of one store is a version of another.
	again, err := s.Add(t.Context(), "copy", s.VersionDir("m", 1), origin)
	if err != nil || again != 1 {
		t.Errorf("a copy is version %d: %v", again, err)
	}
	models, err := s.Models()
	if diff := cmp.Diff(fmt.Sprint(models, err), "[copy m] <nil>"); diff != "" {
		t.Error(diff)
	}
}

// What cannot be added is named, and leaves nothing behind.
func TestAddRefuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string)
		model string
		kind  error
		parts []string
	}{
		{"FIFO", func(t *testing.T, dir string) { fifo(t, filepath.Join(dir, "pipe")) }, "m", store.ErrRefused, []string{"pipe is a FIFO", "regular files"}},
		{"link within", func(t *testing.T, dir string) { link(t, "weights", filepath.Join(dir, "same")) }, "m", store.ErrRefused, []string{"same is a symbolic link"}},
		{"link out of the tree", func(t *testing.T, dir string) { link(t, "/etc/passwd", filepath.Join(dir, "deep", "out")) }, "m", store.ErrRefused, []string{"deep/out is a symbolic link"}},
		{"link to a directory", func(t *testing.T, dir string) { link(t, "/etc", filepath.Join(dir, "etc")) }, "m", store.ErrRefused, []string{"etc is a symbolic link"}},
		{"FIFO as manifest", func(t *testing.T, dir string) { fifo(t, filepath.Join(dir, store.ManifestFile)) }, "m", store.ErrRefused, []string{"manifest.json: not a regular file"}},
		{"manifest of something else", func(t *testing.T, dir string) {
			other := filled(t, 1)
			data, err := os.ReadFile(filepath.Join(other.VersionDir("m", 1), store.ManifestFile))
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, store.ManifestFile), string(data))
		}, "m", store.ErrRefused, []string{"weights: has 4 bytes, not 9"}},
		{"empty", func(t *testing.T, dir string) {
			if err := errors.Join(os.Remove(filepath.Join(dir, "weights")), os.RemoveAll(filepath.Join(dir, "deep"))); err != nil {
				t.Fatal(err)
			}
		}, "m", store.ErrRefused, []string{"no file"}},
		{"too many files", func(t *testing.T, dir string) {
			for i := range 1000 {
				put(t, filepath.Join(dir, "many", strconv.Itoa(i)), "")
			}
		}, "m", store.ErrRefused, []string{"more than 1000 files"}},
		{"absent", func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, "m", fs.ErrNotExist, nil},
		{"check fails", func(t *testing.T, dir string) { put(t, filepath.Join(dir, "weights"), "bad") }, "m", store.ErrRefused, []string{"bad weights"}},
		{"name of a path", func(*testing.T, string) {}, "../m", store.ErrInvalid, []string{`"../m"`}},
		{"name in capitals", func(*testing.T, string) {}, "M", store.ErrInvalid, []string{`"M"`}},
		{"hidden name", func(*testing.T, string) {}, ".m", store.ErrInvalid, []string{`".m"`}},
		{"name too long", func(*testing.T, string) {}, strings.Repeat("m", 64), store.ErrInvalid, []string{"1 to 63"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := store.Open(t.TempDir(), "", func(_ context.Context, fsys fs.FS) error {
				if data, _ := fs.ReadFile(fsys, "weights"); string(data) == "bad" {
					return errors.New("bad weights")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Add(t.Context(), "m", source(t, "good"), origin); err != nil {
				t.Fatal(err)
			}
			before := inside(t, s)
			dir := source(t, "poor")
			test.spoil(t, dir)
			_, err = s.Add(t.Context(), test.model, dir, origin)
			refused(t, err, test.kind, test.parts...)
			if diff := cmp.Diff(inside(t, s), before); diff != "" {
				t.Errorf("left behind: %s", diff)
			}
		})
	}
}

func link(t testing.TB, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// An interrupted add leaves nothing behind.
func TestAddInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := store.Open(filled(t, 1).Dir(), "", func(context.Context, fs.FS) error {
		cancel()
		return ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	before := inside(t, s)
	for range 2 { // in the check, and before anything
		if _, err := s.Add(ctx, "m", source(t, "x"), origin); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if diff := cmp.Diff(inside(t, s), before); diff != "" {
		t.Error(diff)
	}
}

// What a killed process left behind goes once it is old, and nothing else.
func TestAbandoned(t *testing.T) {
	s := filled(t, 1)
	versions := filepath.Dir(s.VersionDir("m", 1))
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{
		"m/versions/.add.old/weights", "m/versions/.add.young/weights", "m/versions/.manifest.json.new.old", "m/.aliases.json.new.old",
		"m/.mine", "m/versions/.mine/file", "m/.aliases.json.lock",
	} {
		put(t, filepath.Join(s.Dir(), name), "x")
		if !strings.Contains(name, "young") {
			for path := filepath.Join(s.Dir(), name); filepath.Base(path) != "versions" && filepath.Base(path) != "m"; path = filepath.Dir(path) {
				if err := os.Chtimes(path, old, old); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	put(t, filepath.Join(versions, ".removed.1", "weights"), "of a killed remove")
	add(t, s, 2)
	got := strings.Join(inside(t, s), " ")
	for _, name := range []string{".add.old", ".manifest.json.new.old", ".aliases.json.new.old", ".removed.1"} {
		if strings.Contains(got, name) {
			t.Errorf("%s is still there", name)
		}
	}
	for _, name := range []string{"m/.mine", "m/versions/.mine/file", "m/.aliases.json.lock", "m/versions/.add.young/weights"} {
		if !strings.Contains(got, name) {
			t.Errorf("%s is gone", name)
		}
	}
}
