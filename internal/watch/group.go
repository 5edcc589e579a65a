package watch

import (
	"context"
	"fmt"

	"github.com/fsnotify/fsnotify"
)

// A Group watches directories that are added to it one by one.
type Group struct{ watcher *fsnotify.Watcher }

// NewGroup returns a group without directories. It calls changed after each change of a
// name in one of them, one call at a time, until ctx ends. Changed must return soon. Some
// volumes, such as those of a network, notify nobody.
func NewGroup(ctx context.Context, changed func()) (*Group, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = watcher.Close() }) // there is nothing to lose
	go func() {
		for {
			select {
			case _, ok := <-watcher.Events:
				if !ok {
					return
				}
				changed()
			case _, ok := <-watcher.Errors: // events were lost, most likely
				if !ok {
					return
				}
				changed()
			}
		}
	}()
	return &Group{watcher}, nil
}

// Add watches a directory from now on.
func (g *Group) Add(dir string) error {
	if err := g.watcher.Add(dir); err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	return nil
}

// Remove ends that.
func (g *Group) Remove(dir string) {
	_ = g.watcher.Remove(dir) // it may never have been watched
}
