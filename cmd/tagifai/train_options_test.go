package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/recipe"
	"tagifai/model"
	"tagifai/model/linear"
)

// Columns, delimiter and texts of other names make the same model.
func TestTrainLayout(t *testing.T) {
	plain := write(t, "plain.csv", "text,tag\n"+strings.Repeat("an image,vision\na word,language\na server,mlops\n", 5))
	other := write(t, "other.tsv", "label\tn\tbody\n"+strings.Repeat("vision\t1\tan image\nlanguage\t1.0\ta word\nmlops\t1\ta server\n", 5))
	train := func(arguments ...string) *linear.Weights {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "run")
		succeed(t, "", append([]string{"train", "--args", quick(t, object{"min_freq": 1}), "--out", dir}, arguments...)...)
		a, err := model.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		a.Weights.Provenance = nil
		return a.Weights
	}
	want := train("--data", plain)
	layout := []string{"--data", other, "--text-column", "body", "--tag-column", "label", "--delimiter", "tab"}
	if diff := cmp.Diff(train(layout...), want); diff != "" {
		t.Errorf("%.2000s", diff)
	}
	if diff := cmp.Diff(train(append(layout, "--weight-column", "n")...), want); diff != "" {
		t.Errorf("all weights are 1: %.2000s", diff)
	}
	also := write(t, "also.csv", "text,tag\nhello,other\n")
	if got := train(append(layout, "--also", also)...).Classes; len(got) != 4 {
		t.Errorf("classes %q, want other among them", got)
	}
	nothing := write(t, "nothing.csv", "text,tag,n\n"+strings.Repeat("a,x,0\nb,y,0\n", 5))
	fail(t, []string{nothing + ":1:", "weight 0"}, "train", "--data", nothing, "--weight-column", "n", "--out", filepath.Join(t.TempDir(), "run"), "--set", "min_freq=1")
	fail(t, []string{"--delimiter", "one character"}, "train", "--data", plain, "--out", filepath.Join(t.TempDir(), "run"), "--delimiter", "::")
}

// Files of more texts teach, and no figure is about them.
func TestTrainAlso(t *testing.T) {
	also := write(t, "also.csv", "text,tag\nqqqq,mlops\nqqqq qqqq,mlops\n")
	known := write(t, "known.csv", "text,tag\nan image,vision\nunknown,vision\n")
	data := write(t, "data.csv", "text,tag\n"+strings.Repeat("an image,vision\na word,language\na server,mlops\n", 10))
	dir := filepath.Join(t.TempDir(), "run")
	got := tagifai(t, "", "train", "--data", data, "--args", quick(t, object{"threshold_rule": "none"}), "--also", also, "--also", known, "--out", dir)
	if diff := cmp.Diff(fmt.Sprint(got.code, got.stderr), fmt.Sprintf("%d%s: 1 texts that are in %s are left out\n", success, known, data)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got.stdout, "18 to train, 6 to validate, 6 to test") {
		t.Errorf("the parts are not those of the data alone:\n%s", got.stdout)
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Tag("qqqq"); got != "mlops" {
		t.Errorf("got %s, want mlops, as the file of more texts says", got)
	}
	a, err := model.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Weights.Provenance["also_rows"]; got != "3" {
		t.Errorf("also_rows: got %s, want 3", got)
	}
	if sums := strings.Fields(a.Weights.Provenance["also_sha256"]); len(sums) != 2 {
		t.Errorf("also_sha256: got %q, want two sums", sums)
	}
}

// Evaluate reads the files that train reads.
func TestEvaluateLayout(t *testing.T) {
	data := write(t, "data.tsv", "label\tbody\n"+strings.Repeat("vision\tan image\nlanguage\ta word\nmlops\ta server\n", 5))
	also := write(t, "also.csv", "text,tag\nhello,other\n")
	layout := []string{"--data", data, "--text-column", "body", "--tag-column", "label", "--delimiter", "tab"}
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "", append([]string{"train", "--args", quick(t, nil), "--out", dir}, layout...)...)
	evaluate := append([]string{"evaluate", "--model", dir}, layout...)
	if got := tagifai(t, "", evaluate...); got.code != success || table(t, got.stdout)["overall"][3] != "15" {
		t.Errorf("got %+v, want 15 rows", got)
	}
	folds := succeed(t, "", append(evaluate, "--folds", "3", "--also", also)...)
	if !strings.Contains(folds, "other") {
		t.Errorf("the class of the file of more texts is missing in\n%s", folds)
	}
	fail(t, []string{"--also", "--folds"}, append(evaluate, "--also", also)...)
}

func TestTrainSet(t *testing.T) {
	tests := []struct {
		name string
		set  []string
		want object // in args.json
	}{
		{"a number", []string{"num_epochs=2"}, object{"num_epochs": 2.0, "ngram_max_range": 3.0}},
		{"a text", []string{"analyzer=word"}, object{"analyzer": "word"}},
		{"the last counts", []string{"num_epochs=4", "num_epochs=1"}, object{"num_epochs": 1.0}},
		{"null", []string{"accepted_tags=null"}, object{"accepted_tags": nil}},
		{"together", []string{"stem=true", "clean=true"}, object{"stem": true, "clean": true}},
		{"blocks", []string{`blocks=[{"analyzer": "word", "token_pattern": "\\w+"}]`, "weight=0.5"}, object{"weight": 0.5, "blocks": []any{map[string]any{
			"analyzer": "word", "ngram_min_range": 1.0, "ngram_max_range": 1.0, "token_pattern": `\w+`,
			"sublinear_tf": true, "use_idf": true, "norm": "l2", "weight": 1.0,
		}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			args := []string{"train", "--data", labelled, "--args", quick(t, nil), "--out", dir}
			for _, set := range test.set {
				args = append(args, "--set", set)
			}
			succeed(t, "", args...)
			got := parse[object](t, readFile(t, dir, "args.json"))
			for key, want := range test.want {
				if diff := cmp.Diff(got[key], want); diff != "" {
					t.Errorf("%s (-got +want):\n%s", key, diff)
				}
			}
		})
	}
	for _, test := range []struct {
		set   string
		parts []string
	}{
		{"num_epochs", []string{"--set num_epochs", "KEY=VALUE"}},
		{"num_epochs=0", []string{"--set num_epochs: 0", "at least 1"}},
		{"num_epoch=1", []string{"--set num_epoch", "did you mean num_epochs?"}},
		{"alpha=NaN", []string{"--set alpha=NaN", "not JSON"}},
		{"alpha=small", []string{`--set alpha: "small"`, "must be a number"}},
	} {
		t.Run(test.set, func(t *testing.T) {
			fail(t, test.parts, "train", "--data", labelled, "--out", filepath.Join(t.TempDir(), "run"), "--set", test.set)
		})
	}
}

// The help tells of every argument.
func TestTrainHelp(t *testing.T) {
	help := succeed(t, "", "train", "--help")
	for _, name := range recipe.Names() {
		if !strings.Contains(help, "\n    "+name+": ") {
			t.Errorf("%s is missing in\n%s", name, help)
		}
	}
	for line := range strings.Lines(help) {
		if len(line) > 100 {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}

// A tag that counts as other is said, and kept in the artifact.
func TestTrainRare(t *testing.T) {
	data := write(t, "data.csv", "text,tag\n"+strings.Repeat("an image,vision\na word,language\n", 40)+strings.Repeat("a sound,audio\n", 5))
	dir := filepath.Join(t.TempDir(), "run")
	got := tagifai(t, "", "train", "--data", data, "--set", "num_epochs=2", "--out", dir)
	want := data + ": tags that count as other, since they have fewer than min_freq = 30 rows: audio 5\n"
	if diff := cmp.Diff(fmt.Sprint(got.code, got.stderr), fmt.Sprint(success, want)); diff != "" {
		t.Error(diff)
	}
	performance := parse[object](t, readFile(t, dir, "performance.json"))
	if diff := cmp.Diff(performance["counted_as_other"], any(map[string]any{"audio": 5.0})); diff != "" {
		t.Errorf("counted_as_other (-got +want):\n%s", diff)
	}
	fail(t, []string{data + ":1: min_freq = 41", "audio 5", "--set min_freq=40"}, "train", "--data", data, "--set", "min_freq=41", "--out", dir+"2")
}
