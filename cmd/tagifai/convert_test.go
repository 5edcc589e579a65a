package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tagifai/internal/train"
	"tagifai/model"
)

// pickles are directories as users of scikit-learn have them.
const pickles = "../../internal/sklearn/testdata"

func TestConvert(t *testing.T) {
	for _, name := range []string{"0.22-sgd", "1.2-sgd", "1.7-pipeline-logistic"} {
		t.Run(name, func(t *testing.T) {
			from, to := filepath.Join(pickles, name), filepath.Join(t.TempDir(), "deep", "converted")
			out := succeed(t, "", "convert", from, to)
			if !strings.Contains(out, to) || !strings.Contains(out, from) {
				t.Errorf("the result names not both directories: %s", out)
			}
			want, err := model.Open(from, formats...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := model.Open(to)
			if err != nil {
				t.Fatal(err)
			}
			data, err := train.ReadDataset(labelled)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range data.Rows {
				if got, want := got.Tag(row.Text), want.Tag(row.Text); got != want {
					t.Errorf("%q: got %s, want %s", row.Text, got, want)
				}
			}
			if got, want := string(got.Args().JSON()), string(want.Args().JSON()); got != want {
				t.Errorf("args: got %s, want %s", got, want)
			}
			if got.RunID() == "" {
				t.Error("no run id")
			}
			inspected := succeed(t, "", "inspect", to)
			for _, part := range []string{"sklearn_version", "source_sha256_model.pkl", "converted_by"} {
				if !strings.Contains(inspected, part) {
					t.Errorf("inspect does not tell %s", part)
				}
			}
			if out := succeed(t, "", "inspect", from); !strings.Contains(out, "scikit-learn") {
				t.Errorf("inspect of the original does not tell its format:\n%s", out)
			}
		})
	}
}

// TestWarning makes sure that every command that opens a model passes its warnings on.
func TestWarning(t *testing.T) {
	dir := filepath.Join(pickles, "1.2-no-args")
	for _, args := range [][]string{
		{"convert", dir, filepath.Join(t.TempDir(), "converted")},
		{"inspect", dir},
		{"predict", "--model", dir, "a text"},
		{"evaluate", "--model", dir, "--data", labelled},
	} {
		got := tagifai(t, "", args...)
		if got.code != success || !strings.Contains(got.stderr, "args.json is missing") {
			t.Errorf("%s: exit code %d, stderr %q", args[0], got.code, got.stderr)
		}
	}
}

func TestConvertFails(t *testing.T) {
	existing := t.TempDir()
	hostile := filepath.Join(t.TempDir(), "hostile")
	if err := os.MkdirAll(hostile, 0o755); err != nil {
		t.Fatal(err)
	}
	const system = "\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."
	if err := os.WriteFile(filepath.Join(hostile, "model.pkl"), []byte(system), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		args  []string
		parts []string // of the message
	}{
		{"the output exists", []string{pickles + "/1.2-sgd", existing}, []string{existing, "exists"}},
		{"no output", []string{pickles + "/1.2-sgd", ""}, []string{"empty"}},
		{"nothing there", []string{existing + "/nothing", existing + "/out"}, []string{"nothing"}},
		{"no model", []string{existing, existing + "/out"}, []string{existing}},
		{"a hostile one", []string{hostile, existing + "/out"}, []string{"model.pkl", "os.system"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			fail(t, test.parts, append([]string{"convert"}, test.args...)...)
			if _, err := os.Lstat(existing + "/out"); err == nil {
				t.Error("the output was made")
			}
		})
	}
}
