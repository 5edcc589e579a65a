package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tagifai/internal/store"
	"tagifai/internal/watch"
	"tagifai/model"
)

// What is here is for a registry of a store: which models are active, and what has to be
// loaded for a request.

// pollEvery is a little less than a second, so that a move is followed within one.
var pollEvery = 900 * time.Millisecond // longer in tests

// maxWaiting is how many requests may wait for loads.
const maxWaiting = 256

// startStore opens the store and loads the default model's stable version.
func (r *Registry) startStore(ctx context.Context) error {
	watched, err := watch.NewGroup(ctx, r.notice)
	if err != nil {
		r.log.Warn().Err(err).Msg("changes are noticed by looking for them alone")
	}
	ctx, cancel := r.deadline(ctx, "models "+r.source.Models)
	defer cancel()
	st, err := within(ctx, func() (*store.Store, error) {
		return store.Open(r.source.Models, r.source.Aliases, r.check)
	})
	if err != nil {
		return err
	}
	r.store, r.watched = st, watched
	m, err := r.adopt(ctx)
	if err != nil || m == nil {
		return err
	}
	number, err := m.resolve(Ref{})
	if err != nil {
		if r.source.AllowEmpty {
			r.log.Warn().Err(err).Msg("nothing to serve yet")
			return nil
		}
		return fmt.Errorf("%w; tagifai models alias %s %s VERSION sets it, and allow-empty starts without it", err, m.name, store.Stable)
	}
	v, err := r.cache.get(ctx, key{m.name, number})
	if err != nil {
		if r.source.AllowEmpty {
			r.log.Error().Err(err).Msg("nothing to serve yet")
			return nil
		}
		return err
	}
	defer v.Release()
	for _, o := range r.observers {
		o.serves(v, "")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.apply()
	return nil
}

// adopt finds the default model and makes it active. It returns nil if there is none and
// need not be.
func (r *Registry) adopt(ctx context.Context) (*served, error) {
	name := r.source.DefaultModel
	if name == "" {
		names, err := within(ctx, r.store.Models)
		if err != nil {
			return nil, err
		}
		switch len(names) {
		case 0:
			if r.source.AllowEmpty {
				return nil, nil
			}
			return nil, fmt.Errorf("models %s: there is no model in it; add one, or start with allow-empty", r.source.Models)
		case 1:
			name = names[0]
		default:
			return nil, fmt.Errorf("models %s: there are %d models, %s; name one of them as default-model", r.source.Models, len(names), strings.Join(names[:min(len(names), 10)], ", "))
		}
	}
	m, err := r.activate(ctx, name)
	if err != nil {
		if _, ok := errors.AsType[*NotFoundError](err); ok && r.source.AllowEmpty {
			return nil, nil
		}
		return nil, err
	}
	r.home.Store(m)
	return m, nil
}

// activate makes a model active, if there is one with this name and it is not.
func (r *Registry) activate(ctx context.Context, name string) (*served, error) {
	if m := r.activeModel(name); m != nil {
		return m, nil
	}
	begun := r.activations.DoChan(name, func() (any, error) {
		if m := r.activeModel(name); m != nil {
			return m, nil
		}
		if _, err := r.store.Revision(name); errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) {
			return nil, &NotFoundError{err.Error()}
		}
		m := &served{registry: r, name: name}
		m.used.Store(time.Now().UnixNano())
		r.watch(name)
		r.active.Store(name, m)
		m.sync(true)
		return m, nil
	})
	select {
	case result := <-begun:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*served), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// fetch returns a version that is not at hand, acquired.
func (r *Registry) fetch(ctx context.Context, ref Ref) (*Version, error) {
	defer r.waiting.Add(-1)
	if r.waiting.Add(1) > maxWaiting {
		return nil, ErrBusy
	}
	name := ref.Model
	if name == "" {
		home := r.home.Load()
		if home == nil {
			return nil, ErrNotReady
		}
		name = home.name
	}
	within, cancel := r.deadline(ctx, fmt.Sprintf("model %q", name))
	defer cancel()
	m, err := r.activate(within, name)
	k := key{model: name}
	if err == nil {
		if v := m.version(ref); v != nil && v.acquire() {
			return v, nil
		}
		k.number, err = m.resolve(ref)
	}
	var v *Version
	if err == nil {
		v, err = r.cache.get(within, k)
	}
	switch {
	case err == nil:
		return v, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, store.ErrNotFound):
		return nil, &NotFoundError{err.Error()}
	case errors.Is(err, ErrBusy):
		return nil, err
	}
	if _, ok := errors.AsType[*NotFoundError](err); ok {
		return nil, err
	}
	if _, ok := errors.AsType[*UnavailableError](err); ok {
		return nil, err
	}
	return nil, unavailable(k, err)
}

// openVersion loads a version once it is as its manifest says. It returns the checksum of
// that as well.
func (r *Registry) openVersion(k key) (*Version, string, error) {
	var seal string
	v, err := newVersion(k.model, k.number, func() (*model.Model, error) {
		manifest, err := r.store.Verify(context.Background(), k.model, k.number)
		if err != nil {
			return nil, err
		}
		seal = manifest.Checksum()
		m, err := Open(os.DirFS(r.store.VersionDir(k.model, k.number)), r.formats...)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", k, err)
		}
		return m, nil
	})
	if err != nil {
		return nil, "", err
	}
	v.counters = r.metrics.countersOf(v)
	return v, seal, nil
}

// check says what keeps an artifact directory from being served. It is what the store
// asks before it adds a version or moves a name.
func (r *Registry) check(ctx context.Context, fsys fs.FS) error {
	if _, err := newVersion("", 0, func() (*model.Model, error) { return Open(fsys, r.formats...) }); err != nil {
		return err
	}
	return ctx.Err() // nobody waits for the change any more: it is not made
}

// deadline returns a context that ends with the load deadline.
func (r *Registry) deadline(ctx context.Context, what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, r.source.LoadTimeout, r.late(what))
}

// within returns what f does, which may hang, or the cause of ctx's end.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// watch has changes of a model's aliases noticed.
func (r *Registry) watch(name string) {
	if r.watched != nil {
		// What cannot be watched is looked at all the same.
		_ = r.watched.Add(filepath.Dir(r.store.AliasesFile(name)))
	}
}

// unwatch ends that.
func (r *Registry) unwatch(name string) {
	if r.watched != nil && r.source.Aliases == "" {
		r.watched.Remove(filepath.Dir(r.store.AliasesFile(name)))
	}
}
