package watch_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tagifai/internal/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func do(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func write(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }

// swap lets link point to target at one instant.
func swap(target, link string) error {
	return errors.Join(os.Symlink(target, link+".new"), os.Rename(link+".new", link))
}

func TestDir(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(root string) error // makes root/model
		changes []func(root string) error
	}{
		{
			"a file is written, then another",
			func(root string) error { return os.Mkdir(root+"/model", 0o700) },
			[]func(string) error{
				func(root string) error { return write(root+"/model/a", "1") },
				func(root string) error { return write(root+"/model/b", "1") },
				func(root string) error { return os.Remove(root + "/model/a") },
			},
		},
		{
			"a directory is replaced, and the new one written to",
			func(root string) error { return os.Mkdir(root+"/model", 0o700) },
			[]func(string) error{
				func(root string) error {
					return errors.Join(os.Mkdir(root+"/next", 0o700), os.Remove(root+"/model"), os.Rename(root+"/next", root+"/model"))
				},
				func(root string) error { return write(root+"/model/a", "1") },
			},
		},
		{
			"a link to the directory is swapped, and what it points to then is written to",
			func(root string) error {
				return errors.Join(os.Mkdir(root+"/1", 0o700), os.Mkdir(root+"/2", 0o700), swap("1", root+"/model"))
			},
			[]func(string) error{
				func(root string) error { return swap("2", root+"/model") },
				func(root string) error { return write(root+"/2/a", "1") },
				func(root string) error { return swap("1", root+"/model") },
			},
		},
		{
			"a link in the directory is swapped, as Kubernetes does it",
			func(root string) error {
				return errors.Join(os.MkdirAll(root+"/model/..1", 0o700), write(root+"/model/..1/a", "1"),
					swap("..1", root+"/model/..data"), swap("..data/a", root+"/model/a"))
			},
			[]func(string) error{
				func(root string) error {
					return errors.Join(os.Mkdir(root+"/model/..2", 0o700), write(root+"/model/..2/a", "2"),
						swap("..2", root+"/model/..data"), os.RemoveAll(root+"/model/..1"))
				},
				func(root string) error {
					return errors.Join(os.Mkdir(root+"/model/..3", 0o700), write(root+"/model/..3/a", "3"),
						swap("..3", root+"/model/..data"), os.RemoveAll(root+"/model/..2"))
				},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			do(t, test.prepare(root))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			changed := make(chan struct{}, 10)
			do(t, watch.Dir(ctx, filepath.Join(root, "model"), func() { changed <- struct{}{} }, func(err error) { t.Error(err) }))
			do(t, write(root+"/beside", "1")) // which is nothing of ours
			for i, change := range test.changes {
				do(t, change(root))
				select {
				case <-changed:
				case <-time.After(10 * time.Second):
					t.Fatalf("change %d was not noticed", i+1)
				}
				if len(changed) > 0 {
					t.Errorf("change %d was noticed twice", i+1)
				}
			}
		})
	}
}

// watches returns how many directories this process watches, 0 where the system does not
// say so.
func watches(t *testing.T) int {
	t.Helper()
	names, err := filepath.Glob("/proc/self/fdinfo/*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the file that Glob had open
		}
		do(t, err)
		n += strings.Count(string(text), "inotify wd:")
	}
	return n
}

// Hundreds of changes leave nothing behind: no goroutine, and no watch of a directory
// that is no longer the one.
func TestManyChanges(t *testing.T) {
	do(t, goleak.Find()) // what the tests before have ended is gone
	watch.Settle(t, 5*time.Millisecond)
	root := t.TempDir()
	do(t, os.Mkdir(root+"/1", 0o700), os.Mkdir(root+"/2", 0o700), swap("1", root+"/model"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changed := make(chan struct{}, 1000)
	do(t, watch.Dir(ctx, root+"/model", func() { changed <- struct{}{} }, func(err error) { t.Error(err) }))
	goroutines, before := runtime.NumGoroutine(), watches(t)
	for i := range 300 {
		do(t, swap([]string{"2", "1"}[i%2], root+"/model"))
		<-changed
		for len(changed) > 0 { // a change may be noticed in two parts
			<-changed
		}
	}
	time.Sleep(100 * time.Millisecond) // for a last part
	if got := runtime.NumGoroutine(); got != goroutines {
		stacks := make([]byte, 1<<20)
		t.Errorf("got %d goroutines, want %d\n%s", got, goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	if got := watches(t); got != before {
		t.Errorf("got %d watches, want %d", got, before)
	}
}

func TestDirIsMissing(t *testing.T) {
	err := watch.Dir(t.Context(), filepath.Join(t.TempDir(), "absent"), nil, nil)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
