package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/dataset"
	"tagifai/model"
)

// pickles are directories as users of scikit-learn have them.
const pickles = "../../internal/sklearn/testdata"

// mlflows are directories of MLflow.
const mlflows = "../../internal/mlflow/testdata"

func TestConvert(t *testing.T) {
	for _, name := range []string{"0.22-sgd", "1.2-sgd", "1.7-pipeline-logistic"} {
		t.Run(name, func(t *testing.T) {
			from, to := filepath.Join(pickles, name), filepath.Join(t.TempDir(), "deep", "converted")
			out := succeed(t, "", "convert", from, to)
			if !strings.Contains(out, to) || !strings.Contains(out, from) {
				t.Errorf("the result names not both directories: %s", out)
			}
			want, err := model.Open(from, cli.Formats...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := model.Open(to)
			if err != nil {
				t.Fatal(err)
			}
			data, err := dataset.Read(labelled)
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

// embedded writes the embedded model into a directory.
func embedded(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, model.DefaultFS()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestConvertSet(t *testing.T) {
	from := embedded(t)
	for _, c := range []struct {
		name string
		set  []string
		want map[string]string // arguments, as JSON
	}{
		{"a threshold", []string{"threshold=0.5"}, map[string]string{"threshold": "0.5", "analyzer": `"char_wb"`}},
		{"none", []string{"threshold=null"}, map[string]string{"threshold": "null"}},
		{"of each class", []string{`threshold={"0":0.1,"1":0.2,"2":0.3,"3":0.4}`}, map[string]string{"threshold": `{"0":0.1,"1":0.2,"2":0.3,"3":0.4}`}},
		{"several", []string{"threshold=1", "note=a=b, c", "accepted_tags=[\"x\"]", "num_epochs=7"},
			map[string]string{"threshold": "1", "note": `"a=b, c"`, "accepted_tags": `["x"]`, "num_epochs": "7"}},
		{"the last of two", []string{"threshold=0.1", "threshold=0.2"}, map[string]string{"threshold": "0.2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "converted")
			args := []string{"convert", from, to}
			for _, s := range c.set {
				args = append(args, "--set", s)
			}
			out := succeed(t, "", args...)
			m, err := model.Open(to)
			if err != nil {
				t.Fatal(err)
			}
			for key, want := range c.want {
				if got, _ := m.Args().Get(key); string(got) != want {
					t.Errorf("%s: got %s, want %s", key, got, want)
				}
			}
			if want := "threshold: " + c.want["threshold"]; !strings.Contains(out, want) {
				t.Errorf("the output does not tell %q:\n%s", want, out)
			}
			if inspected := succeed(t, "", "inspect", to); !strings.Contains(inspected, "converted_with") {
				t.Errorf("inspect does not tell what was set:\n%s", inspected)
			}
		})
	}
	strict := filepath.Join(t.TempDir(), "strict")
	succeed(t, "", "convert", "--set", "threshold=1", from, strict)
	if got := succeed(t, "", "predict", "--model", strict, "Object detection with YOLO"); !strings.Contains(got, `"predicted_tag":"other"`) {
		t.Errorf("with a threshold of 1: got %s", got)
	}
	percent := filepath.Join(t.TempDir(), "percent")
	got := tagifai(t, "", "convert", "--set", "threshold=50", from, percent)
	if want := "warning: args.json: threshold is above 1"; got.code != success || !strings.HasPrefix(got.stderr, want) {
		t.Errorf("with a threshold of 50: exit code %d, stderr %q, want %q", got.code, got.stderr, want)
	}
}

func TestConvertSetFails(t *testing.T) {
	from, out := embedded(t), filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		name, set string
		parts     []string
	}{
		{"misspelt", "treshold=0.5", []string{"treshold", "did you mean threshold?"}},
		{"no value", "threshold", []string{"threshold", "KEY=VALUE"}},
		{"no key", "=0.5", []string{"KEY=VALUE"}},
		{"NaN", "threshold=NaN", []string{"NaN", "not JSON"}},
		{"text for a threshold", "threshold=high", []string{from, "args.json: threshold", `"high"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fail(t, c.parts, "convert", "--set", c.set, from, out)
			if _, err := os.Lstat(out); err == nil {
				t.Error("the output was made")
			}
		})
	}
}

// TestChangedByHand: a directory with a file that was changed is refused, and the
// command that the error names makes a model of it.
func TestChangedByHand(t *testing.T) {
	dir := embedded(t)
	args := filepath.Join(dir, "args.json")
	text := strings.Replace(readFile(t, args), `"threshold": 0.1`, `"threshold": 1`, 1)
	if err := os.WriteFile(args, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"predict", "--model", dir, "x"},
		{"evaluate", "--data", labelled, "--model", dir},
		{"serve", "--addr", "127.0.0.1:0", "--model", dir},
	} {
		fail(t, []string{dir, "args.json", "tagifai convert DIR OUT", "--set threshold=0.5"}, command...)
	}
	out := filepath.Join(t.TempDir(), "out")
	for _, command := range [][]string{{"inspect", dir}, {"convert", dir, out}} {
		if got := tagifai(t, "", command...); got.code != success || !strings.Contains(got.stderr, "warning: args.json was changed") {
			t.Errorf("%s: got %+v", command[0], got)
		}
	}
	if got := succeed(t, "", "predict", "--model", out, "Object detection with YOLO"); !strings.Contains(got, `"predicted_tag":"other"`) {
		t.Errorf("got %s", got)
	}
}

func TestConvertNonNumbers(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	got := tagifai(t, "", "convert", filepath.Join(pickles, "1.2-not-a-number"), out)
	for _, part := range []string{"args.json: power_t is NaN", "performance.json: overall.f1 is NaN", "null is written in place"} {
		if got.code != success || !strings.Contains(got.stderr, part) {
			t.Errorf("got %+v, want a warning with %q", got, part)
		}
	}
	if text := readFile(t, out, "args.json"); !strings.Contains(text, `"power_t": null`) {
		t.Errorf("got %s", text)
	}
}

// TestModelFile: every command takes the file of a model in place of its directory.
func TestModelFile(t *testing.T) {
	for _, file := range []string{
		filepath.Join(embedded(t), "model.safetensors"),
		filepath.Join(pickles, "1.2-sgd", "model.pkl"),
		filepath.Join(pickles, "1.9-skops", "model.skops"),
		filepath.Join(mlflows, "1.9-mlflow3-skops", "MLmodel"),
	} {
		dir := filepath.Dir(file)
		for _, command := range [][]string{
			{"predict", "Object detection with YOLO", "--probabilities", "--model"},
			{"evaluate", "--data", labelled, "--model"},
			{"inspect"},
		} {
			got, want := succeed(t, "", append(command, file)...), succeed(t, "", append(command, dir)...)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("%s (-file +directory):\n%s", command[0], diff)
			}
		}
		succeed(t, "", "convert", file, filepath.Join(t.TempDir(), "out"))
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
