package registry

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"tagifai/internal/store"
)

// A served model is one that answers requests: which version has which name is known of
// it, and is followed.
type served struct {
	registry  *Registry
	name      string
	placement atomic.Pointer[placement] // nil until there is one
	used      atomic.Int64              // when it was last asked for; Unix time in nanoseconds

	sum atomic.Pointer[sum] // of the stable version; nil until it is asked for

	stale   atomic.Bool // the aliases may have changed since they were read
	syncing sync.Mutex  // held while they are read, which may hang

	mu       sync.Mutex // guards what follows, and is not held while a file is read
	aliases  *store.Aliases
	revision string // of the aliases
	unread   error  // why what is in the file now is not known
	behind   string // why what is served is not what should be; "" if it is
	complete bool   // all that should be served is
	retired  bool   // not active any more
}

// A placement says which versions answer. It is immutable.
type placement struct {
	stable, canary, shadow *Version            // nil if there is none
	share                  uint64              // a key whose hash is less gets the canary
	named                  map[string]*Version // by alias, and by number those that have an alias
}

// version returns the version that ref asks for, nil if there is none at hand.
func (m *served) version(ref Ref) *Version {
	p := m.placement.Load()
	if p == nil {
		return nil
	}
	if m != m.registry.home.Load() {
		m.used.Store(time.Now().UnixNano())
	}
	if named := ref.named(); named != "" {
		return p.named[named]
	}
	if p.canary != nil && ref.Key != nil && xxhash.Sum64(ref.Key) < p.share {
		return p.canary
	}
	return p.stable
}

// shareOf returns below which value of 64 bits a hash is in so many percent of all cases.
func shareOf(percent float64) uint64 {
	if percent >= 100 {
		return math.MaxUint64
	}
	return uint64(percent / 100 * (1 << 32) * (1 << 32))
}

// resolve returns the number of the version that ref asks for.
func (m *served) resolve(ref Ref) (int, error) {
	named := cmp.Or(ref.named(), store.Stable)
	if number, err := store.ParseVersion(named); err == nil {
		return number, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if number := m.aliases.Aliases[named]; number != 0 {
		return number, nil
	}
	if m.unread != nil {
		return 0, &UnavailableError{fmt.Sprintf("the aliases of %q cannot be read", m.name), m.unread}
	}
	return 0, noAlias(m.name, named, m.aliases)
}

// noAlias says that a model has no such alias, and which it has.
func noAlias(model, alias string, aliases *store.Aliases) error {
	names := aliases.Names()
	there := "are none"
	if len(names) > 0 {
		there = "is " + strings.Join(names, ", ")
	}
	return &NotFoundError{fmt.Sprintf("model %q has no alias %q; there %s", model, alias, there)}
}

// refresh reads the aliases until they were read since the last change. It does not wait
// for another that does so.
func (m *served) refresh() {
	for m.stale.Load() && m.syncing.TryLock() {
		m.stale.Store(false)
		m.read(false)
		m.syncing.Unlock()
	}
}

// sync reads the aliases if their file has changed, or in any case, and makes them what
// is served.
func (m *served) sync(always bool) {
	m.syncing.Lock()
	defer m.syncing.Unlock()
	m.read(always)
}

func (m *served) read(always bool) {
	st := m.registry.store
	revision, err := st.Revision(m.name)
	m.mu.Lock()
	same := err == nil && m.aliases != nil && m.unread == nil && revision == m.revision
	done := same && m.complete && !always
	m.mu.Unlock()
	if done {
		return
	}
	var a *store.Aliases
	if err == nil && (always || !same) {
		a, err = st.Aliases(m.name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unread = err
	if a != nil {
		m.aliases, m.revision = a, a.Revision()
	}
	if m.aliases == nil {
		m.aliases = &store.Aliases{}
	}
	m.apply()
}

// apply serves what the aliases say, as far as it is loaded, and has the rest loaded. A
// name whose new version is not loaded keeps the old one.
func (m *served) apply() {
	if m.retired {
		return
	}
	old := m.placement.Load()
	if old == nil {
		old = &placement{}
	}
	a, cache := m.aliases, m.registry.cache
	p := &placement{named: map[string]*Version{}}
	pinned := map[int]bool{}
	m.complete = true
	var problems []string
	if m.unread != nil {
		problems = append(problems, m.unread.Error())
	}
	// place returns the version with this number, and the old one until that is loaded.
	place := func(what string, number int, old *Version) *Version {
		pinned[number] = true
		v, err := cache.want(key{m.name, number})
		if v == nil {
			m.complete = false
			if err != nil {
				problems = append(problems, fmt.Sprintf("%s should be version %d: %v", what, number, err))
			}
			v = old
		}
		if v != nil {
			pinned[v.Number] = true
		}
		return v
	}
	name := func(alias string, v *Version) {
		if v != nil {
			p.named[alias] = v
			p.named[strconv.Itoa(v.Number)] = v
		}
	}
	if number := a.Aliases[store.Stable]; number != 0 {
		p.stable = place(store.Stable, number, old.stable)
	} else if p.stable = old.stable; p.stable != nil {
		pinned[p.stable.Number] = true
		problems = append(problems, fmt.Sprintf("the aliases have no %s", store.Stable))
	}
	name(store.Stable, p.stable)
	// Nothing else takes the processor from the load that all wait for.
	if p.stable != nil || a.Aliases[store.Stable] == 0 || len(problems) > 0 {
		for _, alias := range a.Names() {
			if alias != store.Stable {
				name(alias, place(alias, a.Aliases[alias], old.named[alias]))
			}
		}
		if a.Canary != nil {
			p.canary = place("canary", a.Canary.Version, old.canary)
			p.share = shareOf(a.Canary.Percent)
		}
		if a.Shadow != nil {
			p.shadow = place("shadow", a.Shadow.Version, old.shadow)
		}
	}
	for _, v := range []*Version{p.canary, p.shadow} {
		if v != nil {
			p.named[strconv.Itoa(v.Number)] = v
		}
	}
	cache.pin(m.name, pinned)
	m.placement.Store(p)
	m.tell(old, p, strings.Join(problems, "; "))
}

// tell tells the observers what has moved, and what is behind.
func (m *served) tell(old, now *placement, behind string) {
	var aliases []string
	for _, named := range []map[string]*Version{old.named, now.named} {
		for name := range named {
			if store.CheckAlias(name) == nil {
				aliases = append(aliases, name)
			}
		}
	}
	slices.Sort(aliases)
	aliases = slices.Compact(aliases)
	moves := []move{}
	for _, alias := range aliases {
		moves = append(moves, move{what: alias, from: old.named[alias], to: now.named[alias]})
	}
	canary := move{what: "canary", from: old.canary, to: now.canary}
	if now.canary != nil {
		canary.percent = &m.aliases.Canary.Percent
	}
	moves = append(moves, canary, move{what: "shadow", from: old.shadow, to: now.shadow})
	for _, o := range m.registry.observers {
		for _, moved := range moves {
			if moved.from != moved.to || moved.percent != nil && old.share != now.share {
				o.moved(m.name, moved, m.movedBy(moved.what, moved.to))
			}
		}
		if behind != m.behind {
			o.behind(m.name, behind)
		}
	}
	m.behind = behind
}

// movedBy returns who, as the history says, moved a name to where it is; "" if it does not.
func (m *served) movedBy(what string, to *Version) string {
	number := 0
	if to != nil {
		number = to.Number
	}
	for _, moved := range slices.Backward(m.aliases.History) {
		if moved.What == what {
			if moved.To != number {
				return "" // this move was not the last
			}
			return moved.By
		}
	}
	return ""
}

// A move is a change of an alias, of the canary or of the shadow: to another version, nil
// being none, or of the share that the canary gets.
type move struct {
	what     string
	from, to *Version
	percent  *float64 // that the canary gets; nil if it is not about one
}

// rest makes the model inactive that was asked for longest ago, so that its versions may
// be unloaded. It reports whether there was one; the default model never rests.
func (r *Registry) rest() bool {
	var oldest *served
	home := r.home.Load()
	r.active.Range(func(_, value any) bool {
		m := value.(*served)
		if m != home && (oldest == nil || m.used.Load() < oldest.used.Load()) {
			oldest = m
		}
		return true
	})
	if oldest == nil {
		return false
	}
	oldest.mu.Lock()
	defer oldest.mu.Unlock()
	oldest.retired = true
	r.active.Delete(oldest.name)
	r.cache.pin(oldest.name, nil)
	r.unwatch(oldest.name)
	for _, o := range r.observers {
		o.rests(oldest.name)
	}
	return true
}

// loadEnded is told of each load of a version, and has its model serve it.
func (r *Registry) loadEnded(k key, v *Version, err error) {
	for _, o := range r.observers {
		switch {
		case err == nil:
			o.loaded(v)
		case !errors.Is(err, store.ErrNotFound):
			o.failed(k, err)
		}
	}
	r.unreturned.Store(true)
	if m := r.activeModel(k.model); m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.apply()
	}
}
