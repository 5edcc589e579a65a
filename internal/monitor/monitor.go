package monitor

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tagifai/model"
)

// A Monitor counts what a model predicts, over the last hour and the last day. It takes
// the same memory however many texts there are, some ten kilobytes, and keeps none of
// them. [Monitor.Predicted] takes no lock; all methods are safe for concurrent use.
//
// Each text is counted by class and confidence. N-grams and length are those of a sample:
// the first texts after each [Monitor.Tick], and of the others one in [sampleEvery] of
// each class.
type Monitor struct {
	model    *model.Model
	baseline *Baseline // nil if there is none
	err      error     // why there is none

	classes                      []atomic.Uint64
	confidence, unknown, lengths [bins]atomic.Uint64
	sampled, ngrams, unknowns    atomic.Uint64
	quota                        atomic.Int64 // texts that are sampled until the next tick

	mu       sync.Mutex // guards what follows
	hour     window
	day      window
	lastTick time.Time
}

const (
	sampleEvery  = 256
	sampleAlways = 64 // texts after a tick
	tickEvery    = time.Minute
)

// New returns a monitor that has counted nothing. A model whose baseline cannot be read is
// counted, but not compared; [Monitor.Baseline] says why.
func New(m *model.Model, now time.Time) *Monitor {
	classes := len(m.Classes())
	r := &Monitor{model: m, classes: make([]atomic.Uint64, classes), lastTick: now}
	r.baseline, r.err = Of(m)
	r.quota.Store(sampleAlways)
	zero := Counts{Classes: make([]uint64, classes)}
	r.hour = newWindow("1h", time.Hour, 5*time.Minute, now, zero)
	r.day = newWindow("1d", 24*time.Hour, time.Hour, now, zero)
	return r
}

// Baseline returns the baseline, or the reason why there is none.
func (m *Monitor) Baseline() (*Baseline, error) { return m.baseline, m.err }

// Predicted counts a text and the answer that it got.
func (m *Monitor) Predicted(text string, a model.Answer) {
	n := m.count(a)
	if n%sampleEvery == 0 || m.quota.Load() > 0 && m.quota.Add(-1) >= 0 {
		m.measure(text)
	}
}

// count returns the number of texts of the class.
func (m *Monitor) count(a model.Answer) uint64 {
	if a.Confidence > 0 {
		m.confidence[binOf(a.Confidence)].Add(1)
	}
	return m.classes[a.Class].Add(1)
}

func (m *Monitor) measure(text string) {
	of := measureText(m.model, text)
	m.unknown[of.unknownBin].Add(1)
	m.lengths[of.lengthBin].Add(1)
	m.ngrams.Add(of.ngrams)
	m.unknowns.Add(of.unknown)
	m.sampled.Add(1)
}

// Counts returns what was counted from the start.
func (m *Monitor) Counts() Counts {
	c := Counts{
		Classes: make([]uint64, len(m.classes)),
		Sampled: m.sampled.Load(), UnknownNGrams: m.unknowns.Load(), NGrams: m.ngrams.Load(),
	}
	for i := range m.classes {
		c.Classes[i] = m.classes[i].Load()
	}
	for i := range bins {
		c.Confidence[i], c.Unknown[i], c.Lengths[i] = m.confidence[i].Load(), m.unknown[i].Load(), m.lengths[i].Load()
	}
	return c
}

// Tick is to be called once a minute or so: the windows move with it.
func (m *Monitor) Tick(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tick(now)
}

func (m *Monitor) tick(now time.Time) {
	if now.Sub(m.lastTick) < tickEvery {
		return
	}
	m.lastTick = now
	m.quota.Store(sampleAlways)
	if m.hour.due(now) || m.day.due(now) {
		c := m.Counts()
		m.hour.keep(now, &c)
		m.day.keep(now, &c)
	}
}

// A Reading is what was counted in a window.
type Reading struct {
	Name   string // of the window: "1h" or "1d"
	Window time.Duration
	Since  time.Time // when it begins: up to a twelfth of the hour or a 24th of the day too early
	Counts Counts
}

// Readings returns what was counted in the last hour and in the last day, or since the
// start.
func (m *Monitor) Readings(now time.Time) [2]Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tick(now)
	c := m.Counts()
	return [2]Reading{m.hour.read(now, &c), m.day.read(now, &c)}
}

// A window keeps what was counted at some times in the past, in a ring.
type window struct {
	name         string
	length, step time.Duration
	kept         []snapshot
	last         int // index of the newest
}

type snapshot struct {
	at     time.Time
	counts Counts
}

func newWindow(name string, length, step time.Duration, now time.Time, zero Counts) window {
	w := window{name: name, length: length, step: step, kept: make([]snapshot, int(length/step)+1)}
	w.kept[0] = snapshot{now, zero}
	return w
}

func (w *window) due(now time.Time) bool { return now.Sub(w.kept[w.last].at) >= w.step }

// keep keeps what was counted until now, if it is time to.
func (w *window) keep(now time.Time, c *Counts) {
	if !w.due(now) {
		return
	}
	w.last = (w.last + 1) % len(w.kept)
	w.kept[w.last] = snapshot{now, *c}
}

// read returns the difference to what was counted a length ago.
func (w *window) read(now time.Time, c *Counts) Reading {
	from := w.last
	for range w.kept {
		if now.Sub(w.kept[from].at) >= w.length {
			break
		}
		before := (from + len(w.kept) - 1) % len(w.kept)
		if at := w.kept[before].at; at.IsZero() || at.After(w.kept[from].at) {
			break // this is the oldest
		}
		from = before
	}
	return Reading{w.name, w.length, w.kept[from].at, c.minus(&w.kept[from].counts)}
}

// minus returns what was counted since before.
func (c *Counts) minus(before *Counts) Counts {
	d := *c
	d.Classes = slices.Clone(c.Classes)
	subtract(d.Classes, before.Classes)
	subtract(d.Confidence[:], before.Confidence[:])
	subtract(d.Unknown[:], before.Unknown[:])
	subtract(d.Lengths[:], before.Lengths[:])
	d.Sampled -= before.Sampled
	d.NGrams -= before.NGrams
	d.UnknownNGrams -= min(d.UnknownNGrams, before.UnknownNGrams)
	return d
}

func subtract(from, n []uint64) {
	for i := range from {
		from[i] -= n[i]
	}
}
