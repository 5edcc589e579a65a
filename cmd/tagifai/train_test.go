package main

import (
	"context"
	"fmt"
	"image/png"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"
	"tagifai/model"
	"tagifai/model/linear"
)

var artifactFiles = []string{"args.json", "baseline.json", "golden.json", "label_encoder.json", "model.safetensors", "performance.json", "run_id.txt", "training_texts.json"}

func TestTrain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	out := succeed(t, "", "train", "--data", labelled, "--args", quick(t, nil), "--out", dir)
	for _, part := range []string{dir, "42 to train, 10 to validate, 10 to test", "precision", "f1", "mlops", "overall", "short_text"} {
		if !strings.Contains(out, part) {
			t.Errorf("stdout lacks %q:\n%s", part, out)
		}
	}
	if diff := cmp.Diff(list(t, filepath.Dir(dir)), []string{"run"}); diff != "" {
		t.Errorf("beside the model: %s", diff)
	}
	if diff := cmp.Diff(list(t, dir), artifactFiles); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(info.Mode(), fs.ModeDir|0o755); diff != "" {
		t.Error(diff)
	}

	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	classes := []string{"computer-vision", "mlops", "natural-language-processing", "other"}
	if diff := cmp.Diff(m.Classes(), classes); diff != "" {
		t.Error(diff)
	}
	if id := readFile(t, dir, "run_id.txt"); id != m.RunID()+"\n" || !regexp.MustCompile(`^[0-9a-f]{32}\n$`).MatchString(id) {
		t.Errorf("the run's ID is %q, the model's %q", id, m.RunID())
	}

	type metrics = map[string]float64
	performance := parse[struct {
		Overall metrics            `json:"overall"`
		Class   map[string]metrics `json:"class"`
		Slices  map[string]metrics `json:"slices"`
	}](t, readFile(t, dir, "performance.json"))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(performance.Class)), classes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(performance.Slices)), []string{"nlp_cnn", "short_text"}); diff != "" {
		t.Error(diff)
	}
	sum := 0.0
	for _, class := range performance.Class {
		sum += class["num_samples"]
	}
	if diff := cmp.Diff([]float64{sum, performance.Overall["num_samples"]}, []float64{10, 10}); diff != "" {
		t.Error(diff)
	}
	all := slices.Concat([]metrics{performance.Overall}, slices.Collect(maps.Values(performance.Class)), slices.Collect(maps.Values(performance.Slices)))
	for _, m := range all {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(m)), []string{"f1", "num_samples", "precision", "recall"}); diff != "" {
			t.Error(diff)
		}
	}
}

// The arguments of a model are those that it was trained with, and can be trained
// with again.
func TestTrainArgs(t *testing.T) {
	tests := []struct {
		name string
		args object
	}{
		{"default", nil},
		{"fixed threshold", object{"threshold_rule": "fixed", "threshold": 0.25}},
		{"no threshold", object{"threshold_rule": "none"}},
		{"everything else", object{
			"shuffle": false, "subset": 40, "min_freq": 0, "lower": false, "clean": true, "stem": true, "analyzer": "word",
			"ngram_min_range": 1, "ngram_max_range": 2, "alpha": 0.001, "learning_rate": 0.5, "power_t": -0.25, "num_epochs": 2,
			"accepted_tags": []string{"mlops", "computer-vision", "natural-language-processing"}, "sublinear_tf": false, "balance": "oversampling", "refit": false,
			"learning_rate_schedule": "invscaling", "threshold_rule": "first_quartile", "seed": uint64(math.MaxUint64),
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := quick(t, test.args)
			first, second := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
			succeed(t, "", "train", "--data", labelled, "--args", file, "--out", first)
			succeed(t, "", "train", "--data", labelled, "--args", filepath.Join(first, "args.json"), "--out", second)
			if diff := cmp.Diff(readFile(t, second, "args.json"), readFile(t, first, "args.json")); diff != "" {
				t.Errorf("trained with once more: %s", diff)
			}
			want, err := recipe.Parse([]byte(readFile(t, file)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := recipe.Parse([]byte(readFile(t, first, "args.json")))
			if err != nil {
				t.Fatal(err)
			}
			if want.ThresholdRule == recipe.NoThreshold != (got.Threshold == nil) {
				t.Errorf("rule %q, threshold %v", want.ThresholdRule, got.Threshold)
			}
			if want.Threshold == nil {
				got.Threshold = nil // it was found
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Without --args, a model is trained with configs/args.json.
func TestTrainDefaultArgs(t *testing.T) {
	file := write(t, "data.csv", "text,tag\n"+strings.Repeat("an image,vision\na word,language\n", 30))
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "", "train", "--data", file, "--out", dir)
	got, want := parse[object](t, readFile(t, dir, "args.json")), parse[object](t, readFile(t, "../../configs/args.json"))
	if diff := cmp.Diff(got, want); diff != "" { // there is no class other, so no threshold either
		t.Error(diff)
	}
}

func TestTrainPlot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "", "train", "--data", labelled, "--args", quick(t, nil), "--out", dir, "--plot")
	plots := []string{"confusion_matrix.png", "losses.png", "reliability.png"}
	drawings := []string{"confusion_matrix.svg", "losses.svg", "reliability.svg"}
	if diff := cmp.Diff(list(t, dir), slices.Sorted(slices.Values(slices.Concat(artifactFiles, plots, drawings)))); diff != "" {
		t.Error(diff)
	}
	for _, name := range plots {
		image, err := png.Decode(strings.NewReader(readFile(t, dir, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size := image.Bounds().Size(); size.X < 200 || size.Y < 200 {
			t.Errorf("%s: %v is too small to see anything", name, size)
		}
	}
	if _, err := model.Open(dir); err != nil {
		t.Error(err)
	}
}

// Same seed, same bytes.
func TestTrainReproducible(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1600000000")
	recipes := []struct {
		name string
		args object
		plot string
	}{
		{"class weights", nil, "--plot"},
		{"oversampling", object{"balance": "oversampling", "threshold_rule": "first_quartile", "refit": false}, "--plot=false"},
	}
	for _, recipe := range recipes {
		t.Run(recipe.name, func(t *testing.T) {
			files := func(cores int, seed uint64) map[string]string {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
				args := maps.Clone(recipe.args)
				if args == nil {
					args = make(object)
				}
				args["seed"] = seed
				dir := filepath.Join(t.TempDir(), "run")
				succeed(t, "", "train", "--data", labelled, "--args", quick(t, args), "--out", dir, recipe.plot)
				files := make(map[string]string)
				for _, name := range list(t, dir) {
					files[name] = readFile(t, dir, name)
				}
				return files
			}
			first := files(1, 1)
			for _, cores := range []int{1, 2} {
				for name, text := range files(cores, 1) {
					if text != first[name] {
						t.Errorf("%d cores: another %s", cores, name)
					}
				}
			}
			other := files(1, 2)
			for _, name := range []string{"args.json", "model.safetensors", "run_id.txt"} {
				if other[name] == first[name] {
					t.Errorf("another seed, but the same %s", name)
				}
			}
			if !strings.Contains(first["model.safetensors"], "2020-09-13T12:26:40Z") {
				t.Error("the time of training is not SOURCE_DATE_EPOCH")
			}
		})
	}
}

// The same rows in another spelling make the same weights.
func TestTrainSpellings(t *testing.T) {
	plain := readFile(t, labelled)
	header, rows, _ := strings.Cut(plain, "\n")
	if header != "title,description,tag" {
		t.Fatal(header)
	}
	data, err := dataset.Read(labelled)
	if err != nil {
		t.Fatal(err)
	}
	columns := func(names string, record func(text, tag string) string) string {
		var b strings.Builder
		b.WriteString(names + "\n")
		for _, row := range data.Rows {
			b.WriteString(record(row.Text, row.Tag) + "\n")
		}
		return b.String()
	}
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	tests := []struct{ name, text, stderr string }{
		{"byte order mark", "\ufeff" + plain, ""},
		{"byte order mark and quotes", "\ufeff" + `"title","description","tag"` + "\n" + rows, ""},
		{"CRLF", strings.ReplaceAll(plain, "\n", "\r\n"), ""},
		{"no final newline", strings.TrimSuffix(plain, "\n"), ""},
		{"empty lines", header + "\n\n\n" + rows + "\n\n", ""},
		{"spaces around names", " title , description,tag \n" + rows, ""},
		{"text and tag", columns("text,tag", func(text, tag string) string { return quote(text) + "," + tag }), ""},
		{"another order, others", columns("id,tag,created,text", func(text, tag string) string {
			return `7,"` + tag + `",2020-02-20 06:43:18,` + quote(text)
		}), ""},
		{"title, description and text", columns("text,tag,description,title", func(text, tag string) string {
			return "none," + tag + "," + quote(text) + `," "`
		}), ""},
		{"rows without a tag", header + "\nA,\"b,\nc\",\n" + rows + "A,b, \n,,mlops\n", ": 3 rows without a tag or a text are left out\n"},
	}
	weights := func(dir string) *linear.Weights {
		a, err := model.ReadArtifact(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		a.Weights.Provenance = map[string]string{"dataset_rows": a.Weights.Provenance["dataset_rows"]}
		return a.Weights
	}
	want := weights(trained(t, nil))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, "data.csv", test.text)
			dir := filepath.Join(t.TempDir(), "run")
			got := tagifai(t, "", "train", "--data", file, "--args", quick(t, nil), "--out", dir)
			stderr := test.stderr
			if stderr != "" {
				stderr = file + stderr
			}
			if diff := cmp.Diff(fmt.Sprint(got.code, got.stderr), fmt.Sprint(success, stderr)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(weights(dir), want); diff != "" {
				t.Errorf("%.2000s", diff)
			}
		})
	}
}

// A model of cleaned text cleans what it is asked about.
func TestTrainCleaned(t *testing.T) {
	course := parse[object](t, readFile(t, "../../configs/args-course.json"))
	tests := []struct {
		name string
		args object
		same []string
	}{
		{"course", nil, []string{"The Networks, classifying!", "networks classifying", "NETWORKS  classifying?"}},
		{"stemmed", object{"stem": true}, []string{"The Networks, classifying!", "network classify", "networked classified"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := maps.Clone(course)
			maps.Copy(args, object{"min_freq": 3, "num_epochs": 3})
			maps.Copy(args, test.args)
			dir := trained(t, args)
			got := predictions(t, succeed(t, "", append([]string{"predict", "--probabilities", "--model", dir}, test.same...)...))
			for _, p := range got {
				if p.Tag != got[0].Tag || !maps.Equal(p.Probabilities, got[0].Probabilities) {
					t.Errorf("%q and %q differ:\n%s", p.Text, got[0].Text, cmp.Diff(p, got[0]))
				}
			}
			raw := predictions(t, succeed(t, "", append([]string{"predict", "--probabilities", "--model", trained(t, nil)}, test.same[:2]...)...))
			if maps.Equal(raw[0].Probabilities, raw[1].Probabilities) {
				t.Error("a model of raw text does not tell the texts apart either")
			}
		})
	}
}

func TestTrainMakesParents(t *testing.T) {
	parent := t.TempDir()
	succeed(t, "", "train", "--data", labelled, "--args", quick(t, nil), "--out", filepath.Join(parent, "runs", "today", "first"))
	if diff := cmp.Diff(list(t, filepath.Join(parent, "runs", "today", "first")), artifactFiles); diff != "" {
		t.Error(diff)
	}
}

func TestTrainCancelled(t *testing.T) {
	tests := []struct {
		name  string
		polls int // of the context before it is over
	}{
		{"before it begins", 0},
		{"in the first fit", 2},
		{"in the refit", 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parent := t.TempDir()
			ctx := &countdown{Context: t.Context(), left: test.polls}
			var stdout, stderr strings.Builder
			args := []string{"train", "--data", labelled, "--args", quick(t, nil), "--out", filepath.Join(parent, "deep", "run")}
			code := run(ctx, args, strings.NewReader(""), &stdout, &stderr)
			if diff := cmp.Diff(fmt.Sprint(code, stdout.String(), stderr.String()), fmt.Sprint(failure, "", "tagifai: interrupted\n")); diff != "" {
				t.Error(diff)
			}
			if names := list(t, parent); len(names) > 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

// A countdown is a context that is over when it has been asked so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}
