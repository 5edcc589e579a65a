package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tagifai/internal/store"
)

const (
	// loadsAtOnce is how many versions are loaded at the same time: a load takes more
	// memory than what comes of it.
	loadsAtOnce = 2
	// slowLoad is after what time a load, which most likely hangs, lets the next begin.
	slowLoad = time.Second
	// maxFlights is how many loads may have begun, or wait to begin.
	maxFlights = 256

	firstRetry = time.Second // until a failed load is tried again; it doubles each time
	lastRetry  = time.Minute
)

// A key names a version of a store.
type key struct {
	model  string
	number int
}

func (k key) String() string { return fmt.Sprintf("version %d of %q", k.number, k.model) }

// A cache keeps the versions of a store that are loaded. Those that are pinned stay; of
// the others it keeps, while there is room, those that were used last.
type cache struct {
	registry *Registry
	max      int64 // bytes
	turns    chan struct{}
	over     atomic.Bool // more is loaded than there is room for, as all of it is in use

	mu      sync.Mutex // guards what follows, and is not held while a file is read
	slots   map[key]*slot
	bytes   int64 // of all loaded versions
	flights int
}

// A slot is what the cache knows of a version.
type slot struct {
	key
	version *Version // nil unless loaded
	flight  *flight  // the load under way; nil if there is none
	pinned  bool
	seal    string // the revision of its manifest when it was loaded

	err      error // of the last load
	failures int   // in a row
	retry    time.Time
}

// A flight is a load that has begun, and those who wait for it.
type flight struct {
	begun   time.Time
	done    chan struct{} // closed when it has ended
	waiters int           // who will each have acquired the version then

	// What came of it; set before done is closed.
	version *Version
	err     error
}

func newCache(r *Registry) *cache {
	return &cache{
		registry: r,
		max:      r.source.MaxModelsBytes,
		turns:    make(chan struct{}, loadsAtOnce),
		slots:    map[key]*slot{},
	}
}

// get returns a version, acquired. If it is not loaded, get loads it and waits until ctx
// ends. Whoever else asks meanwhile waits for the same load.
func (c *cache) get(ctx context.Context, k key) (*Version, error) {
	c.mu.Lock()
	s, err := c.begin(k, false)
	if err != nil || s.version != nil {
		defer c.mu.Unlock()
		if err == nil {
			s.version.users.Add(1) // it cannot be unloaded while the lock is held
			s.version.used.Store(time.Now().UnixNano())
			return s.version, nil
		}
		return nil, err
	}
	f := s.flight
	if time.Since(f.begun) > c.registry.source.LoadTimeout {
		c.mu.Unlock()
		return nil, c.registry.late(k.String())
	}
	f.waiters++
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.version, f.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-f.done: // after all
		return f.version, f.err
	default:
		f.waiters--
		return nil, context.Cause(ctx)
	}
}

// want returns a version that is to be loaded, or nil and has it loaded. The error is
// that of its last load.
func (c *cache) want(k key) (*Version, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, err := c.begin(k, true)
	if err != nil {
		return nil, err
	}
	s.pinned = true
	if s.flight != nil && time.Since(s.flight.begun) > c.registry.source.LoadTimeout {
		return nil, c.registry.late(k.String())
	}
	return s.version, nil
}

// begin begins a load of a version that is neither loaded nor about to be. It returns the
// error of the last load if it is too early for another.
func (c *cache) begin(k key, pinned bool) (*slot, error) {
	s := c.slots[k]
	switch {
	case s == nil && c.flights >= maxFlights && !pinned:
		return nil, ErrBusy
	case s == nil:
		s = &slot{key: k, pinned: pinned}
		c.slots[k] = s
	case s.version != nil || s.flight != nil:
		return s, nil
	case time.Now().Before(s.retry):
		return nil, s.err
	}
	s.flight = &flight{begun: time.Now(), done: make(chan struct{})}
	c.flights++
	go c.load(s, s.flight)
	return s, nil
}

// load loads the version of a slot.
func (c *cache) load(s *slot, f *flight) {
	c.turns <- struct{}{}
	giveTurn := sync.OnceFunc(func() { <-c.turns })
	hanging := time.AfterFunc(slowLoad, giveTurn)
	v, seal, err := c.registry.openVersion(s.key)
	hanging.Stop()
	giveTurn()

	c.mu.Lock()
	c.flights--
	f.version, f.err = v, err
	s.flight, s.err = nil, err
	switch {
	case err == nil:
		v.cache = c
		v.users.Store(int64(f.waiters))
		v.used.Store(time.Now().UnixNano())
		s.version, s.seal, s.failures = v, seal, 0
		c.bytes += v.size
	case errors.Is(err, store.ErrNotFound) && !s.pinned:
		delete(c.slots, s.key) // or clients could fill the memory with numbers
	default:
		s.retry = time.Now().Add(min(firstRetry<<min(s.failures, 10), lastRetry))
		s.failures++
	}
	close(f.done)
	c.mu.Unlock()

	c.registry.loadEnded(s.key, v, err)
	c.evict()
}

// pin makes the versions of a model with these numbers stay, and no others of it.
func (c *cache) pin(name string, numbers map[int]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, s := range c.slots {
		if k.model == name {
			s.pinned = numbers[k.number]
		}
	}
}

// evict unloads what was not used for the longest time until there is room. What is in
// use or pinned stays; if that is not enough, the model that was not used for the longest
// time gives up its pins.
func (c *cache) evict() {
	for {
		c.mu.Lock()
		var gone []*Version
		for c.bytes > c.max {
			s := c.oldest()
			if s == nil {
				break
			}
			gone = append(gone, s.version)
			c.bytes -= s.version.size
			delete(c.slots, s.key)
		}
		over := c.bytes > c.max
		c.over.Store(over)
		c.mu.Unlock()
		for _, v := range gone {
			for _, o := range c.registry.observers {
				o.unloaded(v)
			}
		}
		if !over || !c.registry.rest() {
			return
		}
	}
}

// oldest returns the version that was used longest ago, of those that may go; nobody can
// acquire it any more.
func (c *cache) oldest() *slot {
	for {
		var oldest *slot
		for _, s := range c.slots {
			if s.version == nil || s.pinned || s.version.users.Load() > 0 {
				continue
			}
			if oldest == nil || s.version.used.Load() < oldest.version.used.Load() {
				oldest = s
			}
		}
		if oldest == nil || oldest.version.users.CompareAndSwap(0, unloaded) {
			return oldest
		}
	}
}

// forgive lets failed loads be tried again at once.
func (c *cache) forgive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.slots {
		s.retry = time.Time{}
	}
}

// settled returns nil if no load of a model's pinned versions is under way, and otherwise
// what is closed when one has ended.
func (c *cache) settled(name string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, s := range c.slots {
		if k.model == name && s.pinned && s.flight != nil && time.Since(s.flight.begun) <= c.registry.source.LoadTimeout {
			return s.flight.done
		}
	}
	return nil
}

// dropChanged forgets the versions whose manifest is not what it was when they were
// loaded. Those that have a name are served until they are loaded anew.
func (c *cache) dropChanged() {
	c.mu.Lock()
	seals := map[key]string{}
	for k, s := range c.slots {
		if s.version != nil {
			seals[k] = s.seal
		}
	}
	c.mu.Unlock()
	for k, seal := range seals {
		manifest, err := c.registry.store.Manifest(k.model, k.number)
		if err != nil || manifest.Checksum() == seal {
			continue // what is not there any more is served on
		}
		c.mu.Lock()
		if s := c.slots[k]; s != nil && s.version != nil && s.seal == seal {
			c.bytes -= s.version.size
			delete(c.slots, k)
		}
		c.mu.Unlock()
	}
}
