package registry

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"tagifai/model"
)

// A Stable is what a table of predictions calls the stable version of a model.
type Stable struct {
	Model   string
	version string
	sum     string // see [model.Artifact.Sum]; "" if it is unknown
	exists  bool
}

// Made reports whether predictions of this version, whose artifact has this sum, are what
// the stable version predicts.
func (s *Stable) Made(version, sum string) bool {
	return s.exists && version == s.version && (s.sum == "" || sum == s.sum)
}

// Stable returns the stable version of a model, of the default one if the name is empty. It
// loads nothing. It waits for the sum, which is made once for each version.
//
// Its errors are those of [Registry.Get].
func (r *Registry) Stable(ctx context.Context, name string) (*Stable, error) {
	m := r.home.Load()
	if name != "" && (m == nil || name != m.name) {
		m = r.activeModel(name)
	}
	switch {
	case m == nil && name == "":
		return nil, ErrNotReady
	case m == nil && r.store == nil:
		return nil, r.notThere(nil, Ref{Model: name})
	case r.store == nil:
		v := m.placement.Load().stable
		return &Stable{Model: m.name, version: v.RunID(), sum: r.sumOf(ctx, m, v), exists: true}, ctx.Err()
	case m == nil:
		var err error
		if m, err = r.follow(ctx, name); err != nil {
			return nil, err
		}
	}
	s := &Stable{Model: m.name}
	var number int
	if p := m.placement.Load(); p != nil && p.stable != nil {
		number = p.stable.Number
	} else {
		var err error
		number, err = m.resolve(Ref{})
		if _, none := errors.AsType[*NotFoundError](err); none {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
	}
	s.version, s.sum, s.exists = strconv.Itoa(number), r.sumOf(ctx, m, number), true
	return s, ctx.Err()
}

// follow makes a model of the store active.
func (r *Registry) follow(ctx context.Context, name string) (*served, error) {
	defer r.waiting.Add(-1)
	if r.waiting.Add(1) > maxWaiting {
		return nil, ErrBusy
	}
	within, cancel := r.deadline(ctx, fmt.Sprintf("model %q", name))
	defer cancel()
	m, err := r.activate(within, name)
	if err == nil || ctx.Err() != nil {
		return m, errors.Join(err, ctx.Err())
	}
	if _, ok := errors.AsType[*NotFoundError](err); ok {
		return nil, err
	}
	return nil, &UnavailableError{fmt.Sprintf("model %q cannot be read", name), err}
}

// A sum is that of the artifact of a version. It is in the making until made is closed.
type sum struct {
	of   any // the number of the version, or a *Version outside of a store
	made chan struct{}
	text string // "" if the artifact could not be read
}

// sumOf returns the sum of the stable version of m, "" if it cannot be known.
func (r *Registry) sumOf(ctx context.Context, m *served, of any) string {
	if r.readArtifact == nil {
		return ""
	}
	s := m.sum.Load()
	for s == nil || s.of != of {
		next := &sum{of: of, made: make(chan struct{})}
		if m.sum.CompareAndSwap(s, next) {
			go r.makeSum(m.name, next)
		}
		s = m.sum.Load()
	}
	select {
	case <-s.made:
		return s.text
	case <-ctx.Done():
		return ""
	}
}

// makeSum reads the artifact again, as a model keeps nothing of it.
func (r *Registry) makeSum(name string, s *sum) {
	defer close(s.made)
	var err error
	defer func() {
		if cause := recover(); cause != nil { // whatever a file does to the code that reads it
			err = fmt.Errorf("%v", cause)
		}
		if err != nil {
			r.log.Warn().Str("model", name).Err(err).Msg("the artifact has no checksum; predictions are stale by their version alone")
		}
	}()
	dir := ""
	if number, ok := s.of.(int); ok {
		dir = r.store.VersionDir(name, number)
	}
	var a *model.Artifact
	if a, err = r.readArtifact(dir); err == nil {
		s.text, err = a.Sum()
	}
}
