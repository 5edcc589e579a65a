package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"tagifai/internal/dataset"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// An evaluationOutput is what evaluate --json prints.
type evaluationOutput struct {
	Rows      int                           `json:"rows"`
	Overall   map[string]float64            `json:"overall"`
	Class     map[string]map[string]float64 `json:"class"`
	Slices    map[string]map[string]float64 `json:"slices"`
	Classes   []string                      `json:"classes"`
	Confusion [][]int                       `json:"confusion"`
	Unknown   []object                      `json:"unknown_tags"`
	TrainedOn object                        `json:"trained_on"`
	OutOfFold object                        `json:"out_of_fold"`

	Calibration     object   `json:"calibration"`
	CrossValidation object   `json:"cross_validation"`
	TimeOrdered     object   `json:"time_ordered"`
	Plots           []string `json:"plots"`
}

func evaluateJSON(t *testing.T, args ...string) (evaluationOutput, string) {
	t.Helper()
	got := tagifai(t, "", append([]string{"evaluate", "--json"}, args...)...)
	if got.code != success {
		t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
	}
	return parse[evaluationOutput](t, got.stdout), got.stderr
}

// labelledRows returns the rows of the labelled file from a to b, with another spelling, as a
// file of the columns text and tag.
func labelledRows(t *testing.T, a, b int, more string) string {
	t.Helper()
	data, err := dataset.Read(labelled)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("text,tag\n")
	for _, row := range data.Rows[a:b] {
		fmt.Fprintf(&text, "\"%s\",%s\n", strings.ReplaceAll(strings.Map(upper, strings.ReplaceAll(row.Text, " ", "  ")), `"`, `""`), row.Tag)
	}
	return write(t, "rows.csv", text.String()+more)
}

func upper(r rune) rune {
	if r > unicode.MaxASCII { // some others have no way back
		return r
	}
	return unicode.ToUpper(r)
}

const others = "an image that nobody saw before,computer-vision\nwords that nobody read before,natural-language-processing\nsomething else,other\n"

// A model that is judged by the rows it was trained on says so.
func TestEvaluateTrained(t *testing.T) {
	with, without := trained(t, object{"folds": 3}), trained(t, nil)
	old := trained(t, object{"folds": 3}) // as older programs wrote them
	if err := os.Remove(filepath.Join(old, dataset.SeenFile)); err != nil {
		t.Fatal(err)
	}
	remembers := func(seen, rows int) string {
		return fmt.Sprintf(": the model was trained on %d of %d rows, so the figures show how well it remembers them, not how good it is; --unseen leaves them out\n", seen, rows)
	}
	const none = "its performance.json has no out-of-fold figures; --folds 5 finds them\n"
	tests := []struct {
		name, dir, file string
		stderr          string
		trainedOn       object
		outOfFold       bool
	}{
		{"the same file", with, labelled, labelled + remembers(62, 62), object{"same_file": true, "rows": 62.}, true},
		{"the same file, no folds", without, labelled, labelled + remembers(62, 62) + none, object{"same_file": true, "rows": 62.}, false},
		{"the same file, an old artifact", old, labelled, labelled + ": the model was trained on this file, so the figures show how well it remembers its rows, not how good it is\n", object{"same_file": true}, true},
		{"the same rows in another spelling", with, labelledRows(t, 0, 62, ""), "rows.csv" + remembers(62, 62), object{"same_file": false, "rows": 62.}, true},
		{"most rows", with, labelledRows(t, 0, 4, others), "rows.csv" + remembers(4, 7), object{"same_file": false, "rows": 4.}, true},
		{"some rows", with, labelledRows(t, 0, 2, others), "rows.csv" + remembers(2, 5), object{"same_file": false, "rows": 2.}, false},
		{"no row", with, labelledRows(t, 0, 0, others), "", object{"same_file": false, "rows": 0.}, false},
		{"no row, an old artifact", old, labelledRows(t, 0, 0, others), "", nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, stderr := evaluateJSON(t, "--data", test.file, "--model", test.dir)
			if !strings.HasSuffix(stderr, test.stderr) || test.stderr == "" && stderr != "" {
				t.Errorf("stderr is %q, want %q", stderr, test.stderr)
			}
			if diff := cmp.Diff(got.TrainedOn, test.trainedOn); diff != "" {
				t.Error(diff)
			}
			var want object
			if test.outOfFold {
				want = parse[object](t, readFile(t, test.dir, "performance.json"))["cross_validation"].(object)
			}
			if diff := cmp.Diff(got.OutOfFold, want); diff != "" {
				t.Error(diff)
			}
			out := succeedNoting(t, "evaluate", "--data", test.file, "--model", test.dir)
			if got := strings.Contains(out, "out of 3 folds, by models that had not seen the row"); got != test.outOfFold {
				t.Errorf("the figures beside it: %v, want %v, in\n%s", got, test.outOfFold, out)
			}
		})
	}
}

// succeedNoting is succeed for a command that may write to stderr.
func succeedNoting(t *testing.T, args ...string) string {
	t.Helper()
	got := tagifai(t, "", args...)
	if got.code != success {
		t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
	}
	return got.stdout
}

func TestEvaluateUnseen(t *testing.T) {
	dir := trained(t, nil)
	t.Run("some rows", func(t *testing.T) {
		got, stderr := evaluateJSON(t, "--data", labelledRows(t, 0, 10, others), "--model", dir, "--unseen")
		want, _ := evaluateJSON(t, "--data", labelledRows(t, 0, 0, others), "--model", dir)
		if !strings.HasSuffix(stderr, "rows.csv: 10 of 13 rows are left out, since the model was trained on them\n") {
			t.Error(stderr)
		}
		if diff := cmp.Diff(got.TrainedOn, object{"same_file": false, "rows": 10., "left_out": 10.}); diff != "" {
			t.Error(diff)
		}
		got.TrainedOn, want.TrainedOn = nil, nil
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("not as if they were not there: %s", diff)
		}
	})
	// Without the refit, a model has seen all but the test part.
	t.Run("the test part", func(t *testing.T) {
		dir := trained(t, object{"refit": false})
		got, _ := evaluateJSON(t, "--data", labelled, "--model", dir, "--unseen")
		want := parse[evaluationOutput](t, readFile(t, dir, "performance.json"))
		if diff := cmp.Diff(got.Overall, want.Overall); diff != "" || got.Rows != 10 {
			t.Errorf("%d rows: %s", got.Rows, diff)
		}
		if diff := cmp.Diff(got.Calibration, want.Calibration, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("converted", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out")
		succeed(t, "", "convert", dir, out)
		if diff := cmp.Diff(readFile(t, out, dataset.SeenFile), readFile(t, dir, dataset.SeenFile)); diff != "" {
			t.Error(diff)
		}
	})
	old := trained(t, nil)
	if err := os.Remove(filepath.Join(old, dataset.SeenFile)); err != nil {
		t.Fatal(err)
	}
	broken := func(text string) string {
		dir := trained(t, nil)
		put(t, filepath.Join(dir, dataset.SeenFile), text)
		return dir
	}
	tests := []struct {
		name, dir string
		args      []string
		parts     []string
	}{
		{"every row", dir, []string{"--data", labelled, "--unseen"}, []string{labelled, "every row", "--folds 5"}},
		{"an old artifact", old, []string{"--data", labelled, "--unseen"}, []string{"--unseen", "training_texts.json"}},
		{"with folds", dir, []string{"--data", labelled, "--unseen", "--folds", "2"}, []string{"--unseen", "--folds"}},
		{"no JSON", broken("x"), []string{"--data", labelled}, []string{"training_texts.json"}},
		{"five bytes", broken(`{"texts":2,"sha256_32":"AAAAAAA="}`), []string{"--data", labelled}, []string{"training_texts.json", "5 bytes"}},
		{"not in order", broken(`{"texts":2,"sha256_32":"AAAAAgAAAAE="}`), []string{"--data", labelled}, []string{"training_texts.json", "ascending"}},
		{"more than texts", broken(`{"texts":1,"sha256_32":"AAAAAQAAAAI="}`), []string{"--data", labelled}, []string{"training_texts.json", "of 1 texts"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fail(t, test.parts, append([]string{"evaluate", "--model", test.dir}, test.args...)...)
		})
	}
}

func TestEvaluateUnknownTags(t *testing.T) {
	dir := trained(t, nil)
	file := write(t, "data.csv", "text,tag\nan image,computer-vision\na dance,dancing\na song,singing\nanother dance,dancing\n")
	got, stderr := evaluateJSON(t, "--data", file, "--model", dir)
	if want := file + ": the model does not know the tags of 3 rows, which count as other: \"dancing\" (2), \"singing\" (1)\n"; stderr != want {
		t.Errorf("got %q, want %q", stderr, want)
	}
	if diff := cmp.Diff(got.Unknown, []object{{"tag": "dancing", "rows": 2.}, {"tag": "singing", "rows": 1.}}); diff != "" {
		t.Error(diff)
	}
}

func TestEvaluateJSON(t *testing.T) {
	dir := trained(t, object{"folds": 3})
	file := labelledRows(t, 0, 0, others)
	pictures := filepath.Join(t.TempDir(), "pictures", "of it")
	paths := []string{
		filepath.Join(pictures, "confusion_matrix.png"), filepath.Join(pictures, "confusion_matrix.svg"),
		filepath.Join(pictures, "reliability.png"), filepath.Join(pictures, "reliability.svg"),
	}
	t.Run("a model", func(t *testing.T) {
		got, _ := evaluateJSON(t, "--data", file, "--model", dir, "--plot", "--out", pictures)
		if diff := cmp.Diff(got.Plots, paths); diff != "" {
			t.Error(diff)
		}
		out := succeed(t, "", "evaluate", "--data", file, "--model", dir, "--plot", "--out", pictures)
		for _, path := range paths {
			if !strings.Contains(out, "plot "+path+"\n") {
				t.Errorf("%s is not named in\n%s", path, out)
			}
		}
		rows := table(t, out)
		for name, m := range map[string]map[string]float64{"overall": got.Overall, "other": got.Class["other"], "slice short_text": got.Slices["short_text"]} {
			want := []string{fmt.Sprintf("%.3f", m["precision"]), fmt.Sprintf("%.3f", m["recall"]), fmt.Sprintf("%.3f", m["f1"]), fmt.Sprint(m["num_samples"])}
			if diff := cmp.Diff(rows[name], want); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		for _, key := range []string{"expected_calibration_error", "brier_score", "log_loss"} {
			if text := fmt.Sprintf("  %.3f\n", got.Calibration[key]); !strings.Contains(out, text) {
				t.Errorf("%s %s is not in\n%s", key, text, out)
			}
		}
		samples := 0
		for _, row := range got.Confusion {
			for _, n := range row {
				samples += n
			}
		}
		if samples != 3 || got.Rows != 3 || len(got.Confusion) != len(got.Classes) {
			t.Errorf("%d rows, %d of them in the confusion matrix %v of the classes %q", got.Rows, samples, got.Confusion, got.Classes)
		}
	})
	// What train writes is what evaluate says.
	t.Run("folds", func(t *testing.T) {
		got, _ := evaluateJSON(t, "--data", labelled, "--model", dir, "--folds", "3", "--plot", "--out", pictures)
		want := parse[evaluationOutput](t, readFile(t, dir, "performance.json"))
		if diff := cmp.Diff(got.CrossValidation, want.CrossValidation); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(got.Plots, paths); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("seeds", func(t *testing.T) {
		three, _ := evaluateJSON(t, "--data", labelled, "--model", dir, "--folds", "3", "--seeds", "3")
		runs := three.CrossValidation["runs"].([]any)
		mean := 0.0
		for i, run := range runs {
			if seed := run.(object)["seed"]; seed != float64(10+i) {
				t.Errorf("run %d has the seed %v", i, seed)
			}
			mean += run.(object)["f1"].(float64) / 3
		}
		got := three.CrossValidation["mean"].(object)["f1"].(float64)
		if len(runs) != 3 || fmt.Sprintf("%.9f", got) != fmt.Sprintf("%.9f", mean) {
			t.Errorf("%d runs of mean %v, want 3 of mean %v", len(runs), got, mean)
		}
		one, _ := evaluateJSON(t, "--data", labelled, "--model", dir, "--folds", "3")
		if diff := cmp.Diff(runs[0], one.CrossValidation["runs"].([]any)[0]); diff != "" {
			t.Errorf("the first is not what it is alone: %s", diff)
		}
		if samples := three.CrossValidation["overall"].(object)["num_samples"]; samples != 3*62. {
			t.Errorf("%v samples", samples)
		}
		fail(t, []string{"--seeds"}, "evaluate", "--data", labelled, "--seeds", "2")
		fail(t, []string{"--seeds is 0"}, "evaluate", "--data", labelled, "--folds", "2", "--seeds", "0")
	})
	t.Run("not a directory", func(t *testing.T) {
		fail(t, []string{file}, "evaluate", "--data", file, "--model", dir, "--plot", "--out", filepath.Join(file, "x"))
	})
}

// The slices of args.json are those of train and of evaluate.
func TestSlices(t *testing.T) {
	slicing := []object{{"name": "images", "pattern": "(?i)image|picture"}, {"name": "of mlops", "tag": "mlops"}}
	dir := trained(t, object{"slices": slicing, "folds": 2})
	count := func(performance evaluationOutput) string {
		return fmt.Sprint(len(performance.Slices), performance.Slices["images"]["num_samples"], performance.Slices["of mlops"]["num_samples"])
	}
	file := write(t, "data.csv", "text,tag\nAn IMAGE,computer-vision\na picture of words,other\na service,mlops\nnothing,mlops\nno,other\n")
	got, _ := evaluateJSON(t, "--data", file, "--model", dir)
	if diff := cmp.Diff(count(got), "2 2 2"); diff != "" {
		t.Error(diff)
	}
	performance := parse[evaluationOutput](t, readFile(t, dir, "performance.json"))
	of := performance.CrossValidation["slices"].(object)["of mlops"].(object)
	if diff := cmp.Diff(fmt.Sprint(len(performance.Slices), of["num_samples"]), "2 11"); diff != "" {
		t.Error(diff)
	}
	for name, bad := range map[string]any{
		"slices.0.pattern: error parsing regexp": []object{{"name": "a", "pattern": "("}},
		"slices.0.name: missing":                 []object{{"pattern": "a"}},
		"slices.1.name":                          []object{{"name": "a", "pattern": "a"}, {"name": "a", "pattern": "b"}},
		"slices.0.patern: unknown; did you mean": []object{{"name": "a", "patern": "a"}},
		"slices: ":                               object{"a": "b"},
	} {
		fail(t, []string{name}, "train", "--data", labelled, "--args", quick(t, object{"slices": bad}), "--out", filepath.Join(t.TempDir(), "run"))
	}
	t.Run("other classes have none", func(t *testing.T) {
		file := write(t, "two.csv", "text,tag\n"+strings.Repeat("ham and eggs,ham\nspam and eggs,spam\n", 5))
		out := filepath.Join(t.TempDir(), "run")
		if got := succeed(t, "", "train", "--data", file, "--args", quick(t, nil), "--out", out); strings.Contains(got, "slice") {
			t.Error(got)
		}
		if diff := cmp.Diff(parse[object](t, readFile(t, out, "performance.json"))["slices"], any(object{})); diff != "" {
			t.Error(diff)
		}
	})
}

// Where rows have times, the newest are judged by a model of the older ones.
func TestTimeOrdered(t *testing.T) {
	data, err := dataset.Read(labelled)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("created_on,text,tag\n")
	for i, row := range data.Rows {
		fmt.Fprintf(&text, "2020-0%d-%02d 10:11:12,\"%s\",%s\n", 1+i/28, 1+i%28, strings.ReplaceAll(row.Text, `"`, `""`), row.Tag)
	}
	file := write(t, "dated.csv", text.String())
	dir := filepath.Join(t.TempDir(), "run")
	out := succeed(t, "", "train", "--data", file, "--args", quick(t, object{"folds": 2}), "--out", dir)
	if want := "rows from 2020-02-26 on, by a model of the 53 older ones\n"; !strings.Contains(out, want) {
		t.Errorf("%q is missing in\n%s", want, out)
	}
	ordered := parse[evaluationOutput](t, readFile(t, dir, "performance.json")).TimeOrdered
	if diff := cmp.Diff(fmt.Sprintf("%v %v %v", ordered["num_train"], ordered["from"], ordered["overall"].(object)["num_samples"]), "53 2020-02-26T10:11:12Z 9"); diff != "" {
		t.Error(diff)
	}
	got, _ := evaluateJSON(t, "--data", file, "--model", dir, "--folds", "2")
	if diff := cmp.Diff(got.TimeOrdered, ordered); diff != "" {
		t.Error(diff)
	}
	without := parse[object](t, readFile(t, trained(t, object{"folds": 2}), "performance.json"))
	keys := make([]string, 0, len(without))
	for key := range without {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if diff := cmp.Diff(keys, []string{"calibration", "class", "cross_validation", "overall", "slices"}); diff != "" {
		t.Errorf("without times: %s", diff)
	}
}
