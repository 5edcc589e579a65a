package registry

import (
	"context"
	"errors"
	"io"
	"time"

	"tagifai/internal/store"
)

// What is here changes a store. A change is made there, and this registry follows it
// before it returns. The errors are a [NotFoundError], a [RefusedError] and an
// [InvalidError].

var errNoStore = errors.New("there is one model here, and no store of models; start the service with models")

// Move sets an alias of a model to a version: a number, or an alias.
func (r *Registry) Move(ctx context.Context, name, alias, version, by string) (*Overview, error) {
	return r.changeAt(ctx, name, version, func(ctx context.Context, number int) error {
		_, err := r.store.Move(ctx, name, alias, number, by)
		return err
	})
}

// SetCanary has a version get a share of the requests.
func (r *Registry) SetCanary(ctx context.Context, name, version string, percent float64, by string) (*Overview, error) {
	return r.changeAt(ctx, name, version, func(ctx context.Context, number int) error {
		_, err := r.store.SetCanary(ctx, name, &store.Canary{Version: number, Percent: percent}, by)
		return err
	})
}

// EndCanary leaves a model without a canary.
func (r *Registry) EndCanary(ctx context.Context, name, by string) (*Overview, error) {
	return r.change(ctx, name, func(ctx context.Context) error {
		_, err := r.store.SetCanary(ctx, name, nil, by)
		return err
	})
}

// SetShadow has a version predict the same texts, for comparison alone.
func (r *Registry) SetShadow(ctx context.Context, name, version, by string) (*Overview, error) {
	return r.changeAt(ctx, name, version, func(ctx context.Context, number int) error {
		_, err := r.store.SetShadow(ctx, name, &store.Shadow{Version: number}, by)
		return err
	})
}

// EndShadow leaves a model without a shadow.
func (r *Registry) EndShadow(ctx context.Context, name, by string) (*Overview, error) {
	return r.change(ctx, name, func(ctx context.Context) error {
		_, err := r.store.SetShadow(ctx, name, nil, by)
		return err
	})
}

// Remove removes a version that nothing needs.
func (r *Registry) Remove(ctx context.Context, name, version string) (*Overview, error) {
	return r.change(ctx, name, func(ctx context.Context) error {
		number, err := store.ParseVersion(version)
		if err != nil {
			return err
		}
		if err := r.store.Remove(ctx, name, number); err != nil {
			return err
		}
		r.cache.drop(key{name, number})
		return nil
	})
}

// Add makes a version of an artifact directory that comes as a tar stream, and returns
// its number. The model need not exist before.
func (r *Registry) Add(ctx context.Context, name string, tar io.Reader, source, by string) (int, error) {
	if r.store == nil {
		return 0, &RefusedError{errNoStore}
	}
	number, err := r.store.AddTar(ctx, name, tar, r.source.MaxUploadBytes, store.Origin{Source: source, Time: time.Now(), Tool: r.tool, By: by})
	if err != nil {
		return 0, errorOf(err)
	}
	r.poll(ctx)
	return number, nil
}

// changeAt makes a change that needs the number of a version.
func (r *Registry) changeAt(ctx context.Context, name, version string, change func(context.Context, int) error) (*Overview, error) {
	return r.change(ctx, name, func(ctx context.Context) error {
		number, err := r.store.Resolve(name, version)
		if err != nil {
			return err
		}
		if err := change(ctx, number); errors.Is(err, store.ErrNotFound) {
			return &RefusedError{err} // the model is there, and the version that it is to have is not
		} else if err != nil {
			return err
		}
		return nil
	})
}

// change makes a change of a model, and has it followed.
func (r *Registry) change(ctx context.Context, name string, change func(context.Context) error) (*Overview, error) {
	if r.store == nil {
		return nil, &RefusedError{errNoStore}
	}
	// A change that takes longer than the deadline is not made: the check says no then.
	bounded, cancel := r.deadline(ctx, "models "+r.source.Models)
	defer cancel()
	_, err := within(bounded, func() (struct{}, error) {
		if _, err := r.store.Numbers(name); err != nil {
			return struct{}{}, err
		}
		if err := change(bounded); err != nil {
			return struct{}{}, err
		}
		if r.home.Load() == nil {
			if _, err := r.adopt(bounded); err != nil {
				r.log.Warn().Err(err).Msg("still no default model")
			}
		}
		if m := r.activeModel(name); m != nil {
			m.sync(true)
			_ = m.settle(bounded) // what is behind is in the overview
		}
		return struct{}{}, nil
	})
	if err != nil {
		if context.Cause(bounded) != nil && ctx.Err() == nil {
			return nil, &RefusedError{err}
		}
		return nil, errorOf(err)
	}
	return r.Model(ctx, name)
}

// drop unloads a version, unless it is pinned or in use.
func (c *cache) drop(k key) {
	c.mu.Lock()
	s := c.slots[k]
	if s == nil || s.flight != nil || s.pinned || s.version != nil && !s.version.users.CompareAndSwap(0, unloaded) {
		c.mu.Unlock()
		return
	}
	delete(c.slots, k)
	if s.version != nil {
		c.bytes -= s.version.size
	}
	c.mu.Unlock()
	if s.version != nil {
		for _, o := range c.registry.observers {
			o.unloaded(s.version)
		}
	}
}
