package registry_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/golden"
	"tagifai/internal/logtest"
	"tagifai/internal/registry"
	"tagifai/internal/store"
	"tagifai/model"
	"tagifai/model/vocabulary"
)

// small returns an artifact that is quick to load. A bias in favour of one class tells
// its predictions from those of others.
func small(t testing.TB, runID string, bias float64) *model.Artifact {
	t.Helper()
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	const few = 200
	w := a.Weights
	block := &w.Blocks[0]
	var coefficients []float64
	for row := range w.Rows() {
		coefficients = append(coefficients, w.Coefficients[row*w.Features():][:few]...)
	}
	block.NGrams, block.IDF, w.Coefficients = vocabulary.New(block.NGrams.Strings()[:few]...), block.IDF[:few], coefficients
	w.Blocks = w.Blocks[:1]
	w.Intercepts[0] += bias
	a.RunID, a.Changed = runID, nil
	return a
}

// A disk is a store of a test, to which versions are added as from another process.
type disk struct {
	*store.Store
	dir string
}

func newDisk(t testing.TB) *disk {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return &disk{s, dir}
}

// add adds a version whose run is NAME-NUMBER.
func (d *disk) add(t testing.TB, name string) int {
	t.Helper()
	numbers, _ := d.Numbers(name)
	number := len(numbers) + 1
	a := small(t, fmt.Sprintf("%s-%d", name, number), float64(number))
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	predictions, err := golden.Make(m, []string{"Object detection", "Text"}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "run")
	if err := a.Write(source, map[string][]byte{golden.File: predictions}); err != nil {
		t.Fatal(err)
	}
	return d.addDir(t, name, source)
}

func (d *disk) addDir(t testing.TB, name, source string) int {
	t.Helper()
	number, err := d.Add(t.Context(), name, source, store.Origin{Source: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func (d *disk) move(t testing.TB, name, alias string, number int) {
	t.Helper()
	if _, err := d.Move(t.Context(), name, alias, number, "a test"); err != nil {
		t.Fatal(err)
	}
}

// file returns the path of a file of a version.
func (d *disk) file(name string, number int, file string) string {
	return filepath.Join(d.VersionDir(name, number), file)
}

// fill makes a model with n versions, of which the first is stable.
func (d *disk) fill(t testing.TB, name string, n int) {
	t.Helper()
	for range n {
		d.add(t, name)
	}
	d.move(t, name, store.Stable, 1)
}

// newService returns a registry of the store that has not begun.
func (d *disk) newService(change func(*registry.Options)) *service {
	s := &service{log: new(logtest.Log), metrics: prometheus.NewRegistry()}
	o := registry.Options{
		Source:  config.Source{Models: d.dir, LoadTimeout: time.Minute, MaxModelsBytes: 1 << 30, MaxUploadBytes: 1 << 20},
		Log:     zerolog.New(s.log),
		Metrics: s.metrics,
	}
	if change != nil {
		change(&o)
	}
	s.Registry = registry.New(o)
	return s
}

// serve returns a registry that serves the store, and follows it until the test ends.
func (d *disk) serve(t testing.TB, change func(*registry.Options)) *service {
	t.Helper()
	s := d.newService(change)
	ctx, cancel := context.WithCancel(context.Background())
	if err := s.Start(ctx); err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Follow(ctx, nil)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return s
}

// ask returns the run that a request gets, or the error.
func (s *service) ask(ref registry.Ref) string {
	v, err := s.Get(context.Background(), ref)
	if err != nil {
		return err.Error()
	}
	defer v.Release()
	return v.RunID()
}

// eventually waits for some seconds until a function returns what is wanted.
func eventually[T comparable](t testing.TB, what string, want T, got func() T) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for got() != want {
		if time.Now().After(deadline) {
			t.Fatalf("%s: got %v, want %v", what, got(), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// overview returns the states of the versions of a model and why it is behind.
func (s *service) overview(t testing.TB, name string) (states, behind string) {
	t.Helper()
	o, err := s.Model(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range o.Versions {
		states += fmt.Sprintf("%d %s %s\n", v.Number, v.State, v.Reason)
	}
	return states, o.Behind
}

func damage(t testing.TB, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

// write replaces a file whole, as an editor does.
func write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}
