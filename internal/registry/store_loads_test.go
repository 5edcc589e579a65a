package registry_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tagifai/internal/registry"
	"tagifai/internal/store"
	"tagifai/model"
	"tagifai/model/linear"
)

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
		Read: func(fs.FS, []string) (*linear.Weights, error) {
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

// addGated adds a version of the format.
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
