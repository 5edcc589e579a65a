package registry

import (
	"fmt"
	"io/fs"
	"math"
	"runtime/debug"
	"sync/atomic"
	"time"

	"tagifai/internal/golden"
	"tagifai/internal/monitor"
	"tagifai/model"
)

// A Version is a model that was loaded and has passed its check, with what serving it
// needs. It is immutable and safe for concurrent use.
type Version struct {
	*model.Model
	Name   string        // of the model
	Number int           // of the version
	Loaded time.Time     // when
	Took   time.Duration // to load and check it

	classes  []string
	counters counters
	monitor  *monitor.Monitor

	cache *cache       // that keeps it; nil for the one version of the one model
	size  int64        // bytes
	users atomic.Int64 // how many use it; far below zero once it is unloaded
	used  atomic.Int64 // when it was last asked for; Unix time in nanoseconds
}

// unloaded is added to the users of a version once it has gone.
const unloaded = math.MinInt64 / 2

// Classes returns the classes of the model, which the caller must not change.
func (v *Version) Classes() []string { return v.classes }

// Predicted counts a text and the answer that it got.
func (v *Version) Predicted(text string, a model.Answer) {
	v.counters.add(a)
	v.monitor.Predicted(text, a)
}

// acquire keeps the version from being unloaded until it is released. It reports whether
// the version was there to be kept.
func (v *Version) acquire() bool {
	if v.cache == nil {
		return true
	}
	if v.users.Add(1) > 0 {
		return true
	}
	v.users.Add(-1)
	return false
}

// Release tells that the caller of [Registry.Get] does not use the version any more.
func (v *Version) Release() {
	if v.cache != nil && v.users.Add(-1) == 0 && v.cache.over.Load() {
		go v.cache.evict()
	}
}

// Open loads the artifact directory that is the root of fsys, has the model predict, and
// compares what it predicts with its golden predictions. Nothing that fails here is served.
func Open(fsys fs.FS, formats ...model.Format) (*model.Model, error) {
	m, err := model.OpenFS(fsys, formats...)
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	_, err = golden.Check(fsys, m)
	return m, err
}

// newVersion loads a version. Whatever a file does to the code that reads it, the service
// goes on: a panic is an error here.
func newVersion(name string, number int, open func() (*model.Model, error)) (v *Version, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			v, err = nil, fmt.Errorf("loading the model: %v\n%s", cause, debug.Stack())
		}
	}()
	start := time.Now()
	m, err := open()
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	return &Version{
		Model: m, Name: name, Number: number,
		Loaded: time.Now(), Took: time.Since(start),
		classes: m.Classes(), monitor: monitor.New(m, time.Now()), size: int64(m.Size()),
	}, nil
}
