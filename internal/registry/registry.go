// Package registry holds what is served. It loads a model, checks it, swaps it in,
// watches where it came from and loads it anew. A request asks it once for a [Version]
// and keeps that. It knows no HTTP.
//
// For now a registry holds one version of one model.
package registry

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/watch"
	"tagifai/model"
)

// ErrNotReady is the error of a registry that has no version to answer with, or one
// that does not pass its check.
var ErrNotReady = errors.New("the model is not ready")

// A NotFoundError says that nothing is served under a [Ref], and what is.
type NotFoundError struct{ text string }

func (e *NotFoundError) Error() string { return e.text }

// A RefusedError says why a new version is not served.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Err }

// A Ref says which version is wanted: that with a number, or that which an alias stands
// for. An empty field stands for the default, so the zero Ref is the default model's
// stable version.
type Ref struct{ Model, Version, Alias string }

// only is the name of the one version of the one model.
var only = Ref{Model: "default", Version: "1", Alias: "stable"}

// Options say what a registry loads, and who is told of it.
type Options struct {
	config.Source
	Formats []model.Format               // of other tools, which the source may have
	Open    func() (*model.Model, error) // loads the model, for the first time and again
	Log     zerolog.Logger
	Metrics prometheus.Registerer
}

// A Registry serves versions. It is safe for concurrent use. Make it with [New].
type Registry struct {
	source    config.Source
	formats   []model.Format
	open      func() (*model.Model, error)
	log       zerolog.Logger
	metrics   *metrics
	observers []observer

	current atomic.Pointer[Version] // nil until the first is loaded
	loads   chan struct{}           // one item for each load that has begun and not ended
	turn    chan struct{}           // holds an item while somebody changes current
	changed chan struct{}           // holds an item if the source has changed since the last load
}

// New returns a registry that is not ready: it loads nothing before [Registry.Start].
func New(options Options) *Registry {
	m := newMetrics(options.Metrics)
	return &Registry{
		source:    options.Source,
		formats:   options.Formats,
		open:      options.Open,
		log:       options.Log,
		metrics:   m,
		observers: []observer{journal{options.Log}, m},
		loads:     make(chan struct{}, maxLoads),
		turn:      make(chan struct{}, 1),
		changed:   make(chan struct{}, 1),
	}
}

// Start loads the model for the first time. If the source is to be watched, it is from
// before the load until ctx ends, so that no change is missed. Start returns early if
// ctx ends.
func (r *Registry) Start(ctx context.Context) error {
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

// Get returns the version that ref asks for. Its errors are a [NotFoundError], and
// ErrNotReady. A request calls it once, so that it sees one version from start to end.
func (r *Registry) Get(_ context.Context, ref Ref) (*Version, error) {
	if ref != (Ref{}) {
		if err := only.answers(ref); err != nil {
			return nil, err
		}
	}
	v := r.current.Load()
	if v == nil {
		return nil, ErrNotReady
	}
	return v, nil
}

// answers returns an error if what is served as name is not what ref asks for.
func (name Ref) answers(ref Ref) error {
	switch {
	case ref.Model != "" && ref.Model != name.Model:
		return &NotFoundError{fmt.Sprintf("there is no model %q; there is %q", ref.Model, name.Model)}
	case ref.Version != "" && ref.Version != name.Version:
		return &NotFoundError{fmt.Sprintf("the model %q has no version %q; it has %q", name.Model, ref.Version, name.Version)}
	case ref.Alias != "" && ref.Alias != name.Alias:
		return &NotFoundError{fmt.Sprintf("the model %q has no alias %q; it has %q", name.Model, ref.Alias, name.Alias)}
	}
	return nil
}

// Ready returns nil if the default version answers, and otherwise ErrNotReady with the
// reason.
func (r *Registry) Ready(ctx context.Context) error {
	v, err := r.Get(ctx, Ref{})
	if err != nil {
		return err
	}
	if err := v.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotReady, err)
	}
	return nil
}

// serve answers with v from now on. Why is what asked for it, and empty at the start.
func (r *Registry) serve(v *Version, why string) {
	v.counters = r.metrics.countersOf(v)
	r.current.Store(v)
	for _, o := range r.observers {
		o.serves(v, why)
	}
	debug.FreeOSMemory() // or the process keeps for minutes what the load needed
}

// A Version is a model that was loaded and has passed its check, with what serving it
// needs. It is immutable and safe for concurrent use.
type Version struct {
	*model.Model
	Ref    Ref           // the name under which it is served
	Loaded time.Time     // when
	Took   time.Duration // to load and check it

	classes  []string
	counters counters
}

// Classes returns the classes of the model, which the caller must not change.
func (v *Version) Classes() []string { return v.classes }

// Predicted counts the answer that a text got.
func (v *Version) Predicted(a model.Answer) { v.counters.add(a) }
