package batch_test

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"tagifai/internal/batch"
)

// A full disk ends a run. With room again, it goes on.
func TestDiskFull(t *testing.T) {
	source := sourceFile(t, 20_000)
	for _, name := range []string{"out.csv", "sqlite:out.db"} {
		t.Run(name, func(t *testing.T) {
			scheme, file, found := strings.Cut(name, ":")
			if !found {
				scheme, file = "", name
			} else {
				scheme += ":"
			}
			location := func(dir string) string { return scheme + filepath.Join(dir, file) }
			rows := func(dir string) []string {
				if scheme != "" {
					return tableRows(t, "sqlite", filepath.Join(dir, file), "results")
				}
				return fileRows(t, filepath.Join(dir, file))
			}
			free := t.TempDir()
			mustRun(t, newJob(t, source, location(free)))
			small := t.TempDir()
			if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=2m"); err != nil {
				t.Skipf("no small disk can be mounted: %v", err)
			}
			t.Cleanup(func() { _ = syscall.Unmount(small, syscall.MNT_DETACH) })
			_, err := batch.Run(t.Context(), newJob(t, source, location(small)), watcher{})
			if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "no space left on device") && !strings.Contains(err.Error(), "is full") {
				t.Errorf("got %v, want that the disk of %s is full", err, file)
			}
			if err := syscall.Mount("tmpfs", small, "tmpfs", syscall.MS_REMOUNT, "size=200m"); err != nil {
				t.Fatal(err)
			}
			status := mustRun(t, newJob(t, source, location(small)))
			if status.Resumed == 0 {
				t.Error("it did not go on where it was")
			}
			if !slices.Equal(rows(small), rows(free)) {
				t.Error("the rows differ from those of a run that was not stopped")
			}
		})
	}
}
