// Package watch notices that an artifact directory has changed.
package watch

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a directory has to stay unchanged before changed is called, so that
// copying several files into it is one change.
var settle = 500 * time.Millisecond // shorter in tests

// Dir calls changed after each change in dir, one call at a time, until ctx ends. It
// watches dir from before it returns. A change is one of a file in dir, the replacement of
// dir by another directory, or a symbolic link that points elsewhere: dir itself, or one
// in dir, as in a Kubernetes volume. Errors while watching go to failed.
func Dir(ctx context.Context, dir string, changed func(), failed func(error)) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	// Only the parent reports that dir is replaced.
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
				// The name may stand for another directory now, which is not watched yet.
				_ = watcher.Remove(dir) // fails if the old directory is gone
				if err := watcher.Add(dir); err != nil {
					failed(fmt.Errorf("watch %s: %w", dir, err)) // the parent reports when it is back
				}
				changed()
			}
		}
	}()
	return nil
}
