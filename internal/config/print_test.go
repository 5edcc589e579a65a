package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
)

var update = flag.Bool("update", false, "write configs/config.yaml and the table of settings in configs/README.md")

const (
	file   = "../../configs/config.yaml"
	readme = "../../configs/README.md"
)

// The file of all settings and the table in configs/README.md are what the struct says.
func TestWritten(t *testing.T) {
	const begin, end = "<!-- settings -->\n\n", "\n<!-- /settings -->\n"
	before, rest, found := strings.Cut(read(t, readme), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %s… %s", readme, begin, end)
	}
	for name, want := range map[string]string{
		file:   config.File(new(config.Settings)),
		readme: before + begin + config.Table(new(config.Settings)) + end + after,
	} {
		if *update {
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(read(t, name), want); diff != "" {
			t.Errorf("%s is not what the settings say: run go test ./internal/config -update\n%s", name, diff)
		}
	}
}

// The file of all settings changes none of them.
func TestDefaults(t *testing.T) {
	var full config.Settings
	name := file
	load(t, &full, config.Sources{File: &name})
	if diff := cmp.Diff(full, config.Defaults(), networks); diff != "" {
		t.Error(diff)
	}
}

func fixture(t *testing.T, text string) *string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &name
}

func read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func load(t testing.TB, settings any, from config.Sources) *config.Loaded {
	t.Helper()
	loaded, err := config.Load(settings, from)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}
