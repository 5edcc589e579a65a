package registry

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	maxShadowTexts = 4 << 20 // bytes of all texts that wait for a shadow
	textHeader     = 16      // bytes that a text takes beside its characters
	maxShadowJobs  = 1024

	// After shadowSlice of work a pause lets requests go first: all shadows together take
	// a twentieth of a processor, and what comes beyond that is dropped.
	shadowSlice = 50 * time.Microsecond
	shadowPause = time.Millisecond
)

// shadows are the texts that wait for a second prediction, for comparison alone.
type shadows struct {
	metrics *metrics
	jobs    chan shadowJob
	room    chan int64         // holds how many bytes may still wait
	idle    func() (idle bool) // whether there is a processor to spare; nil is always
	spent   time.Duration      // on predictions since the last pause
}

type shadowJob struct {
	stable, shadow *Version // acquired
	texts          []string
	bytes          int64
}

func newShadows(m *metrics) *shadows {
	s := &shadows{metrics: m, jobs: make(chan shadowJob, maxShadowJobs), room: make(chan int64, 1)}
	s.room <- maxShadowTexts
	return s
}

// Shadowed reports whether what v answers to requests without a version is to be
// predicted by a shadow as well.
func (r *Registry) Shadowed(v *Version) bool {
	return v.cache != nil && r.shadowOf(v) != nil
}

// shadowOf returns the shadow of a version, nil if it has none.
func (r *Registry) shadowOf(v *Version) *Version {
	m := r.home.Load()
	if m == nil || m.name != v.Name {
		m = r.activeModel(v.Name)
	}
	if m == nil {
		return nil
	}
	if p := m.placement.Load(); p != nil && p.stable == v {
		return p.shadow
	}
	return nil
}

// Shadow has the shadow of v predict texts that v has answered, later and only while
// there is room. It copies them.
func (r *Registry) Shadow(v *Version, texts func(yield func(string) bool)) {
	shadow := r.shadowOf(v)
	if shadow == nil {
		return
	}
	n, bytes := 0, int64(0)
	for text := range texts {
		n++
		bytes += int64(len(text)) + textHeader
	}
	s := r.shadows
	if !s.take(bytes) {
		s.metrics.shadowDropped.WithLabelValues(shadow.Name, shadow.label()).Add(float64(n))
		return
	}
	job := shadowJob{v, shadow, make([]string, 0, n), bytes}
	if !v.acquire() {
		s.give(bytes)
		return
	}
	if !shadow.acquire() {
		v.Release()
		s.give(bytes)
		return
	}
	for text := range texts {
		job.texts = append(job.texts, strings.Clone(text))
	}
	select {
	case s.jobs <- job:
	default:
		s.metrics.shadowDropped.WithLabelValues(shadow.Name, shadow.label()).Add(float64(n))
		s.end(job)
	}
}

// SpareTime sets what the work of shadows asks for whether a processor is idle. It must be
// called before [Registry.Follow].
func (r *Registry) SpareTime(idle func() bool) { r.shadows.idle = idle }

func (s *shadows) take(bytes int64) bool {
	room := <-s.room
	ok := room >= bytes
	if ok {
		room -= bytes
	}
	s.room <- room
	return ok
}

func (s *shadows) give(bytes int64) { s.room <- <-s.room + bytes }

func (s *shadows) end(job shadowJob) {
	job.stable.Release()
	job.shadow.Release()
	s.give(job.bytes)
}

// work predicts what waits, one text after another, until ctx ends.
func (s *shadows) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case job := <-s.jobs:
			s.compare(ctx, job)
			s.end(job)
		}
	}
}

func (s *shadows) compare(ctx context.Context, job shadowJob) {
	name, version := job.shadow.Name, job.shadow.label()
	agreeing := s.metrics.shadowTexts.WithLabelValues(name, version, same)
	disagreeing := s.metrics.shadowTexts.WithLabelValues(name, version, different)
	distances := s.metrics.shadowDistance.WithLabelValues(name, version)
	var a, b []float64 // probabilities; nil if one of the two has none
	if job.stable.HasProbabilities() && job.shadow.HasProbabilities() {
		a, b = make([]float64, len(job.stable.classes)), make([]float64, len(job.shadow.classes))
	}
	classes := sameClasses(job.stable.classes, job.shadow.classes)
	for _, text := range job.texts {
		for s.idle != nil && !s.idle() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
		begun := time.Now()
		tag := job.stable.Class(job.stable.Classify(text, a, nil).Class)
		if tag == job.shadow.Class(job.shadow.Classify(text, b, nil).Class) {
			agreeing.Inc()
		} else {
			disagreeing.Inc()
		}
		if a != nil {
			distances.Observe(distance(a, b, classes))
		}
		if s.spent += time.Since(begun); s.spent > shadowSlice {
			time.Sleep(shadowPause)
			s.spent = 0
		}
	}
}

// sameClasses returns, for each of the classes a, the index of the class of b that has the
// same name, -1 if there is none.
func sameClasses(a, b []string) []int {
	same := make([]int, len(a))
	for k, class := range a {
		same[k] = slices.Index(b, class)
	}
	return same
}

// distance returns half the sum of the differences between two predictions, from 0 for
// equal ones to 1. A class that only one of them knows has no probability in the other.
func distance(a, b []float64, same []int) float64 {
	sum, rest := 0.0, 1.0 // of b, in classes that a does not know
	for k, p := range a {
		if same[k] < 0 {
			sum += p
			continue
		}
		sum += math.Abs(p - b[same[k]])
		rest -= b[same[k]]
	}
	return (sum + max(rest, 0)) / 2
}
