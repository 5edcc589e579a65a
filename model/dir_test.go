package model_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tagifai/model"
)

// smallDir is smallDirectory on disk.
func smallDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, smallDirectory(t)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// open opens a model, or fails if that takes long.
func open(t *testing.T, path string) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := model.Open(path)
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("it blocks")
		return nil
	}
}

// TestOpenNotRegular puts something that is no file in place of each file.
func TestOpenNotRegular(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(path string) error
		want string
	}{
		{"FIFO", func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is a FIFO"},
		{"link to a FIFO", func(path string) error {
			if err := syscall.Mkfifo(path+".fifo", 0o600); err != nil {
				return err
			}
			return os.Symlink(path+".fifo", path)
		}, "is a FIFO"},
		{"directory", func(path string) error { return os.Mkdir(path, 0o700) }, "is a directory"},
		{"device", func(path string) error { return os.Symlink("/dev/zero", path) }, "is a device"},
		{"link to itself", func(path string) error { return os.Symlink(path, path) }, "too many levels"},
		{"socket", func(path string) error {
			fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			t.Cleanup(func() { _ = syscall.Close(fd) })
			return syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
		}, "is a socket"},
	} {
		for _, name := range []string{"args.json", "label_encoder.json", "performance.json", "run_id.txt", "model.safetensors"} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				dir := smallDir(t)
				path := filepath.Join(dir, name)
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				if err := c.make(path); err != nil {
					t.Skipf("cannot be made: %v", err)
				}
				err := open(t, dir)
				if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
					t.Errorf("got %v, want an error with %s and %q", err, name, c.want)
				}
			})
		}
	}
}

// TestOpenLinks: the files of a directory may be links, within it as Kubernetes mounts
// have them, or out of it as caches do.
func TestOpenLinks(t *testing.T) {
	dir, mount := smallDir(t), t.TempDir()
	if err := os.CopyFS(filepath.Join(mount, "..version"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..version", filepath.Join(mount, "..data")); err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if err := os.Symlink("..data/"+entry.Name(), filepath.Join(mount, entry.Name())); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(dir, entry.Name()), filepath.Join(cache, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	current := filepath.Join(t.TempDir(), "current")
	if err := os.Symlink(dir, current); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{mount, cache, current} {
		if err := open(t, dir); err != nil {
			t.Error(err)
		}
	}
}

func TestFindDir(t *testing.T) {
	runs := t.TempDir()
	for _, dir := range []string{"first", "second", ".hidden"} {
		if err := os.CopyFS(filepath.Join(runs, dir), smallDirectory(t)); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"first", "foreign"} {
		if err := os.MkdirAll(filepath.Join(runs, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(runs, dir, "weights.foreign"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	notes := filepath.Join(runs, "notes.txt")
	if err := os.WriteFile(notes, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	plain := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if err := os.Mkdir(filepath.Join(plain, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	first := filepath.Join(runs, "first")
	for _, c := range []struct {
		name, path string
		dir        string   // that is found
		parts      []string // of the error
		absent     bool     // whether the error is fs.ErrNotExist
	}{
		{"directory", first, first, nil, false},
		{"file of another format", filepath.Join(runs, "foreign", "weights.foreign"), filepath.Join(runs, "foreign"), nil, false},
		{"file that is not read", filepath.Join(first, "weights.foreign"), "", []string{"nor the weights file of", "which is model.safetensors"}, false},
		{"with a slash", first + "/", first + "/", nil, false},
		{"weights file", filepath.Join(first, "model.safetensors"), first, nil, false},
		{"another file of it", filepath.Join(first, "args.json"), "", []string{"is not a directory", "model.safetensors (tagifai)"}, false},
		{"any file", notes, "", []string{"is not a directory", "model.safetensors (tagifai)"}, false},
		{"misspelt", filepath.Join(runs, "frist"), "", []string{"no such file or directory", `models in "first", "foreign", "second"`}, true},
		{"misspelt, deep", filepath.Join(runs, "frist", "model.safetensors"), "", []string{"no such file or directory", `models in "first", "foreign", "second"`}, true},
		{"below a file", filepath.Join(notes, "model"), "", []string{notes, "is a file"}, false},
		{"misspelt, no model beside", filepath.Join(plain, "x"), "", []string{plain + ` has "a/", "b/"`, "looked for a directory with model.safetensors"}, true},
		{"misspelt, nothing beside", filepath.Join(empty, "x"), "", []string{empty + " has nothing"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := model.FindDir(c.path, foreign)
			if got != c.dir || (err == nil) != (c.parts == nil) {
				t.Errorf("got %q, %v, want %q", got, err, c.dir)
			}
			_, openErr := model.Open(c.path, foreign)
			if (openErr == nil) != (err == nil) {
				t.Errorf("Open: got %v", openErr)
			}
			if err == nil {
				return
			}
			if errors.Is(openErr, fs.ErrNotExist) != c.absent {
				t.Errorf("%v: is fs.ErrNotExist: got %t, want %t", openErr, !c.absent, c.absent)
			}
			for _, part := range append(c.parts, c.path) {
				if !strings.Contains(openErr.Error(), part) {
					t.Errorf("the error %q does not mention %s", openErr, part)
				}
			}
		})
	}
}

// TestOpenParent: the directory above models is none, and the error names them.
func TestOpenParent(t *testing.T) {
	_, err := model.Open(filepath.Dir(smallDir(t)))
	if err == nil || !strings.Contains(err.Error(), `models in "run"`) {
		t.Errorf("got %v", err)
	}
}
