// Package watch notices that an artifact directory has changed.
package watch

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a directory has to be left alone before it counts as changed, so
// that files which are copied into it one after another are one change.
var settle = 500 * time.Millisecond // shorter in tests

// Dir calls changed after each change in dir until ctx ends, one call at a time, and
// begins with it before it returns. A change is that of a file in it, that dir is
// replaced by another, or that the symbolic link which it is, or which it has its files
// through, as Kubernetes does it, points elsewhere. What fails while it watches is
// given to failed.
func Dir(ctx context.Context, dir string, changed func(), failed func(error)) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	// What dir is the name of can be replaced, and only its parent tells.
	parent := filepath.Dir(dir)
	for _, path := range []string{parent, dir} {
		if err := watcher.Add(path); err != nil {
			_ = watcher.Close() // there is nothing to lose
			return fmt.Errorf("watch %s: %w", path, err)
		}
	}
	go func() {
		defer func() { _ = watcher.Close() }() // likewise
		settled := time.NewTimer(settle)
		settled.Stop()
		defer settled.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case event := <-watcher.Events:
				if filepath.Dir(event.Name) == dir || event.Name == dir {
					settled.Reset(settle)
				}
			case err := <-watcher.Errors: // events were lost, most likely
				failed(fmt.Errorf("watch %s: %w", dir, err))
				settled.Reset(settle)
			case <-settled.C:
				// The name may stand for another directory by now, which nobody watches yet.
				_ = watcher.Remove(dir) // it may be gone with the directory
				if err := watcher.Add(dir); err != nil {
					failed(fmt.Errorf("watch %s: %w", dir, err)) // its parent tells when it is back
				}
				changed()
			}
		}
	}()
	return nil
}
