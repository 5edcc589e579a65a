package registry_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tagifai/internal/golden"
	"tagifai/internal/registry"
	"tagifai/internal/store"
	"tagifai/model"
)

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
