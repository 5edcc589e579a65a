package registry

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"tagifai/model"
)

// maxLoads is how many loads may have begun and not ended: one that somebody waits for,
// and those that nobody waits for any more. Each may hold the memory of a model.
const maxLoads = 3

// load makes a version that nobody uses yet. It waits no longer than ctx and the load
// deadline allow. What blocks in the file system cannot be stopped, so a load may go on
// after that, and what comes of it is dropped.
func (r *Registry) load(ctx context.Context, open func() (*model.Model, error)) (*Version, error) {
	select {
	case r.loads <- struct{}{}:
	default:
		return nil, fmt.Errorf("%s: %d earlier loads still hang; see whether its storage answers, and try again when it does", r.name(), maxLoads)
	}
	type result struct {
		version *Version
		err     error
	}
	loaded := make(chan result, 1)
	go func() {
		defer func() { <-r.loads }()
		v, err := newVersion(open)
		loaded <- result{v, err}
	}()
	deadline := time.NewTimer(r.source.LoadTimeout)
	defer deadline.Stop()
	select {
	case l := <-loaded:
		return l.version, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-deadline.C:
		return nil, fmt.Errorf("%s: not loaded within %s; see whether its storage answers, or raise load-timeout", r.name(), r.source.LoadTimeout)
	}
}

// name is what errors call the source.
func (r *Registry) name() string {
	if r.source.Model == "" {
		return "the embedded model"
	}
	return "model " + r.source.Model
}

// newVersion loads a model and checks it. Whatever a file does to the code that reads
// it, the service goes on: a panic is an error here.
func newVersion(open func() (*model.Model, error)) (v *Version, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			v, err = nil, fmt.Errorf("loading the model: %v\n%s", cause, debug.Stack())
		}
	}()
	start := time.Now()
	m, err := open()
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	return &Version{Model: m, Ref: only, Loaded: time.Now(), Took: time.Since(start), classes: m.Classes()}, nil
}
