package registry

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"tagifai/internal/store"
	"tagifai/internal/watch"
	"tagifai/model"
)

// What is here is for a registry of one model, which is a directory that may change.

// maxLoads is how many loads may have begun and not ended: one that somebody waits for,
// and those that nobody waits for any more. Each may hold the memory of a model.
const maxLoads = 3

// startOne loads the model for the first time.
func (r *Registry) startOne(ctx context.Context) error {
	if err := r.lock(ctx); err != nil {
		return err
	}
	defer r.unlock()
	v, err := r.load(ctx, func() (*model.Model, error) {
		if r.source.Watch {
			unwatched := func(err error) { r.log.Error().Err(err).Msg("changes may go unnoticed") }
			dir, err := model.FindDir(r.source.Model, r.formats...) // the setting may name a file in it
			if err != nil {
				return nil, err
			}
			if err := watch.Dir(ctx, dir, r.notice, unwatched); err != nil {
				return nil, err
			}
		}
		return r.open()
	})
	if err != nil {
		return err
	}
	r.serve(v, "")
	return nil
}

// reloadOne loads the model anew and serves it from then on.
func (r *Registry) reloadOne(ctx context.Context, why string) (*Version, error) {
	if err := r.lock(ctx); err != nil {
		return nil, err
	}
	defer r.unlock()
	v, err := r.load(ctx, r.open)
	if ctx.Err() != nil {
		return nil, ctx.Err() // nobody wants it any more, which says nothing about the model
	}
	if err != nil {
		for _, o := range r.observers {
			o.refused(err, why)
		}
		return nil, &RefusedError{err}
	}
	r.serve(v, why)
	debug.FreeOSMemory() // or the process keeps for minutes what the load needed
	return v, nil
}

// serve answers with v from now on. Why is what asked for it, and empty at the start.
func (r *Registry) serve(v *Version, why string) {
	v.counters = r.metrics.countersOf(v)
	m := r.home.Load()
	if m == nil {
		m = &served{registry: r, name: onlyModel}
	}
	m.placement.Store(&placement{
		stable: v,
		named:  map[string]*Version{store.Stable: v, strconv.Itoa(v.Number): v},
	})
	r.active.Store(m.name, m)
	r.home.Store(m)
	if r.readArtifact != nil {
		go r.sumOf(context.Background(), m, v) // now, before the directory changes
	}
	for _, o := range r.observers {
		o.serves(v, why)
	}
}

// lock waits until nobody else changes what is served, or until ctx ends.
func (r *Registry) lock(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Registry) unlock() { <-r.turn }

// load makes a version that nobody uses yet. It waits no longer than ctx and the load
// deadline allow. What blocks in the file system cannot be stopped, so a load may go on
// after that, and what comes of it is dropped.
func (r *Registry) load(ctx context.Context, open func() (*model.Model, error)) (*Version, error) {
	select {
	case r.loads <- struct{}{}:
	default:
		return nil, fmt.Errorf("%s: %d earlier loads still hang; see whether its storage answers, and try again when it does", r.sourceName(), maxLoads)
	}
	type result struct {
		version *Version
		err     error
	}
	loaded := make(chan result, 1)
	go func() {
		defer func() { <-r.loads }()
		v, err := newVersion(onlyModel, onlyVersion, open)
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
		return nil, r.late(r.sourceName())
	}
}

// late is the error of a load of what that took longer than the load deadline.
func (r *Registry) late(what string) error {
	return fmt.Errorf("%s: not loaded within %s; see whether its storage answers, or raise load-timeout", what, r.source.LoadTimeout)
}

// sourceName is what errors call the source of the one model.
func (r *Registry) sourceName() string {
	if r.source.Model == "" {
		return "the embedded model"
	}
	return "model " + r.source.Model
}
