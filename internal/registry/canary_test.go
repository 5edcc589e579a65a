package registry_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"tagifai/internal/registry"
	"tagifai/internal/store"
)

func TestCanary(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 2)
	s := d.serve(t, nil)
	const keys = 20_000
	chosen := func() (canary []string) {
		for i := range keys {
			key := fmt.Sprintf(`{"texts":[{"text":"%d"}]}`, i)
			if s.ask(registry.Ref{Key: []byte(key)}) == "a-2" {
				canary = append(canary, key)
			}
		}
		return canary
	}
	var before []string
	for _, percent := range []float64{0, 0.5, 5, 50, 99.5, 100} {
		if _, err := s.SetCanary(t.Context(), "a", "2", percent, "a test"); err != nil {
			t.Fatal(err)
		}
		now := chosen()
		share, want := float64(len(now))/keys, percent/100
		if deviation := math.Sqrt(want * (1 - want) / keys); math.Abs(share-want) > 5*deviation {
			t.Errorf("%v percent: got %v", percent, 100*share)
		}
		if !slices.Equal(now, chosen()) {
			t.Errorf("%v percent: equal keys got different versions", percent)
		}
		in := map[string]bool{}
		for _, key := range now {
			in[key] = true
		}
		for _, key := range before {
			if !in[key] {
				t.Fatalf("%v percent: %s lost its canary though the share grew", percent, key)
			}
		}
		before = now
	}
	for _, ref := range []registry.Ref{{}, {Version: "1", Key: []byte("x")}, {Alias: "stable", Key: []byte("x")}} {
		if got := s.ask(ref); got != "a-1" {
			t.Errorf("%v: got %s with a canary of 100 percent", ref, got)
		}
	}
	if got := s.ask(registry.Ref{Model: "a", Key: []byte("x")}); got != "a-2" {
		t.Errorf("the model by its name: got %s", got)
	}
	if _, err := s.EndCanary(t.Context(), "a", "a test"); err != nil {
		t.Fatal(err)
	}
	if got := len(chosen()); got != 0 {
		t.Errorf("without a canary: got %d", got)
	}
}

// The log says when the canary, or its share alone, changes; not when neither does.
func TestCanaryIsLogged(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 2)
	s := d.serve(t, nil)
	for _, percent := range []float64{5, 50, 50} {
		if _, err := s.SetCanary(t.Context(), "a", "2", percent, "ann"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.EndCanary(t.Context(), "a", "bob"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, `"message":"moved"`) && strings.Contains(line, "canary") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		`{"level":"info","model":"a","what":"canary","to":2,"percent":5,"by":"ann","message":"moved"}`,
		`{"level":"info","model":"a","what":"canary","from":2,"to":2,"percent":50,"by":"ann","message":"moved"}`,
		`{"level":"info","model":"a","what":"canary","from":2,"by":"bob","message":"moved"}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestShadow(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 2)
	s := d.serve(t, nil)
	stable, err := s.Get(t.Context(), registry.Ref{})
	if err != nil {
		t.Fatal(err)
	}
	defer stable.Release()
	if s.Shadowed(stable) {
		t.Error("there is no shadow yet")
	}
	if _, err := s.SetShadow(t.Context(), "a", "2", "a test"); err != nil {
		t.Fatal(err)
	}
	shadow, err := s.Get(t.Context(), registry.Ref{Version: "2"})
	if err != nil {
		t.Fatal(err)
	}
	defer shadow.Release()
	if !s.Shadowed(stable) || s.Shadowed(shadow) {
		t.Error("stable alone has a shadow")
	}
	texts := []string{"Object detection", "Text", "abandon", "a cat"}
	agreeing := 0.0
	for _, text := range texts {
		if stable.Tag(text) == shadow.Tag(text) {
			agreeing++
		}
	}
	s.Shadow(stable, slices.Values(texts))
	labels := func(more ...string) []string {
		return slices.Sorted(slices.Values(append(more, "model=a", "version=2")))
	}
	counted := func() float64 {
		return s.metric(t, "tagifai_shadow_texts_total", labels("agreement=same")...) + s.metric(t, "tagifai_shadow_texts_total", labels("agreement=different")...)
	}
	eventually(t, "texts", float64(len(texts)), counted)
	if got := s.metric(t, "tagifai_shadow_texts_total", labels("agreement=same")...); got != agreeing {
		t.Errorf("got %v of the same tag, want %v", got, agreeing)
	}
	if got := s.metric(t, "tagifai_predicted_texts_total", "model=a", "tag=computer-vision", "version=2"); got != 0 {
		t.Errorf("a shadow counts %v as predicted", got)
	}
	families, err := s.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "tagifai_shadow_distance" {
			if h := family.GetMetric()[0].GetHistogram(); h.GetSampleCount() != uint64(len(texts)) || h.GetSampleSum() <= 0 {
				t.Errorf("distance: got %v", h)
			}
		}
	}
}

// While no processor is idle, texts wait for a shadow only as far as there is room.
func TestShadowBusy(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 1)
	if _, err := d.SetShadow(t.Context(), "a", &store.Shadow{Version: 1}, "a test"); err != nil {
		t.Fatal(err)
	}
	s := d.newService(nil)
	s.SpareTime(func() bool { return false })
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := s.Get(t.Context(), registry.Ref{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "shadow", true, func() bool { return s.Shadowed(v) })
	for range 10 {
		s.Shadow(v, slices.Values([]string{strings.Repeat("a", 1<<20)}))
	}
	if got := s.metric(t, "tagifai_shadow_dropped_texts_total", "model=a", "version=1"); got != 7 {
		t.Errorf("%v of 10 texts of a megabyte are dropped, want 7: four megabytes are the limit, with the headers", got)
	}
	for range 2000 {
		s.Shadow(v, slices.Values([]string{"a"}))
	}
	if got := s.metric(t, "tagifai_shadow_dropped_texts_total", "model=a", "version=1"); got < 900 {
		t.Errorf("%v of 2,000 jobs are dropped, want those beyond 1,024", got)
	}
}

// Changes are made in the store and followed at once, or refused with a reason.
func TestChange(t *testing.T) {
	d := newDisk(t)
	d.fill(t, "a", 3)
	s := d.serve(t, nil)
	damage(t, d.file("a", 3, "args.json"))
	tests := []struct {
		name   string
		change func() (*registry.Overview, error)
		want   string // of the error
	}{
		{"a move", func() (*registry.Overview, error) { return s.Move(t.Context(), "a", "stable", "2", "me") }, ""},
		{"a move to an alias", func() (*registry.Overview, error) { return s.Move(t.Context(), "a", "next", "stable", "me") }, ""},
		{"a move to a damaged version", func() (*registry.Overview, error) { return s.Move(t.Context(), "a", "stable", "3", "me") }, `*registry.RefusedError version 3 of "a": args.json: has the SHA-256`},
		{"a move to no version", func() (*registry.Overview, error) { return s.Move(t.Context(), "a", "stable", "9", "me") }, `*registry.RefusedError model "a" has no version 9; there are 1, 2, 3`},
		{"a move of no alias", func() (*registry.Overview, error) { return s.Move(t.Context(), "a", "-", "1", "me") }, `*registry.InvalidError "-" cannot be an alias`},
		{"a move of no model", func() (*registry.Overview, error) { return s.Move(t.Context(), "b", "stable", "1", "me") }, `*registry.NotFoundError there is no model "b"; there is a`},
		{"a share that cannot be", func() (*registry.Overview, error) { return s.SetCanary(t.Context(), "a", "1", 101, "me") }, `*registry.InvalidError a share of 101 percent`},
		{"removing what is needed", func() (*registry.Overview, error) { return s.Remove(t.Context(), "a", "2") }, `*registry.RefusedError version 2 of "a" is needed`},
		{"removing no version", func() (*registry.Overview, error) { return s.Remove(t.Context(), "a", "9") }, `*registry.NotFoundError model "a" has no version 9`},
		{"removing", func() (*registry.Overview, error) { return s.Remove(t.Context(), "a", "3") }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o, err := test.change()
			got := ""
			if err != nil {
				got = fmt.Sprintf("%T %v", err, err)
			}
			if (got == "") != (test.want == "") || !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if err == nil && o.Name != "a" {
				t.Errorf("got %v", o)
			}
			if got := s.ask(registry.Ref{}); got != "a-2" {
				t.Errorf("stable is %s", got)
			}
		})
	}
	if got := s.ask(registry.Ref{Alias: "next"}); got != "a-2" {
		t.Errorf("next is %s", got)
	}
	one := start(t, returns(run(t, "first"), nil), within(time.Minute))
	if _, err := one.Move(t.Context(), "default", "stable", "1", "me"); err == nil {
		t.Error("there is no store to change")
	}
}
