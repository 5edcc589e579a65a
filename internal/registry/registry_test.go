package registry_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/registry"
	"tagifai/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run returns the default model as another run.
func run(t *testing.T, id string) *model.Model {
	t.Helper()
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	a.RunID = id
	if a.Args, err = a.Args.With("threshold", []byte("0.5")); err != nil {
		t.Fatal(err)
	}
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A loader loads what it is told to.
type loader struct {
	mu   sync.Mutex
	open func() (*model.Model, error)
}

// load is what the registry calls.
func (l *loader) load() (*model.Model, error) {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	return open()
}

func (l *loader) set(open func() (*model.Model, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = open
}

// returns is a load that ends soon.
func returns(m *model.Model, err error) func() (*model.Model, error) {
	return func() (*model.Model, error) {
		time.Sleep(time.Millisecond)
		return m, err
	}
}

// hangs returns a load that hangs until the test ends, or until it is let go, and then
// returns m.
func hangs(t *testing.T, m *model.Model) (open func() (*model.Model, error), letGo func()) {
	end := make(chan struct{})
	letGo = sync.OnceFunc(func() { close(end) })
	t.Cleanup(letGo)
	return func() (*model.Model, error) { <-end; return m, nil }, letGo
}

// A service is a registry of a test, and what it tells.
type service struct {
	*registry.Registry
	*loader
	log     *logtest.Log
	metrics *prometheus.Registry
}

// newService returns a registry that has not begun.
func newService(open func() (*model.Model, error), source config.Source) *service {
	s := &service{loader: &loader{open: open}, log: new(logtest.Log), metrics: prometheus.NewRegistry()}
	s.Registry = registry.New(registry.Options{Source: source, Open: s.load, Log: zerolog.New(s.log), Metrics: s.metrics})
	return s
}

// inBubble runs a subtest with a clock that moves only while all of it waits.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// start returns a registry that serves what open loads.
func start(t *testing.T, open func() (*model.Model, error), source config.Source) *service {
	t.Helper()
	s := newService(open, source)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// within is a source with a load deadline.
func within(d time.Duration) config.Source { return config.Source{LoadTimeout: d} }

// served returns the run that a request would get.
func (s *service) served(t *testing.T) string {
	t.Helper()
	v, err := s.Get(t.Context(), registry.Ref{})
	if err != nil {
		t.Fatal(err)
	}
	return v.RunID()
}

// metric returns the value of a gauge or counter with these labels.
func (s *service) metric(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var got []string
			for _, label := range m.GetLabel() {
				got = append(got, label.GetName()+"="+label.GetValue())
			}
			if family.GetName() == name && cmp.Equal(got, labels) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

func TestGet(t *testing.T) {
	s := newService(returns(run(t, "first"), nil), within(time.Minute))
	if _, err := s.Get(t.Context(), registry.Ref{}); !errors.Is(err, registry.ErrNotReady) {
		t.Errorf("before the start: got %v, want %v", err, registry.ErrNotReady)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, registry.ErrNotReady) {
		t.Errorf("before the start: got %v, want %v", err, registry.ErrNotReady)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("after the start: got %v", err)
	}
	tests := []struct {
		name string
		ref  registry.Ref
		want string // of the error
	}{
		{"default", registry.Ref{}, ""},
		{"model", registry.Ref{Model: "default"}, ""},
		{"version", registry.Ref{Model: "default", Version: "1"}, ""},
		{"alias", registry.Ref{Model: "default", Alias: "stable"}, ""},
		{"no such model", registry.Ref{Model: "spam"}, `there is no model "spam"; there is default`},
		{"no such version", registry.Ref{Version: "2"}, `model "default" has no version "2"; there is 1`},
		{"no such alias", registry.Ref{Model: "default", Alias: "next"}, `model "default" has no alias "next"; there is stable`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := s.Get(t.Context(), test.ref)
			got := ""
			if missing, ok := errors.AsType[*registry.NotFoundError](err); ok {
				got = missing.Error()
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
			if err == nil && (v.RunID() != "first" || v.Name != "default" || v.Number != 1) {
				t.Errorf("got run %s, version %d of %s", v.RunID(), v.Number, v.Name)
			}
		})
	}
}

// What becomes of a load, at the start and in a reload.
func TestLoad(t *testing.T) {
	damaged := errors.New("model.safetensors: checksum: the file is damaged")
	tests := []struct {
		name string
		open func() (*model.Model, error)
		want string // in the error
	}{
		{"error", returns(nil, damaged), damaged.Error()},
		{"panic", func() (*model.Model, error) { panic("out of range") }, "out of range"},
		{"hang", nil, "the embedded model: not loaded within 20ms; see whether its storage answers, or raise load-timeout"},
	}
	for _, test := range tests {
		inBubble(t, test.name, func(t *testing.T) {
			if test.open == nil {
				test.open, _ = hangs(t, nil)
			}
			source := within(20 * time.Millisecond)
			s := newService(test.open, source)
			if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("start: got %v, want %s", err, test.want)
			}
			if s.log.String() != "" {
				t.Errorf("start: an error is returned, and logged as well: %s", s.log)
			}

			s = newService(returns(run(t, "first"), nil), source)
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.set(test.open)
			_, err := s.Reload(t.Context(), "a test")
			if refused, ok := errors.AsType[*registry.RefusedError](err); !ok || !strings.Contains(refused.Error(), test.want) {
				t.Errorf("reload: got %v, want %s", err, test.want)
			}
			if diff := cmp.Diff(s.served(t), "first"); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(s.log.String(), `"level":"error","why":"a test"`) {
				t.Errorf("the log does not say that it was refused: %s", s.log)
			}
			if got := s.metric(t, "tagifai_model_last_reload_success"); got != 0 {
				t.Errorf("last reload: got %v, want 0", got)
			}

			s.set(returns(run(t, "second"), nil))
			v, err := s.Reload(t.Context(), "a test")
			if err != nil || v.RunID() != "second" || v.Took <= 0 || time.Since(v.Loaded) > time.Minute {
				t.Fatalf("afterwards: got %+v, %v", v, err)
			}
			if diff := cmp.Diff(s.served(t), "second"); diff != "" {
				t.Error(diff)
			}
			for outcome, want := range map[string]float64{"success": 1, "failure": 1} {
				if got := s.metric(t, "tagifai_model_reloads_total", "outcome="+outcome); got != want {
					t.Errorf("reloads with %s: got %v, want %v", outcome, got, want)
				}
			}
			for id, want := range map[string]float64{"first": -1, "second": 1} {
				if got := s.metric(t, "tagifai_model_info", "classes=4", "format=tagifai", "model=default", "ngrams="+strconv.Itoa(run(t, id).NGrams()), "run_id="+id, "version=1"); got != want {
					t.Errorf("info of the %s: got %v, want %v", id, got, want)
				}
			}
			if got := s.metric(t, "tagifai_model_load_seconds", "model=default", "version=1"); got <= 0 {
				t.Errorf("load time: got %v", got)
			}
			if got := s.metric(t, "tagifai_model_last_reload_timestamp_seconds"); got <= 0 {
				t.Errorf("time of the last reload: got %v", got)
			}
		})
	}
}

// Loads that hang do not pile up, and what comes of them later is not served.
func TestHangingLoads(t *testing.T) { synctest.Test(t, hangingLoads) }

func hangingLoads(t *testing.T) {
	s := start(t, returns(run(t, "first"), nil), within(20*time.Millisecond))
	hang, letGo := hangs(t, run(t, "late"))
	s.set(hang)
	const most = 3
	for i := range most + 2 {
		want := "not loaded within 20ms"
		if i >= most {
			want = "3 earlier loads still hang"
		}
		if _, err := s.Reload(t.Context(), "a test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("reload %d: got %v, want %s", i+1, err, want)
		}
	}
	letGo()
	s.set(returns(run(t, "second"), nil))
	synctest.Wait() // until those have ended
	if _, err := s.Reload(t.Context(), "a test"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(s.served(t), "second"); diff != "" {
		t.Error(diff)
	}
}

// Who waits for a load that hangs can stop to wait, at the start and later.
func TestCancel(t *testing.T) {
	hang, _ := hangs(t, nil)
	tests := []struct {
		name string
		call func(*service, context.Context) error
	}{
		{"start", func(s *service, ctx context.Context) error { return s.Start(ctx) }},
		{"reload", func(s *service, ctx context.Context) error { _, err := s.Reload(ctx, "a test"); return err }},
		{"reload that waits for its turn", func(s *service, ctx context.Context) error {
			other, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { _, err := s.Reload(other, "another"); ended <- err }()
			defer func() { cancel(); <-ended }()
			_, err := s.Reload(ctx, "a test")
			return err
		}},
		{"follow", func(s *service, ctx context.Context) error {
			hangups := make(chan os.Signal, 1)
			hangups <- os.Interrupt // any will do
			s.Follow(ctx, hangups)
			return ctx.Err()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newService(hang, within(time.Hour))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if err := test.call(s, ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if s.log.String() != "" {
				t.Errorf("it says nothing about the model, but is logged: %s", s.log)
			}
		})
	}
}

// What asks for reloads is followed until the end.
func TestFollow(t *testing.T) {
	s := start(t, returns(run(t, "first"), nil), within(time.Minute))
	s.set(returns(run(t, "second"), nil))
	ctx, cancel := context.WithCancel(t.Context())
	hangups, ended := make(chan os.Signal), make(chan struct{})
	go func() { defer close(ended); s.Follow(ctx, hangups) }()
	hangups <- os.Interrupt // any will do
	hangups <- os.Interrupt // is received when the first was followed
	if diff := cmp.Diff(s.served(t), "second"); diff != "" {
		t.Error(diff)
	}
	cancel()
	<-ended
}

// A version counts what it answers.
func TestPredicted(t *testing.T) {
	s := start(t, returns(run(t, "first"), nil), within(time.Minute))
	v, err := s.Get(t.Context(), registry.Ref{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"Object detection with YOLO", "Image segmentation", "qqq"} {
		v.Predicted(text, v.Classify(text, nil, nil))
	}
	for tag, want := range map[string]float64{"computer-vision": 2, "other": 1, "mlops": 0} {
		if got := s.metric(t, "tagifai_predicted_texts_total", "model=default", "tag="+tag, "version=1"); got != want {
			t.Errorf("texts of %s: got %v, want %v", tag, got, want)
		}
	}
	if got := s.metric(t, "tagifai_fallback_texts_total", "model=default", "version=1"); got != 1 {
		t.Errorf("fallbacks: got %v, want 1", got)
	}
}

// A request of a store keeps its version from being unloaded.
func BenchmarkGetOfStore(b *testing.B) {
	d := newDisk(b)
	d.fill(b, "a", 1)
	s := d.serve(b, nil)
	for name, ref := range map[string]registry.Ref{"default": {}, "version": {Model: "a", Version: "1"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v, err := s.Get(b.Context(), ref)
				if err != nil {
					b.Fatal(err)
				}
				v.Release()
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	r := registry.New(registry.Options{Source: within(time.Minute), Open: model.Default, Metrics: prometheus.NewRegistry()})
	if err := r.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Get(b.Context(), registry.Ref{}); err != nil {
			b.Fatal(err)
		}
	}
}
