package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/binarytest"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// labelled has 62 rows of 4 tags, the rarest of which has 10.
const labelled = "../../internal/train/testdata/labelled.csv"

// The exit codes, as the tests of the whole command line use them.
const (
	success, failure, misuse = cli.Success, cli.Failure, cli.WrongUsage
	worse, interrupted       = cli.Worse, cli.Interrupted
)

// A variable of whoever runs the tests is not a setting of the services in them.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TAGIFAI_") {
			_ = os.Unsetenv(name) // there is nothing wrong with the name
		}
	}
	os.Exit(binarytest.Run(m))
}

// An outcome is what a command leaves: its exit code and what it wrote.
type outcome struct {
	code           int
	stdout, stderr string
}

// tagifai runs a command with stdin as its input.
func tagifai(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	code := run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// succeed runs a command that is to succeed without a word on stderr, and returns
// its stdout.
func succeed(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	got := tagifai(t, stdin, args...)
	if got.code != success || got.stderr != "" {
		t.Fatalf("tagifai %.200q: exit code %d, stderr %q", args, got.code, got.stderr)
	}
	return got.stdout
}

// fail runs a command that is to fail with nothing on stdout and a single line on
// stderr, which has all of the given parts.
func fail(t *testing.T, parts []string, args ...string) {
	t.Helper()
	got := tagifai(t, "", args...)
	if want := (outcome{failure, "", got.stderr}); got != want {
		t.Errorf("tagifai %q:\n%s", args, cmp.Diff(fmt.Sprint(got), fmt.Sprint(want)))
	}
	if strings.Count(got.stderr, "\n") != 1 || !strings.HasSuffix(got.stderr, "\n") {
		t.Errorf("stderr is not one line: %q", got.stderr)
	}
	for _, part := range append(parts, "tagifai: ") {
		if !strings.Contains(got.stderr, part) {
			t.Errorf("stderr is %q, which lacks %q", got.stderr, part)
		}
	}
}

// write makes a file with this name and text in a directory of its own.
func write(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// put writes a file, in place of the one that is there.
func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, elements ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// list returns the names in a directory, hidden ones too.
func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// An object is a JSON object.
type object = map[string]any

func parse[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %.300q", err, text)
	}
	return value
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// quick writes training arguments that suit labelled and take no time, and puts
// others above them.
func quick(t *testing.T, others object) string {
	t.Helper()
	args := object{"min_freq": 3, "num_epochs": 3, "ngram_max_range": 3}
	maps.Copy(args, others)
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "args.json", string(text))
}

// trained trains on labelled with quick arguments and returns the directory.
func trained(t *testing.T, others object) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	got := tagifai(t, "", "train", "--data", labelled, "--args", quick(t, others), "--out", dir)
	if got.code != success { // on stderr are tags that count as other
		t.Fatal(got.stderr)
	}
	return dir
}
