package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tagifai/internal/store"
)

// A Summary is what a list says of a model.
type Summary struct {
	Name    string
	Default bool
	Aliases *store.Aliases // that are served, or, of a model that is not active, that are in the store
	Behind  string         // why that is not what should be served; "" if it is
}

// An Overview is all that is known of a model without loading a version.
type Overview struct {
	Summary
	Versions []Status
}

// Check returns what keeps a version, named by its number or by an alias, from answering, as
// far as that is known without loading it: a [NotFoundError] or an [UnavailableError].
func (o *Overview) Check(version string) error {
	number, err := store.ParseVersion(version)
	if err != nil {
		if number = o.Aliases.Aliases[version]; number == 0 {
			return noAlias(o.Name, version, o.Aliases)
		}
	}
	at := slices.IndexFunc(o.Versions, func(s Status) bool { return s.Number == number })
	switch {
	case at < 0:
		return &NotFoundError{fmt.Sprintf("model %q has no version %d; GET /models/%s lists those there are", o.Name, number, o.Name)}
	case o.Versions[at].State == Failed:
		return unavailable(key{o.Name, number}, errors.New(o.Versions[at].Reason))
	}
	return nil
}

// A Status says whether a version answers.
type Status struct {
	Number int
	State  string // Loaded, Available or Failed
	Reason string // why it has failed, or what is wrong with one that is loaded
}

// The states of a version.
const (
	Loaded    = "loaded"    // it answers at once
	Available = "available" // it is loaded when it is asked for
	Failed    = "failed"    // it cannot be loaded
)

// Default returns the name of the default model, "" if it is not known yet.
func (r *Registry) Default() string {
	if m := r.home.Load(); m != nil {
		return m.name
	}
	return ""
}

// Models returns at most limit models of those to include, sorted by name, that come after
// a name, and whether there are more.
func (r *Registry) Models(ctx context.Context, after string, limit int, include func(name string) bool) (models []Summary, more bool, err error) {
	if r.store == nil {
		if r.source.Models != "" {
			return nil, false, ErrNotReady
		}
		if after < onlyModel && include(onlyModel) {
			models = append(models, r.one().Summary)
		}
		return models, false, nil
	}
	ctx, cancel := r.deadline(ctx, "models "+r.source.Models)
	defer cancel()
	models, err = within(ctx, func() ([]Summary, error) {
		names, err := r.store.Models()
		if err != nil {
			return nil, err
		}
		first, found := slices.BinarySearch(names, after)
		if found {
			first++
		}
		names = slices.DeleteFunc(names[first:], func(name string) bool { return !include(name) })
		more = len(names) > limit
		models := make([]Summary, min(len(names), limit))
		for i := range models {
			models[i] = r.summary(names[i])
		}
		return models, nil
	})
	if err != nil {
		return nil, false, &UnavailableError{"the store of the models cannot be read", err}
	}
	return models, more, nil
}

// one returns the one model.
func (r *Registry) one() *Overview {
	o := &Overview{Summary: Summary{Name: onlyModel, Default: true, Aliases: &store.Aliases{}}}
	if m := r.home.Load(); m != nil {
		o.Aliases.Aliases = map[string]int{store.Stable: onlyVersion}
		o.Versions = []Status{{Number: onlyVersion, State: Loaded}}
	}
	return o
}

// summary returns what is served of a model, or what is in the store of one that is not
// active.
func (r *Registry) summary(name string) Summary {
	home := r.home.Load()
	s := Summary{Name: name, Default: home != nil && home.name == name}
	if m := r.activeModel(name); m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		s.Aliases, s.Behind = m.serves(), m.behind
		return s
	}
	a, err := r.store.Aliases(name)
	if err != nil {
		a, s.Behind = &store.Aliases{}, err.Error()
	}
	s.Aliases = a
	return s
}

// serves returns the aliases as they are served. An alias whose version is not loaded yet
// is where it is to be.
func (m *served) serves() *store.Aliases {
	a := &store.Aliases{Aliases: map[string]int{}, History: m.aliases.History}
	p := m.placement.Load()
	for alias, number := range m.aliases.Aliases {
		a.Aliases[alias] = number
	}
	if p == nil {
		return a
	}
	for name, v := range p.named {
		if store.CheckAlias(name) == nil {
			a.Aliases[name] = v.Number
		}
	}
	if p.canary != nil && m.aliases.Canary != nil {
		a.Canary = &store.Canary{Version: p.canary.Number, Percent: m.aliases.Canary.Percent}
	}
	if p.shadow != nil {
		a.Shadow = &store.Shadow{Version: p.shadow.Number}
	}
	return a
}

// Model returns what is known of a model.
func (r *Registry) Model(ctx context.Context, name string) (*Overview, error) {
	if r.store == nil {
		if r.source.Models != "" {
			return nil, ErrNotReady
		}
		if name != onlyModel {
			return nil, r.notThere(nil, Ref{Model: name})
		}
		return r.one(), nil
	}
	ctx, cancel := r.deadline(ctx, fmt.Sprintf("model %q", name))
	defer cancel()
	o, err := within(ctx, func() (*Overview, error) {
		numbers, err := r.store.Numbers(name)
		if err != nil {
			return nil, err
		}
		o := &Overview{Summary: r.summary(name)}
		o.Versions = r.cache.states(name, numbers)
		for i, status := range o.Versions {
			if status.State == Available {
				if _, err := r.store.Manifest(name, status.Number); err != nil {
					o.Versions[i].State, o.Versions[i].Reason = Failed, err.Error()
				}
			}
		}
		return o, nil
	})
	switch {
	case err == nil:
		return o, nil
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		return nil, &NotFoundError{err.Error()}
	}
	return nil, &UnavailableError{fmt.Sprintf("model %q cannot be read", name), err}
}

// states returns the states of these versions of a model, and of those that are loaded
// though they are not in the store any more.
func (c *cache) states(name string, numbers []int) []Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := make([]Status, 0, len(numbers))
	for _, number := range numbers {
		status := Status{Number: number, State: Available}
		if s := c.slots[key{name, number}]; s != nil {
			switch {
			case s.version != nil:
				status.State = Loaded
			case s.err != nil:
				status.State, status.Reason = Failed, s.err.Error()
			case s.flight != nil && time.Since(s.flight.begun) > c.registry.source.LoadTimeout:
				status.State, status.Reason = Failed, c.registry.late(s.key.String()).Error()
			}
		}
		states = append(states, status)
	}
	for k, s := range c.slots {
		if k.model == name && s.version != nil && !slices.Contains(numbers, k.number) {
			states = append(states, Status{k.number, Loaded, "it is not in the store any more"})
		}
	}
	slices.SortFunc(states, func(a, b Status) int { return a.Number - b.Number })
	return states
}

// Manifest returns what the store says of a version, nil for the one version of the one
// model.
func (r *Registry) Manifest(ctx context.Context, v *Version) (*store.Manifest, error) {
	if r.store == nil {
		return nil, nil
	}
	ctx, cancel := r.deadline(ctx, "version "+strconv.Itoa(v.Number))
	defer cancel()
	m, err := within(ctx, func() (*store.Manifest, error) { return r.store.Manifest(v.Name, v.Number) })
	if err != nil {
		return nil, &UnavailableError{fmt.Sprintf("the manifest of %v cannot be read", key{v.Name, v.Number}), err}
	}
	return m, nil
}
