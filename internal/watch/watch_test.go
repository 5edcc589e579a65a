package watch_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

func TestDirIsMissing(t *testing.T) {
	err := watch.Dir(t.Context(), filepath.Join(t.TempDir(), "absent"), nil, nil)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
