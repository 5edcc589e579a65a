package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// Reload loads the one model anew and serves it from then on. Of a store it reads all
// that is served again at once, and tries again what could not be loaded. If that fails,
// the error is a [RefusedError], and what was served before is served on. Why says in the
// log what asked for the reload. Reload gives up when ctx ends.
func (r *Registry) Reload(ctx context.Context, why string) (*Version, error) {
	if r.source.Models != "" {
		return r.reloadStore(ctx, why)
	}
	return r.reloadOne(ctx, why)
}

func (r *Registry) reloadStore(ctx context.Context, why string) (*Version, error) {
	ctx, cancel := r.deadline(ctx, "models "+r.source.Models)
	defer cancel()
	r.cache.forgive()
	if _, err := within(ctx, func() (struct{}, error) {
		if r.home.Load() == nil {
			if _, err := r.adopt(ctx); err != nil {
				return struct{}{}, err
			}
		}
		r.cache.dropChanged()
		r.active.Range(func(_, value any) bool {
			value.(*served).sync(true)
			return true
		})
		return struct{}{}, nil
	}); err != nil {
		return nil, r.refuse(err, why)
	}
	var problems []error
	r.active.Range(func(_, value any) bool {
		if err := value.(*served).settle(ctx); err != nil {
			problems = append(problems, err)
		}
		return true
	})
	if err := errors.Join(problems...); err != nil {
		return nil, r.refuse(err, why)
	}
	m := r.home.Load()
	if m == nil || m.placement.Load() == nil || m.placement.Load().stable == nil {
		return nil, r.refuse(ErrNotReady, why)
	}
	v := m.placement.Load().stable
	for _, o := range r.observers {
		o.serves(v, why)
	}
	return v, nil
}

func (r *Registry) refuse(err error, why string) error {
	for _, o := range r.observers {
		o.refused(err, why)
	}
	return &RefusedError{err}
}

// settle waits until all that a model should serve is loaded, or could not be. It
// returns what is behind then.
func (m *served) settle(ctx context.Context) error {
	for {
		if done := m.registry.cache.settled(m.name); done != nil {
			select {
			case <-done:
				continue
			case <-ctx.Done():
				return fmt.Errorf("%s: %w", m.name, context.Cause(ctx))
			}
		}
		m.mu.Lock()
		m.apply() // a load may have ended only just now
		behind := m.behind
		m.mu.Unlock()
		if m.registry.cache.settled(m.name) != nil {
			continue
		}
		if behind != "" {
			return fmt.Errorf("%s: %s", m.name, behind)
		}
		return nil
	}
}

// Follow does what is asked for while the registry serves, until ctx ends: a reload after
// each hang-up, what the source says after a change in it, and the work of shadows. The
// observers are told what comes of it.
func (r *Registry) Follow(ctx context.Context, hangups <-chan os.Signal) {
	var poll <-chan time.Time
	if r.store != nil {
		ticker := time.NewTicker(pollEvery)
		defer ticker.Stop()
		poll = ticker.C
		go r.shadows.work(ctx)
	}
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		var why string
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			why = "SIGHUP"
		case now := <-minute.C:
			r.tick(now)
			continue
		case <-poll:
			r.poll(ctx)
			continue
		case <-r.changed:
			if r.store != nil {
				r.poll(ctx)
				continue
			}
			why = "a change in " + r.source.Model
		}
		_, _ = r.Reload(ctx, why)
	}
}

// poll looks for changes in all active models. A model whose storage hangs keeps no other
// waiting.
func (r *Registry) poll(ctx context.Context) {
	if r.unreturned.Swap(false) {
		debug.FreeOSMemory() // or the process keeps for minutes what loads needed
	}
	if r.home.Load() == nil {
		if r.adopting.CompareAndSwap(false, true) {
			go func() {
				defer r.adopting.Store(false)
				if _, err := r.adopt(ctx); err != nil {
					r.log.Warn().Err(err).Msg("still no default model")
				}
			}()
		}
	}
	r.active.Range(func(_, value any) bool {
		m := value.(*served)
		m.stale.Store(true)
		go m.refresh()
		return true
	})
}
