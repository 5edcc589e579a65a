package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHelp(t *testing.T) {
	for _, command := range []string{"serve", "predict", "explain", "train", "evaluate", "inspect", "version", "help",
		"models", "models list", "models show", "models add", "models adopt", "models alias", "models rollback", "models canary", "models shadow", "models remove", "models diff",
		"keys", "keys new", "keys list", "keys revoke"} {
		for _, flag := range []string{"--help", "-h"} {
			t.Run(command+" "+flag, func(t *testing.T) {
				words := strings.Fields(command)
				help := succeed(t, "", append(words, flag)...)
				example := "\n    tagifai " + words[0]
				if len(words) > 1 {
					example += map[string]string{"models": " --models store ", "keys": " --keys-file keys.yaml "}[words[0]] + words[1]
				}
				for _, part := range []string{"Usage: tagifai " + command, "Example:\n", example} {
					if !strings.Contains(help, part) {
						t.Errorf("%q is missing in\n%s", part, help)
					}
				}
			})
		}
	}
	// The command help is another way to ask.
	for _, command := range [][]string{nil, {"serve"}, {"train"}, {"version"}, {"help"}} {
		t.Run(fmt.Sprint("help ", command), func(t *testing.T) {
			want := succeed(t, "", append(command, "--help")...)
			if diff := cmp.Diff(succeed(t, "", append([]string{"help"}, command...)...), want); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("no command", func(t *testing.T) {
		help := succeed(t, "", "--help")
		for _, part := range []string{"Usage: tagifai", "serve", "predict", "train", "evaluate", "inspect", "models", "version", "Example"} {
			if !strings.Contains(help, part) {
				t.Errorf("%q is missing in\n%s", part, help)
			}
		}
	})
}

func TestMisuse(t *testing.T) {
	tests := []struct {
		name string
		args []string
		part string
	}{
		{"no command", nil, "see tagifai --help"},
		{"unknown command", []string{"classify"}, "classify"},
		{"unknown flag", []string{"serve", "--port", "80"}, "unknown flag --port; see tagifai serve --help"},
		{"unknown flag before the command", []string{"--quiet", "version"}, "--quiet"},
		{"flag without its value", []string{"serve", "--addr"}, "--addr"},
		{"no room for a body", []string{"serve", "--max-body-bytes", "0"}, `max-body-bytes: "0" (flag --max-body-bytes) is too small; give at least 1`},
		{"no room for a text", []string{"serve", "--max-texts=0"}, `max-texts: "0" (flag --max-texts) is too small`},
		{"a negative length", []string{"serve", "--max-text-length=-1"}, `max-text-length: "-1" (flag --max-text-length) is too small; give at least 0`},
		{"a number with a unit", []string{"serve", "--max-body-bytes", "8M"}, `max-body-bytes: "8M" (flag --max-body-bytes) is not a whole number`},
		{"a root path that is none", []string{"serve", "--root-path", "tagger"}, `root-path: "tagger" (flag --root-path) is not a path; give one such as /tagger`},
		{"a proxy that is none", []string{"serve", "--trusted-proxies", "10.0.0.1,localhost"}, `trusted-proxies: "localhost" (flag --trusted-proxies) is not an address; give an IP address`},
		{"an admin host with a port", []string{"serve", "--admin-hosts", "a,b:80"}, `admin-hosts: "b:80" (flag --admin-hosts) is not a name; give one such as tagifai.internal, without a port`},
		{"an origin that is none", []string{"serve", "--cors-origins", "https://a,example.org"}, `cors-origins: "example.org" (flag --cors-origins) is not an origin; give one such as https://example.org`},
		{"argument too many", []string{"serve", "here"}, "here"},
		{"help of an unknown command", []string{"help", "classify"}, "classify"},
		{"version with an argument", []string{"version", "please"}, "please"},
		{"inspect of two", []string{"inspect", "a", "b"}, "b"},
		{"inspect, not a number", []string{"inspect", "--top", "ten"}, "--top"},
		{"train without data", []string{"train", "--out", "x"}, "--data"},
		{"train without out", []string{"train", "--data", "x"}, "--out"},
		{"train with an argument", []string{"train", "x", "--data", "x", "--out", "x"}, "x"},
		{"evaluate without data", []string{"evaluate"}, "--data"},
		{"evaluate, not a number", []string{"evaluate", "--data", labelled, "--folds", "few"}, "--folds"},
		{"predict, unknown format", []string{"predict", "--format", "xml", "x"}, "--format"},
		{"models without a store", []string{"models", "list"}, "--models"},
		{"models without a command", []string{"models", "--models", "x"}, "expected one of"},
		{"models show without a name", []string{"models", "--models", "x", "show"}, "; see tagifai models show --help"},
		{"a negative number, taken for a flag", []string{"serve", "--max-texts", "-3"}, `expected max-texts value but got "-3"`},
		{"models diff without data", []string{"models", "--models", "x", "diff", "m", "1", "2"}, "--data"},
		{"models diff, not a number", []string{"models", "--models", "x", "diff", "m", "1", "2", "--data", labelled, "--max-drop", "little"}, "--max-drop"},
		{"predict, unknown flag", []string{"predict", "-x"}, "-x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := tagifai(t, "", test.args...)
			if diff := cmp.Diff(fmt.Sprint(got.code, got.stdout), fmt.Sprint(misuse, "")); diff != "" {
				t.Error(diff)
			}
			if !strings.HasPrefix(got.stderr, "tagifai: ") || !strings.Contains(got.stderr, test.part) || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("stderr is %q, which should be a line with %q", got.stderr, test.part)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	tests := []struct{ name, linked, want string }{
		{"linked in", "v1.2.3", "tagifai v1.2.3\n"},
		{"not linked in", "", "tagifai " + toolVersion() + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer func(v string) { version = v }(version)
			version = test.linked
			for _, args := range [][]string{{"version"}, {"--version"}, {"train", "--version"}} {
				if diff := cmp.Diff(succeed(t, "", args...), test.want); diff != "" {
					t.Errorf("%q: %s", args, diff)
				}
			}
		})
	}
	if toolVersion() == "" {
		t.Error("no version")
	}
}

// A model that cannot be loaded is named by every command that takes one.
func TestNoModel(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	broken := trained(t, nil)
	weights := filepath.Join(broken, "model.safetensors")
	if err := os.Truncate(weights, 1000); err != nil {
		t.Fatal(err)
	}
	models := []struct {
		name, dir string
		parts     []string
	}{
		{"absent", absent, []string{absent, "no such file or directory", "model.safetensors"}},
		{"another directory", other, []string{other, "looked for model.safetensors (tagifai), MLmodel (mlflow), a file of pickle, joblib or skops (scikit-learn)", `has "notes.txt"`}},
		{"truncated weights", broken, []string{broken, "model.safetensors"}},
	}
	commands := [][]string{
		{"serve", "--addr", "127.0.0.1:0", "--model"},
		{"predict", "x", "--model"},
		{"evaluate", "--data", labelled, "--model"},
		{"inspect"},
	}
	for _, model := range models {
		for _, command := range commands {
			t.Run(command[0]+", "+model.name, func(t *testing.T) {
				fail(t, model.parts, append(command, model.dir)...)
			})
		}
	}
}

// A writer takes so many bytes and then has only this error.
type writer struct {
	room int
	err  error
}

func (w *writer) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, w.err
	}
	return len(p), nil
}

// A reader of the output who has seen enough is no failure; a full disk is one.
func TestStdoutFails(t *testing.T) {
	dir := trained(t, nil)
	commands := []struct {
		name string
		args []string
	}{
		{"help", []string{"--help"}},
		{"help of a command", []string{"train", "--help"}},
		{"help by its command", []string{"help", "train"}},
		{"version", []string{"version"}},
		{"version by its flag", []string{"--version"}},
		{"predict, arguments", []string{"predict", "--model", dir, "a", "b"}},
		{"predict, lines", []string{"predict", "--model", dir}},
		{"inspect", []string{"inspect", dir}},
		{"evaluate", []string{"evaluate", "--data", write(t, "others.csv", "text,tag\nan image,other\n"), "--model", dir}},
		{"evaluate, folds", []string{"evaluate", "--data", labelled, "--model", dir, "--folds", "2"}},
		{"train", []string{"train", "--data", labelled, "--args", quick(t, nil), "--out"}},
	}
	failures := []struct {
		name   string
		err    error
		code   int
		stderr string
	}{
		{"closed pipe", &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, success, ""},
		{"full disk", errors.New("disk full"), failure, "tagifai: disk full\n"},
	}
	for _, command := range commands {
		for _, test := range failures {
			t.Run(command.name+", "+test.name, func(t *testing.T) {
				args := command.args
				if command.name == "train" {
					args = append(args[:len(args):len(args)], filepath.Join(t.TempDir(), "run"))
				}
				var stderr strings.Builder
				lines := io.LimitReader(endless("a line\n"), 10<<20)
				code := run(context.Background(), args, lines, &writer{0, test.err}, &stderr)
				if diff := cmp.Diff(fmt.Sprint(code, stderr.String()), fmt.Sprint(test.code, test.stderr)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// endless is a text that repeats itself for ever.
type endless string

func (s endless) Read(p []byte) (int, error) {
	n := 0
	for len(p)-n >= len(s) {
		n += copy(p[n:], s)
	}
	return n, nil
}
