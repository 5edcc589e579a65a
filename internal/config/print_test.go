package config_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
)

var update = flag.Bool("update", false, "write configs/config.yaml and the README's table of settings")

const (
	file   = "../../configs/config.yaml"
	readme = "../../README.md"
)

// The file of all settings and the table in the README are what the struct says.
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
	var bare, full config.Settings
	load(t, &bare, config.Sources{})
	name := file
	load(t, &full, config.Sources{File: &name})
	if diff := cmp.Diff(full, bare); diff != "" {
		t.Error(diff)
	}
}

// A secret is shown nowhere: not when the settings are printed, in an error, in the file
// or the table of defaults, nor when a program prints the struct.
func TestSecret(t *testing.T) {
	const secret = "correct horse"
	type settings struct {
		Name config.Secret `name:"name" initial:"" help:"A secret that is not set."`
		Key  config.Secret `name:"key" initial:"" help:"A secret."`
		Base config.Secret `name:"base" initial:"correct horse" help:"A secret with a default."`
		Size int           `name:"size" initial:"1" min:"1" help:"No secret."`
	}
	var s settings
	loaded := load(t, &s, config.Sources{Environ: []string{"TAGIFAI_KEY=" + secret}})
	if s.Key != secret {
		t.Errorf("got %q, want %q", string(s.Key), secret)
	}
	var printed strings.Builder
	if err := loaded.Print(&printed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(printed.String(), `name: ""            # default
# key: "********"   # environment TAGIFAI_KEY
# base: "********"  # default
size: 1             # default
`); diff != "" {
		t.Error(diff)
	}
	marshalled, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	_, listed := config.Load(new(settings), config.Sources{File: fixture(t, "key: [correct horse]\n")})
	_, typed := config.Load(new(settings), config.Sources{File: fixture(t, "key: !!binary correct horse\n")})
	_, coded := config.Load(new(settings), config.Sources{Environ: []string{"TAGIFAI_KEY=" + secret + "\xff"}})
	for name, got := range map[string]string{
		"Refuse":         loaded.Refuse("key", "is too short").Error(),
		"%v":             fmt.Sprintf("%v", s),
		"%+v":            fmt.Sprintf("%+v", s),
		"%#v":            fmt.Sprintf("%#v", s),
		"%q":             fmt.Sprintf("%q", s.Key),
		"JSON":           string(marshalled),
		"File":           config.File(new(settings)),
		"Table":          config.Table(new(settings)),
		"no single text": fmt.Sprint(listed),
		"a tag":          fmt.Sprint(typed),
		"not UTF-8":      fmt.Sprint(coded),
	} {
		if strings.Contains(got, "horse") || !strings.Contains(got, "********") && name != "no single text" {
			t.Errorf("%s: %s", name, got)
		}
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
