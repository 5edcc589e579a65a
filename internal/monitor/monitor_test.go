package monitor_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/dataset"
	"tagifai/internal/monitor"
	"tagifai/internal/recipe"
	"tagifai/internal/train"
	"tagifai/model"
)

// trained returns the artifact of a small model of two classes.
var trained = sync.OnceValues(func() (*model.Artifact, error) {
	d := &dataset.Dataset{File: "made up", Tagged: true}
	for i := range 30 {
		for tag, texts := range map[string][]string{
			"cooking":  {"stir the soup with a wooden spoon", "bake the bread in a hot oven", "salt and pepper for the sauce"},
			"learning": {"a network learns from many examples", "gradient descent finds the weights", "the loss falls with each epoch"},
		} {
			d.Rows = append(d.Rows, dataset.Row{Text: texts[i%3] + " " + string(rune('a'+i%26)), Tag: tag, Line: i + 2, Weight: 1})
		}
	}
	args, err := recipe.Parse([]byte(`{"num_epochs": 5, "min_freq": 1, "folds": 3}`))
	if err != nil {
		return nil, err
	}
	result, err := train.Train(context.Background(), d, args, train.Origin{}, func(train.Epoch) {})
	if err != nil {
		return nil, err
	}
	return result.Artifact, nil
})

func open(t *testing.T) *model.Model {
	t.Helper()
	a, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	return newModel(t, a)
}

func newModel(t *testing.T, a *model.Artifact) *model.Model {
	t.Helper()
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A window forgets what is older than it is long.
func TestWindows(t *testing.T) {
	m := open(t)
	start := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	w := monitor.New(m, start)
	answer := m.Classify("stir the soup", nil, nil)
	for minute := range 3 * 24 * 60 { // a text every minute of three days
		now := start.Add(time.Duration(minute) * time.Minute)
		w.Tick(now)
		w.Predicted("stir the soup", answer)
	}
	now := start.Add(3*24*time.Hour - time.Second)
	for i, want := range []struct{ least, most uint64 }{{60, 65}, {24 * 60, 25 * 60}} {
		r := w.Readings(now)[i]
		if n := r.Counts.Texts(); n < want.least || n > want.most {
			t.Errorf("%s: got %d texts, want %d to %d", r.Window, n, want.least, want.most)
		}
		if n := r.Counts.Sampled; n != r.Counts.Texts() {
			t.Errorf("%s: %d texts are sampled, want all: they are few", r.Window, n)
		}
		if age := now.Sub(r.Since); age < r.Window || age > r.Window+r.Window/12 {
			t.Errorf("%s: begins %s ago", r.Window, age)
		}
	}
	// Two days later, without a text.
	later := now.Add(48 * time.Hour)
	w.Tick(later)
	for _, r := range w.Readings(later.Add(25 * time.Hour)) {
		if r.Counts.Texts() != 0 {
			t.Errorf("%s: got %d texts after days without any", r.Window, r.Counts.Texts())
		}
	}
}

// Many goroutines count, and nothing is lost.
func TestPredictedConcurrently(t *testing.T) {
	m := open(t)
	w := monitor.New(m, time.Now())
	answer := m.Classify("stir the soup", nil, nil)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 1000 {
				w.Predicted("stir the soup", answer)
			}
		})
	}
	wait.Wait()
	c := w.Counts()
	if c.Texts() != 8000 {
		t.Errorf("got %d texts, want 8000", c.Texts())
	}
	if most := uint64(64 + 8000/256 + 1); c.Sampled == 0 || c.Sampled > most {
		t.Errorf("%d are sampled, want some, and at most %d", c.Sampled, most)
	}
}

// A baseline is read as it was written, and one that is wrong is refused.
func TestBaseline(t *testing.T) {
	m := open(t)
	b, err := monitor.Of(m)
	if err != nil {
		t.Fatal(err)
	}
	if b.From != "out of 3 folds" || b.Texts != 60 {
		t.Errorf("got %d texts from %q, want 60 out of 3 folds", b.Texts, b.From)
	}
	if accuracy := b.Accuracy(); !(accuracy > .5) {
		t.Errorf("accuracy: got %v", accuracy)
	}
	o, err := b.Object()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(o.JSON()), string(m.Baseline().JSON())); diff != "" {
		t.Error(diff)
	}
	for name, change := range map[string]func(b *monitor.Baseline){
		"other classes":      func(b *monitor.Baseline) { b.Classes = []string{"x", "y"} },
		"no texts":           func(b *monitor.Baseline) { b.Texts = 0 },
		"a bin less":         func(b *monitor.Baseline) { b.Confidence = b.Confidence[1:] },
		"another sum":        func(b *monitor.Baseline) { b.Length = make([]uint64, 10) },
		"more unknown":       func(b *monitor.Baseline) { b.Unknown = b.NGrams + 1 },
		"more right":         func(b *monitor.Baseline) { b.Calibration = []monitor.Bin{9: {Texts: 1, Right: 2}} },
		"too sure":           func(b *monitor.Baseline) { b.Calibration = []monitor.Bin{9: {Texts: 1, Confidence: 2}} },
		"a short histogram":  func(b *monitor.Baseline) { b.Calibration = b.Calibration[:3] },
		"a sum that wraps":   func(b *monitor.Baseline) { b.Class = []uint64{math.MaxUint64, 61} },
		"classes with holes": func(b *monitor.Baseline) { b.Class = b.Class[:1] },
	} {
		wrong := *b
		change(&wrong)
		o, err := wrong.Object()
		if err != nil {
			t.Fatal(err)
		}
		a, err := trained()
		if err != nil {
			t.Fatal(err)
		}
		changed := *a
		changed.Baseline = o
		if _, err := monitor.Of(newModel(t, &changed)); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}

// The expected accuracy of the texts of the baseline itself is near its accuracy, and it
// falls with the confidence.
func TestExpectedAccuracy(t *testing.T) {
	b := &monitor.Baseline{Calibration: make([]monitor.Bin, 10)}
	var confidence, less [10]uint64
	for i := range 10 {
		b.Calibration[i] = monitor.Bin{Texts: 1000, Confidence: 1000 * (float64(i) + .5) / 10, Right: uint64(80 * i)}
		confidence[i] = 1000
	}
	if got, want := b.ExpectedAccuracy(confidence[:]), b.Accuracy(); math.Abs(got-want) > .005 {
		t.Errorf("of its own texts: got %v, want %v", got, want)
	}
	less[2] = 5
	if got, want := b.ExpectedAccuracy(less[:]), .16; math.Abs(got-want) > .005 {
		t.Errorf("of unsure texts: got %v, want %v", got, want)
	}
	if got := b.ExpectedAccuracy(make([]uint64, 10)); !math.IsNaN(got) {
		t.Errorf("of no texts: got %v", got)
	}
	if got := (&monitor.Baseline{}).ExpectedAccuracy(confidence[:]); !math.IsNaN(got) {
		t.Errorf("without labels: got %v", got)
	}
}
