package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/registry"
	"tagifai/internal/store"
	"tagifai/model"
)

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
