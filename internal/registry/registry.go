// Package registry holds what is served: the versions of one model or, from a store, of
// many. It loads a version, checks it, serves it under its names, and follows what
// changes. A request asks it once for a [Version], and keeps that until it is answered.
// It knows no HTTP.
package registry

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/singleflight"

	"tagifai/internal/config"
	"tagifai/internal/store"
	"tagifai/internal/watch"
	"tagifai/model"
)

// A Ref says which version is wanted. The zero Ref stands for the stable version of the
// default model.
type Ref struct {
	Model string // "" is the default
	// Version is a number, and Alias a name. Either may stand where the other does. If
	// both are empty, the stable version is wanted, or its canary.
	Version, Alias string
	// Key decides between stable and canary: equal keys get equal versions. Nil is for
	// stable.
	Key []byte
}

// named returns the number or the alias of the version, "" if none is given.
func (ref Ref) named() string {
	if ref.Version != "" {
		return ref.Version
	}
	return ref.Alias
}

// Options say what a registry loads, and who is told of it.
type Options struct {
	config.Source
	Formats []model.Format               // of other tools, which the versions may have
	Open    func() (*model.Model, error) // loads the one model, if Source.Models is empty
	// ReadArtifact reads the artifact in the directory of a version, or that of the one model
	// if dir is empty. Nil if nobody calls [Registry.Stable], which needs its sum.
	ReadArtifact func(dir string) (*model.Artifact, error)
	Tool         string // who says in a store that it has added a version
	Log          zerolog.Logger
	Metrics      prometheus.Registerer
}

// A Registry serves versions. It is safe for concurrent use. Make it with [New].
type Registry struct {
	source       config.Source
	formats      []model.Format
	open         func() (*model.Model, error)
	tool         string
	readArtifact func(dir string) (*model.Artifact, error)
	log          zerolog.Logger
	metrics      *metrics
	observers    []observer

	home   atomic.Pointer[served] // the default model; nil until it is known
	active sync.Map               // the models that requests have asked for: *served by name

	// Of one model.
	loads chan struct{} // one item for each load that has begun and not ended
	turn  chan struct{} // holds an item while somebody changes what is served

	// Of a store.
	store       *store.Store // nil until the start, and for one model
	cache       *cache
	activations singleflight.Group // by name of the model
	waiting     atomic.Int64       // requests that wait for a load
	watched     *watch.Group       // nil if nothing can be watched
	shadows     *shadows
	unreturned  atomic.Bool // loads have left memory that can be returned
	adopting    atomic.Bool // somebody looks for the default model

	changed chan struct{} // holds an item if something has changed since Follow last looked
}

// New returns a registry that is not ready: it loads nothing before [Registry.Start].
func New(options Options) *Registry {
	m := newMetrics(options.Metrics)
	r := &Registry{
		source:       options.Source,
		formats:      options.Formats,
		open:         options.Open,
		tool:         options.Tool,
		readArtifact: options.ReadArtifact,
		log:          options.Log,
		metrics:      m,
		observers:    []observer{journal{options.Log}, m},
		loads:        make(chan struct{}, maxLoads),
		turn:         make(chan struct{}, 1),
		changed:      make(chan struct{}, 1),
	}
	r.cache = newCache(r)
	r.shadows = newShadows(m)
	options.Metrics.MustRegister(newDrifts(r))
	return r
}

// Start loads the version that answers requests without a name. From before the load
// until ctx ends, the source is watched, so that no change is missed. Start returns early
// if ctx ends.
func (r *Registry) Start(ctx context.Context) error {
	if r.source.Models != "" {
		return r.startStore(ctx)
	}
	return r.startOne(ctx)
}

// Get returns the version that ref asks for, which the caller must [Version.Release]. If
// it is not loaded, Get loads it, and waits for that until ctx ends or for the load
// deadline. A request calls it once, so that it sees one version from start to end.
//
// Its errors are a [NotFoundError], an [UnavailableError], [ErrNotReady] and [ErrBusy].
func (r *Registry) Get(ctx context.Context, ref Ref) (*Version, error) {
	m := r.home.Load()
	if ref.Model != "" && (m == nil || ref.Model != m.name) {
		m = r.activeModel(ref.Model)
	}
	if m != nil {
		if v := m.version(ref); v != nil && v.acquire() {
			return v, nil
		}
	}
	if ref.Model == "" && ref.named() == "" {
		return nil, ErrNotReady
	}
	if r.store == nil {
		return nil, r.notThere(m, ref)
	}
	return r.fetch(ctx, ref)
}

// activeModel returns the model with this name if it is active, and otherwise nil.
func (r *Registry) activeModel(name string) *served {
	if m, ok := r.active.Load(name); ok {
		return m.(*served)
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
	defer v.Release()
	if err := v.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotReady, err)
	}
	return nil
}

// The names of the one version of the one model.
const (
	onlyModel   = "default"
	onlyVersion = 1
)

// notThere says why the one model has no such version.
func (r *Registry) notThere(m *served, ref Ref) error {
	switch named := ref.named(); {
	case ref.Model != "" && ref.Model != onlyModel:
		return &NotFoundError{fmt.Sprintf("there is no model %q; there is %s", ref.Model, onlyModel)}
	case m == nil, named == "", named == store.Stable, named == strconv.Itoa(onlyVersion):
		return ErrNotReady
	case ref.Version != "":
		return &NotFoundError{fmt.Sprintf("model %q has no version %q; there is %d", onlyModel, named, onlyVersion)}
	default:
		return &NotFoundError{fmt.Sprintf("model %q has no alias %q; there is %s", onlyModel, named, store.Stable)}
	}
}

// notice has [Registry.Follow] look for changes.
func (r *Registry) notice() {
	select {
	case r.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// errorOf turns the error of a store into one of the registry's.
func errorOf(err error) error {
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return refused
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &NotFoundError{err.Error()}
	case errors.Is(err, store.ErrRefused), errors.Is(err, store.ErrReadOnly):
		return &RefusedError{err}
	case errors.Is(err, store.ErrInvalid):
		return &InvalidError{err}
	}
	return err
}
