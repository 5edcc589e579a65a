package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/golden"
	"tagifai/internal/registry"
	"tagifai/internal/store"
	"tagifai/model"
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
	block.NGrams, block.IDF, w.Coefficients = block.NGrams[:few], block.IDF[:few], coefficients
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
	s := &service{log: new(recorder), metrics: prometheus.NewRegistry()}
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

func TestStore(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "tagger", 3)
	d.move(t, "tagger", "next", 2)
	d.fill(t, "other", 1)
	s := d.serve(t, func(o *registry.Options) { o.DefaultModel = "tagger" })
	tests := []struct {
		name string
		ref  registry.Ref
		want string
	}{
		{"default", registry.Ref{}, "tagger-1"},
		{"model", registry.Ref{Model: "tagger"}, "tagger-1"},
		{"alias", registry.Ref{Model: "tagger", Alias: "next"}, "tagger-2"},
		{"version with an alias", registry.Ref{Model: "tagger", Version: "2"}, "tagger-2"},
		{"version without an alias", registry.Ref{Model: "tagger", Version: "3"}, "tagger-3"},
		{"alias in place of a version", registry.Ref{Model: "tagger", Version: "next"}, "tagger-2"},
		{"version in place of an alias", registry.Ref{Model: "tagger", Alias: "3"}, "tagger-3"},
		{"another model", registry.Ref{Model: "other"}, "other-1"},
		{"no such model", registry.Ref{Model: "spam"}, `there is no model "spam"; there are other, tagger`},
		{"no name of a model", registry.Ref{Model: "../tagger"}, `"../tagger" cannot be the name of a model: want 1 to 63 of a-z, 0-9, '.', '_' and '-', the first of them a letter or a digit`},
		{"no such version", registry.Ref{Model: "tagger", Version: "7"}, `model "tagger" has no version 7; there are 1, 2, 3`},
		{"no such alias", registry.Ref{Model: "tagger", Alias: "last"}, `model "tagger" has no alias "last"; there is next, stable`},
		{"neither", registry.Ref{Model: "tagger", Version: "-1"}, `model "tagger" has no alias "-1"; there is next, stable`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(s.ask(test.ref), test.want); diff != "" {
				t.Error(diff)
			}
			_, err := s.Get(t.Context(), test.ref)
			if _, missing := errors.AsType[*registry.NotFoundError](err); missing != strings.Contains(test.want, " ") {
				t.Errorf("got the error %v", err)
			}
		})
	}
}

// The start loads what answers requests without a name, and no other model.
func TestStoreStart(t *testing.T) {
	tests := []struct {
		name   string
		fill   func(*testing.T, *disk)
		change func(*config.Source)
		want   string // of the error
	}{
		{"one model", func(t *testing.T, d *disk) { d.fill(t, "a", 2) }, nil, ""},
		{"no model", nil, nil, "there is no model in it; add one, or start with allow-empty"},
		{"no model, and none needed", nil, func(s *config.Source) { s.AllowEmpty = true }, ""},
		{"two models", func(t *testing.T, d *disk) { d.fill(t, "a", 1); d.fill(t, "b", 1) }, nil, "there are 2 models, a, b; name one of them as default-model"},
		{"no such model", func(t *testing.T, d *disk) { d.fill(t, "a", 1) }, func(s *config.Source) { s.DefaultModel = "b" }, `there is no model "b"; there is a`},
		{"no stable", func(t *testing.T, d *disk) { d.add(t, "a") }, nil, `model "a" has no alias "stable"; there are none; tagifai models alias a stable VERSION sets it, and allow-empty starts without it`},
		{"no stable, and none needed", func(t *testing.T, d *disk) { d.add(t, "a") }, func(s *config.Source) { s.AllowEmpty = true }, ""},
		{"a damaged stable", func(t *testing.T, d *disk) { d.fill(t, "a", 1); damage(t, d.file("a", 1, model.WeightsFile)) }, nil, "has the SHA-256"},
		{"no store", func(t *testing.T, d *disk) { d.dir += "/absent" }, nil, "no such file or directory"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDisk(t)
			if test.fill != nil {
				test.fill(t, d)
			}
			s := d.newService(func(o *registry.Options) {
				if test.change != nil {
					test.change(&o.Source)
				}
			})
			err := s.Start(t.Context())
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// A store that is empty at the start is served as soon as it is not.
func TestStoreEmpty(t *testing.T) {
	d := newDisk(t)
	s := d.serve(t, func(o *registry.Options) { o.AllowEmpty = true })
	if err := s.Ready(t.Context()); !errors.Is(err, registry.ErrNotReady) {
		t.Errorf("got %v, want %v", err, registry.ErrNotReady)
	}
	if models, _, err := s.Models(t.Context(), "", 10, func(string) bool { return true }); err != nil || len(models) != 0 {
		t.Errorf("got %v, %v", models, err)
	}
	d.fill(t, "a", 1)
	eventually(t, "once there is a model", "a-1", func() string { return s.ask(registry.Ref{}) })
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// A move is noticed at once where changes are notified.
func TestStoreNotified(t *testing.T) {
	registry.DoNotPoll(t)
	d := newDisk(t)
	d.fill(t, "a", 2)
	s := d.serve(t, nil)
	for i := range 20 {
		number := 2 - i%2
		d.move(t, "a", store.Stable, number)
		eventually(t, "after a move", fmt.Sprint("a-", number), func() string { return s.ask(registry.Ref{}) })
	}
}

// Every registry of a store follows a move, and none of their requests waits for it.
func TestStoreFollows(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 2)
	replicas := []*service{d.serve(t, nil), d.serve(t, nil)}
	for i := range 6 {
		number := 2 - i%2
		d.move(t, "a", store.Stable, number)
		moved := time.Now()
		for _, s := range replicas {
			eventually(t, "after a move", fmt.Sprint("a-", number), func() string { return s.ask(registry.Ref{}) })
		}
		if took := time.Since(moved); took > time.Second {
			t.Errorf("move %d was followed after %v", i, took)
		}
	}
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

// What is wrong in a store never changes what is served, is told, and is made up for once
// it is right.
func TestStoreBad(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(*testing.T, *disk) // version 2
		reason string
	}{
		{"damaged", func(t *testing.T, d *disk) { damage(t, d.file("a", 2, model.WeightsFile)) }, "model.safetensors: has the SHA-256"},
		{"truncated", func(t *testing.T, d *disk) {
			if err := os.Truncate(d.file("a", 2, model.WeightsFile), 100); err != nil {
				t.Fatal(err)
			}
		}, "model.safetensors: has 100 bytes, not "},
		{"a file is missing", func(t *testing.T, d *disk) { remove(t, d.file("a", 2, model.ArgsFile)) }, "args.json: is missing"},
		{"a file too many", func(t *testing.T, d *disk) { write(t, d.file("a", 2, "more"), "") }, "more: is there, unlike in manifest.json"},
		{"no manifest", func(t *testing.T, d *disk) { remove(t, d.file("a", 2, store.ManifestFile)) }, "run: tagifai models adopt a 2"},
		{"a manifest that is not JSON", func(t *testing.T, d *disk) { write(t, d.file("a", 2, store.ManifestFile), "{") }, "manifest.json: "},
		{"a FIFO", func(t *testing.T, d *disk) {
			remove(t, d.file("a", 2, model.ArgsFile))
			if err := syscall.Mkfifo(d.file("a", 2, model.ArgsFile), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "args.json is a FIFO"},
		{"wrong golden predictions", func(t *testing.T, d *disk) {
			remove(t, d.file("a", 2, store.ManifestFile))
			write(t, d.file("a", 2, golden.File), `{"texts":["Object detection"],"probabilities":[[0.25,0.25,0.25,0.25]]}`)
			if err := d.Adopt(t.Context(), "a", 2, store.Origin{}); err != nil {
				t.Fatal(err)
			}
		}, `text 0, "Object detection": probability of "computer-vision": expected 0.25, got `},
		{"deleted", func(t *testing.T, d *disk) {
			if err := os.RemoveAll(d.VersionDir("a", 2)); err != nil {
				t.Fatal(err)
			}
		}, `model "a" has no version 2; there is 1`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDisk(t)
			d.fill(t, "a", 2)
			backup := filepath.Join(t.TempDir(), "backup")
			if err := os.CopyFS(backup, os.DirFS(d.VersionDir("a", 2))); err != nil {
				t.Fatal(err)
			}
			test.spoil(t, d)
			s := d.serve(t, nil)
			write(t, d.AliasesFile("a"), `{"aliases":{"stable":2}}`) // as by hand, without a check
			eventually(t, "behind", true, func() bool { _, behind := s.overview(t, "a"); return behind != "" })
			states, behind := s.overview(t, "a")
			if want := "stable should be version 2: "; !strings.HasPrefix(behind, want) || !strings.Contains(behind, test.reason) {
				t.Errorf("got behind %s, want %s and %s", behind, want, test.reason)
			}
			if !strings.Contains(states, "1 loaded \n") {
				t.Errorf("got the states %s", states)
			}
			if test.name != "deleted" && (!strings.Contains(states, "2 failed") || !strings.Contains(states, test.reason)) {
				t.Errorf("got the states %s, want %s", states, test.reason)
			}
			if got := s.ask(registry.Ref{}); got != "a-1" {
				t.Errorf("stable is %s", got)
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Error(err)
			}
			_, err := s.Get(t.Context(), registry.Ref{Model: "a", Version: "2"})
			unavailable, ok := errors.AsType[*registry.UnavailableError](err)
			if test.name != "deleted" && (!ok || unavailable.Error() != `version 2 of "a" cannot be served; GET /models/a says why`) {
				t.Errorf("got the error %v", err)
			}
			eventually(t, "metric", 1, func() float64 { return s.metric(t, "tagifai_model_behind", "model=a") })
			if !strings.Contains(s.log.String(), "what could not be loaded is served as before") {
				t.Errorf("the log does not say it: %s", s.log)
			}

			if err := os.RemoveAll(d.VersionDir("a", 2)); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(d.VersionDir("a", 2), os.DirFS(backup)); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Reload(t.Context(), "a test"); err != nil {
				t.Error(err)
			}
			if got := s.ask(registry.Ref{}); got != "a-2" {
				t.Errorf("after the repair stable is %s", got)
			}
			if _, behind := s.overview(t, "a"); behind != "" {
				t.Errorf("after the repair: %s", behind)
			}
			if got := s.metric(t, "tagifai_model_behind", "model=a"); got != 0 {
				t.Errorf("after the repair: the metric is %v", got)
			}
		})
	}
}

// A failed load is tried again without being asked.
func TestStoreRetries(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 2)
	s := d.serve(t, nil)
	extra := d.file("a", 2, "extra")
	write(t, extra, "")
	write(t, d.AliasesFile("a"), `{"aliases":{"stable":2}}`)
	eventually(t, "behind", true, func() bool { _, behind := s.overview(t, "a"); return behind != "" })
	remove(t, extra)
	eventually(t, "stable", "a-2", func() string { return s.ask(registry.Ref{}) })
}

// Aliases that cannot be read leave everything as it was.
func TestStoreBadAliases(t *testing.T) {
	tests := []struct{ name, content, reason string }{
		{"no JSON", "{", "aliases.json: "},
		{"an unknown key", `{"aliases":{"stable":2},"more":1}`, "more"},
		{"no stable", `{"aliases":{"next":2}}`, "the aliases have no stable"},
		{"no file", "", "the aliases have no stable"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDisk(t)
			d.fill(t, "a", 2)
			s := d.serve(t, nil)
			if test.content == "" {
				remove(t, d.AliasesFile("a"))
			} else {
				write(t, d.AliasesFile("a"), test.content)
			}
			eventually(t, "behind", true, func() bool {
				_, behind := s.overview(t, "a")
				return strings.Contains(behind, test.reason)
			})
			if got := s.ask(registry.Ref{}); got != "a-1" {
				t.Errorf("stable is %s", got)
			}
			d2 := `{"aliases":{"stable":2}}`
			write(t, d.AliasesFile("a"), d2)
			eventually(t, "stable", "a-2", func() string { return s.ask(registry.Ref{}) })
			if _, behind := s.overview(t, "a"); behind != "" {
				t.Errorf("after the repair: %s", behind)
			}
		})
	}
}

// A version that is deleted while it is served is served on.
func TestStoreDeleted(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 2)
	s := d.serve(t, nil)
	if err := os.RemoveAll(filepath.Join(d.dir, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(t.Context(), "a test"); err == nil {
		t.Error("a reload without the model succeeded")
	}
	if got := s.ask(registry.Ref{}); got != "a-1" {
		t.Errorf("stable is %s", got)
	}
	eventually(t, "metric", 1, func() float64 { return s.metric(t, "tagifai_model_behind", "model=a") })
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

// A gated format is one whose loads can be counted and held up.
type gated struct {
	mu    sync.Mutex
	held  chan struct{} // nil lets loads pass
	reads atomic.Int64
}

func (g *gated) format(t testing.TB) model.Format {
	return model.Format{
		Name: "gated", Sought: "gated",
		Find: func(fsys fs.FS) (string, error) { return model.FindFile(fsys, "gated") },
		Read: func(fs.FS, []string) (*model.Weights, error) {
			g.reads.Add(1)
			g.mu.Lock()
			held := g.held
			g.mu.Unlock()
			if held != nil {
				<-held
			}
			return small(t, "", 0).Weights, nil
		},
	}
}

func (g *gated) hold(t testing.TB) (letGo func()) {
	held := make(chan struct{})
	g.mu.Lock()
	g.held = held
	g.mu.Unlock()
	letGo = sync.OnceFunc(func() {
		g.mu.Lock()
		g.held = nil
		g.mu.Unlock()
		close(held)
	})
	t.Cleanup(letGo)
	return letGo
}

func (d *disk) addGated(t testing.TB, name string) int {
	t.Helper()
	source := t.TempDir()
	write(t, filepath.Join(source, "gated"), "")
	return d.addDir(t, name, source)
}

// One load serves all who ask, whoever of them gives up, and keeps no other waiting.
func TestStoreOneLoad(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 1)
	for range 5 {
		d.addGated(t, "a")
	}
	g := new(gated)
	letGo := g.hold(t)
	s := d.serve(t, func(o *registry.Options) { o.Formats = []model.Format{g.format(t)} })
	var asking sync.WaitGroup
	for i := range 20 {
		asking.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			if i%2 == 0 {
				time.AfterFunc(10*time.Millisecond, cancel)
			}
			defer cancel()
			v, err := s.Get(ctx, registry.Ref{Model: "a", Version: "2"})
			if i%2 == 0 {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("who gave up got %v", err)
				}
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			v.Release()
		})
	}
	for number := 3; number <= 5; number++ { // these hang as well
		asking.Go(func() {
			if v, err := s.Get(context.Background(), registry.Ref{Model: "a", Version: strconv.Itoa(number)}); err != nil {
				t.Error(err)
			} else {
				v.Release()
			}
		})
	}
	if got := s.ask(registry.Ref{}); got != "a-1" {
		t.Errorf("got %s", got)
	}
	d.add(t, "a") // version 7 is no gated one
	if got := s.ask(registry.Ref{Model: "a", Version: "7"}); got != "a-7" {
		t.Errorf("behind hanging loads: got %s", got)
	}
	time.Sleep(20 * time.Millisecond)
	letGo()
	asking.Wait()
	if got := g.reads.Load(); got != 4 {
		t.Errorf("%d loads of four versions", got)
	}
}

// Who waits for a load that hangs gets an error at the deadline, and who comes later at
// once.
func TestStoreHangs(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 1)
	d.addGated(t, "a")
	g := new(gated)
	letGo := g.hold(t)
	s := d.serve(t, func(o *registry.Options) {
		o.Formats = []model.Format{g.format(t)}
		o.LoadTimeout = 300 * time.Millisecond
	})
	ref := registry.Ref{Model: "a", Version: "2"}
	for range 3 {
		_, err := s.Get(t.Context(), ref)
		if unavailable, ok := errors.AsType[*registry.UnavailableError](err); !ok {
			t.Errorf("got %v", err)
		} else if got := errors.Unwrap(unavailable).Error(); !strings.Contains(got, "not loaded within 300ms") {
			t.Errorf("the reason is %s", got)
		}
	}
	if states, _ := s.overview(t, "a"); !strings.Contains(states, "2 failed version 2 of \"a\": not loaded within 300ms") {
		t.Errorf("got the states %s", states)
	}
	if got := g.reads.Load(); got != 1 {
		t.Errorf("%d loads", got)
	}
	letGo()
	eventually(t, "in the end", "", func() string { return s.ask(ref) }) // its run has no name
}

// What was used longest ago makes room, and nothing that is in use or has a name.
func TestStoreRoom(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 5)
	m, err := model.New(small(t, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	one := int64(m.Size()) + 100 // its arguments may be longer
	s := d.serve(t, func(o *registry.Options) { o.MaxModelsBytes = 3 * one })
	loaded := func() (numbers string) {
		states, _ := s.overview(t, "a")
		for line := range strings.Lines(states) {
			if number, rest, _ := strings.Cut(line, " "); strings.HasPrefix(rest, "loaded") {
				numbers += number
			}
		}
		return numbers
	}
	get := func(number string) *registry.Version {
		t.Helper()
		v, err := s.Get(t.Context(), registry.Ref{Model: "a", Version: number})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	get("2").Release()
	three := get("3")
	eventually(t, "three fit", "123", loaded)
	get("4").Release()
	eventually(t, "the oldest goes", "134", loaded)
	three.Release()
	three = get("3")
	five := get("5")
	eventually(t, "what is in use stays", "135", loaded)
	four := get("4")
	eventually(t, "more than fits, all of it in use", "1345", loaded)
	if got := s.metric(t, "tagifai_model_bytes", "model=a", "version=2"); got != -1 {
		t.Errorf("the metric of what was unloaded is still there: %v", got)
	}
	five.Release()
	eventually(t, "what is released goes", "134", loaded)
	three.Release()
	four.Release()
	d.move(t, "a", store.Stable, 4)
	eventually(t, "stable", "a-4", func() string { return s.ask(registry.Ref{}) })
	get("2").Release()
	eventually(t, "what has lost its name may go", false, func() bool { return strings.Contains(loaded(), "1") && strings.Contains(loaded(), "3") })
	if !strings.Contains(loaded(), "4") {
		t.Errorf("stable was unloaded: %s", loaded())
	}
}

// Many models that were asked for once do not fill the memory: they rest, and are back
// when they are asked for.
func TestStoreRest(t *testing.T) {
	d := newDisk(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		d.fill(t, name, 1)
	}
	m, err := model.New(small(t, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	s := d.serve(t, func(o *registry.Options) {
		o.DefaultModel = "a"
		o.MaxModelsBytes = 2 * (int64(m.Size()) + 100)
	})
	for range 2 {
		for _, name := range []string{"b", "c", "d"} {
			if got := s.ask(registry.Ref{Model: name}); got != name+"-1" {
				t.Errorf("got %s", got)
			}
		}
	}
	eventually(t, "loaded", 2, func() (n int) {
		for _, name := range []string{"a", "b", "c", "d"} {
			if states, _ := s.overview(t, name); strings.Contains(states, "loaded") {
				n++
			}
		}
		return n
	})
	if got := s.ask(registry.Ref{}); got != "a-1" {
		t.Errorf("got %s", got)
	}
	d.add(t, "b")
	d.move(t, "b", store.Stable, 2)
	eventually(t, "a move while it rested", "b-2", func() string { return s.ask(registry.Ref{Model: "b"}) })
}
