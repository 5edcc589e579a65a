package registry

import (
	"context"
	"os"
)

// Reload loads the model anew and serves it from then on. If that fails, the error is a
// [RefusedError], and the old version is served on. Why says in the log what asked for
// the reload. Reloads come one after another; one that waits for its turn gives up when
// ctx ends.
func (r *Registry) Reload(ctx context.Context, why string) (*Version, error) {
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
	return v, nil
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

// Follow reloads the model after each hang-up and, if the source is watched, after each
// change, until ctx ends. The observers are told what comes of it.
func (r *Registry) Follow(ctx context.Context, hangups <-chan os.Signal) {
	for {
		var why string
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			why = "SIGHUP"
		case <-r.changed:
			why = "a change in " + r.source.Model
		}
		_, _ = r.Reload(ctx, why)
	}
}

// notice has Follow reload the model.
func (r *Registry) notice() {
	select {
	case r.changed <- struct{}{}:
	default: // it will be reloaded anyway
	}
}
