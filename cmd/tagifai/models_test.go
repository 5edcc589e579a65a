package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/dataset"
	"tagifai/internal/golden"
	"tagifai/internal/train"
	"tagifai/model"
)

// inStore returns a function that runs a subcommand of models on a store of its own, and
// the directory of that.
func inStore(t *testing.T) (command func(args ...string) []string, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "models")
	return func(args ...string) []string { return append([]string{"models", "--models", dir}, args...) }, dir
}

// From the first version to a rollback and a removal, as a person does it.
func TestModels(t *testing.T) {
	command, dir := inStore(t)
	first, second := trained(t, nil), trained(t, object{"num_epochs": 1})
	steps := []struct {
		args []string
		want string
	}{
		{command("add", "tagger", first, "--alias", "stable"), "1\n"},
		{command("add", "tagger", second), "2\n"},
		{command("alias", "tagger", "next", "2"), "tagger: next off -> 2\n"},
		{command("alias", "tagger", "stable", "next"), "tagger: stable 1 -> 2\n"},
		{command("alias", "tagger", "stable", "2"), "tagger: stable 1 -> 2\n"},
		{command("rollback", "tagger"), "tagger: stable 2 -> 1, rolled back\n"},
		{command("rollback", "tagger", "stable"), "tagifai: stable of \"tagger\" is at version 1, and no earlier one is known\n"},
		{command("canary", "tagger", "2", "12.5"), "tagger: canary off -> 2, 12.5%\n"},
		{command("shadow", "tagger", "2"), "tagger: shadow off -> 2\n"},
		{command("list"), "NAME    VERSIONS  STABLE  ALSO NAMED\ntagger  2         1       next 2, canary 2 (12.5%), shadow 2\n"},
		{command("list", "--json"), `[
  {
    "name": "tagger",
    "versions": [
      1,
      2
    ],
    "aliases": {
      "next": 2,
      "stable": 1
    },
    "canary": {
      "version": 2,
      "percent": 12.5
    },
    "shadow": {
      "version": 2
    }
  }
]
`},
		{command("remove", "tagger", "2"), "tagifai: version 2 of \"tagger\" is needed: the alias next is there; the canary is there; the shadow is there\n"},
		{command("canary", "tagger", "off"), "tagger: canary 2 -> off\n"},
		{command("shadow", "tagger", "off"), "tagger: shadow 2 -> off\n"},
		{command("shadow", "tagger", "off"), "tagger: shadow 2 -> off\n"},
		{command("alias", "tagger", "next", "off"), "tagger: next 2 -> off\n"},
		{command("alias", "tagger", "stable", "off"), "tagifai: stable is what requests get that name no version; move it to another version instead\n"},
		{command("canary", "tagger", "1", "0"), "tagger: canary off -> 1, 0%\n"},
		{command("canary", "tagger", "1", "off"), "tagger: canary 1 -> off\n"},
		{command("remove", "tagger", "2"), "tagger:2 is removed\n"},
		{command("add", "tagger", second, "--json"), "{\n  \"name\": \"tagger\",\n  \"version\": 3\n}\n"},
		{command("show", "nobody"), "tagifai: there is no model \"nobody\"; there is tagger\n"},
		{command("show", "tagger:7"), "tagifai: model \"tagger\" has no version 7; there are 1, 3\n"},
		{command("show", "tagger@next"), "tagifai: model \"tagger\" has no alias \"next\"; there is stable\n"},
		{command("alias", "tagger", "stable", "first"), "tagifai: model \"tagger\" has no alias \"first\"; there is stable\n"},
		{command("canary", "tagger", "3", "much"), "tagifai: the share of the canary is \"much\"; want a number from 0 to 100, in percent\n"},
		{command("canary", "tagger", "3", "NaN"), "tagifai: a share of NaN percent cannot be: want a number from 0 to 100\n"},
		{command("canary", "tagger", "off", "3"), "tagifai: canary off takes no share, and \"3\" is given\n"},
		{command("remove", "tagger", "stable"), "tagifai: \"stable\" cannot be a version: want a number from 1 to 999999999\n"},
		{command("add", "Tagger", first), "tagifai: \"Tagger\" cannot be the name of a model: want 1 to 63 of a-z, 0-9, '.', '_' and '-', the first of them a letter or a digit\n"},
	}
	for _, step := range steps {
		got := tagifai(t, "", step.args...)
		if diff := cmp.Diff(got.stdout+got.stderr, step.want); diff != "" {
			t.Errorf("tagifai %q: %s", step.args, diff)
		}
	}
	t.Run("show", func(t *testing.T) {
		shown := succeed(t, "", command("show", "tagger")...)
		for _, part := range []string{`VERSION\s+NAMED\s+ADDED\s+BYTES\s+FROM`, `(?m)^1\s+stable\s+20.* [0-9]+\s+` + regexp.QuoteMeta(first) + `$`, `(?m)^3\s+-\s+20`, `MOVED\s+WHAT\s+BY`, `stable 2 -> 1, rolled back\s+\S+@\S+`} {
			if !regexp.MustCompile(part).MatchString(shown) {
				t.Errorf("nothing matches %s in\n%s", part, shown)
			}
		}
		shown = succeed(t, "", command("show", "tagger@stable")...)
		for _, part := range []string{"tagger:1, stable\n", "all 8 files agree with the manifest; 32 golden predictions are reproduced\n", "vocabulary"} {
			if !strings.Contains(shown, part) {
				t.Errorf("%q is missing in\n%s", part, shown)
			}
		}
		version := parse[object](t, succeed(t, "", command("show", "tagger:3", "--json")...))
		if diff := cmp.Diff(fmt.Sprintln(version["name"], version["version"], version["golden"], version["names"], len(version["manifest"].(object)["files"].(object))), "tagger 3 32 [] 8\n"); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("adopt", func(t *testing.T) {
		if err := os.CopyFS(filepath.Join(dir, "tagger", "versions", "9"), os.DirFS(second)); err != nil {
			t.Fatal(err)
		}
		fail(t, []string{"no manifest.json", "tagifai models adopt tagger 9"}, command("alias", "tagger", "stable", "9")...)
		if got := succeed(t, "", command("adopt", "tagger", "9")...); got != "tagger:9 has a manifest and can be served\n" {
			t.Error(got)
		}
		succeed(t, "", command("alias", "tagger", "stable", "9")...)
	})
	t.Run("variable", func(t *testing.T) {
		t.Setenv("TAGIFAI_MODELS", dir)
		if got := succeed(t, "", "models", "list"); !strings.Contains(got, "tagger  3         9") {
			t.Error(got)
		}
	})
	t.Run("no store", func(t *testing.T) {
		absent := filepath.Join(t.TempDir(), "absent")
		fail(t, []string{absent, "tagifai models add makes"}, "models", "--models", absent, "list")
		fail(t, []string{filepath.Join(absent, "deeper")}, "models", "--models", filepath.Join(absent, "deeper"), "add", "tagger", first)
	})
}

// A version that must not be served is neither added nor given a name, and the reason is
// one line.
func TestModelsRefuse(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string)
		add   []string // parts of what add says of such a directory
		move  []string // parts of what alias says of such a version
	}{
		{"weights damaged", func(t *testing.T, dir string) {
			file := filepath.Join(dir, model.WeightsFile)
			data := []byte(readFile(t, file))
			data[len(data)-5] ^= 1
			put(t, file, string(data))
		}, []string{model.WeightsFile, "checksum"}, []string{model.WeightsFile, "has the SHA-256"}},
		{"weights truncated", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, model.WeightsFile), 1000); err != nil {
				t.Fatal(err)
			}
		}, []string{model.WeightsFile}, []string{model.WeightsFile, "has 1000 bytes, not"}},
		{"golden predictions wrong", func(t *testing.T, dir string) {
			file := filepath.Join(dir, golden.File)
			p := parse[object](t, readFile(t, file))
			p["probabilities"].([]any)[3].([]any)[1] = 0.123
			put(t, file, marshal(t, p))
		}, []string{"golden.json: text 3, \"", "probability of \"", "expected 0.123, got 0."}, []string{"golden.json"}},
		{"golden tag wrong", func(t *testing.T, dir string) {
			file := filepath.Join(dir, golden.File)
			p := parse[object](t, readFile(t, file))
			p["tags"].([]any)[0] = "sports"
			put(t, file, marshal(t, p))
		}, []string{"golden.json: text 0, \"", `tag: expected "sports", got "`}, []string{"golden.json"}},
		{"golden.json with an unknown key", func(t *testing.T, dir string) { put(t, filepath.Join(dir, golden.File), `{"tests": []}`) },
			[]string{"golden.json", "tests"}, []string{"golden.json"}},
		{"FIFO beside the model", func(t *testing.T, dir string) { fifo(t, filepath.Join(dir, "pipe")) }, []string{"pipe is a FIFO"}, []string{"pipe is a FIFO"}},
		{"FIFO as weights", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, model.WeightsFile)); err != nil {
				t.Fatal(err)
			}
			fifo(t, filepath.Join(dir, model.WeightsFile))
		}, []string{model.WeightsFile + " is a FIFO"}, []string{model.WeightsFile + " is a FIFO"}},
		{"link out of the tree", func(t *testing.T, dir string) {
			if err := os.Symlink("/etc/passwd", filepath.Join(dir, "passwd")); err != nil {
				t.Fatal(err)
			}
		}, []string{"passwd is a symbolic link"}, []string{"passwd is a symbolic link"}},
		{"deleted", func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, []string{"no such file"}, []string{"no version 2; there is 1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			command, dir := inStore(t)
			good, bad := trained(t, nil), trained(t, nil)
			succeed(t, "", command("add", "tagger", good, "--alias", "stable")...)
			succeed(t, "", command("add", "tagger", good)...)
			versions, aliases := filepath.Join(dir, "tagger", "versions"), filepath.Join(dir, "tagger", "aliases.json")
			before := readFile(t, aliases)
			test.spoil(t, bad)
			fail(t, test.add, command("add", "tagger", bad, "--alias", "stable")...)
			if diff := cmp.Diff(list(t, versions), []string{"1", "2"}); diff != "" {
				t.Errorf("after add: %s", diff)
			}
			test.spoil(t, filepath.Join(versions, "2"))
			fail(t, test.move, command("alias", "tagger", "stable", "2")...)
			fail(t, test.move, command("canary", "tagger", "2", "10")...)
			fail(t, test.move, command("shadow", "tagger", "2")...)
			fail(t, test.move, command("show", "tagger:2")...)
			if diff := cmp.Diff(readFile(t, aliases), before); diff != "" {
				t.Errorf("the aliases have changed: %s", diff)
			}
			// Nothing else is the worse for it.
			if got := succeed(t, "", command("add", "tagger", good, "--alias", "stable")...); got != "3\n" && got != "2\n" {
				t.Errorf("added as %s", got)
			}
		})
	}
}

// diffed is what models diff prints as JSON.
type diffed struct {
	A      diffedSide `json:"a"`
	B      diffedSide `json:"b"`
	Texts  int        `json:"texts"`
	Differ int        `json:"differ"`
	Most   []struct {
		A        string  `json:"a"`
		B        string  `json:"b"`
		Distance float64 `json:"distance"`
	} `json:"most"`
}

type diffedSide struct {
	Version int      `json:"version"`
	F1      *float64 `json:"weighted_f1"`
}

func TestModelsDiff(t *testing.T) {
	command, _ := inStore(t)
	good, poor := trained(t, nil), trained(t, object{"num_epochs": 1, "alpha": 10.0})
	succeed(t, "", command("add", "tagger", good, "--alias", "stable")...)
	succeed(t, "", command("add", "tagger", poor)...)
	diff := func(args ...string) []string { return append(command("diff", "tagger"), args...) }

	// What it says of both is what evaluate and predict say of each.
	data, err := dataset.Read(labelled)
	if err != nil {
		t.Fatal(err)
	}
	var f1 [2]float64
	var tags [2][]string
	for i, dir := range []string{good, poor} {
		m, err := model.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		report, err := train.Evaluate(t.Context(), m, data)
		if err != nil {
			t.Fatal(err)
		}
		f1[i] = report.Overall.F1
		for _, row := range data.Rows {
			tags[i] = append(tags[i], m.Tag(row.Text))
		}
	}
	differ := 0
	for i := range data.Rows {
		if tags[0][i] != tags[1][i] {
			differ++
		}
	}
	if f1[0]-f1[1] < 0.02 || differ == 0 {
		t.Fatalf("the second is not worse: %v, %d", f1, differ)
	}
	got := parse[diffed](t, succeed(t, "", diff("stable", "2", "--data", labelled, "--json", "--top", "3")...))
	if d := cmp.Diff(fmt.Sprint(got.Texts, got.Differ, *got.A.F1, *got.B.F1, got.A.Version, got.B.Version, len(got.Most)), fmt.Sprint(len(data.Rows), differ, f1[0], f1[1], 1, 2, 3)); d != "" {
		t.Error(d)
	}
	if got.Most[0].A == got.Most[0].B || got.Most[0].Distance < got.Most[1].Distance {
		t.Errorf("the texts are not in order: %+v", got.Most)
	}
	table := succeed(t, "", diff("1", "2", "--data", labelled)...)
	for _, part := range []string{fmt.Sprintf("texts        %d\n", len(data.Rows)), fmt.Sprintf("another tag  %d (", differ), fmt.Sprintf("%.4f in 1, %.4f in 2", f1[0], f1[1]), "DISTANCE"} {
		if !strings.Contains(table, part) {
			t.Errorf("%q is missing in\n%s", part, table)
		}
	}
	t.Run("same", func(t *testing.T) {
		table := succeed(t, "", diff("1", "stable", "--data", labelled, "--max-drop", "0")...)
		if !strings.Contains(table, "another tag  0 (0.0%)") || strings.Contains(table, "DISTANCE") {
			t.Error(table)
		}
	})
	unlabelled := write(t, "texts.csv", "text\nObject detection with YOLO\n\"two\nlines\"\n")
	tests := []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"worse than allowed", diff("stable", "2", "--data", labelled, "--max-drop", "0.01"), worse, fmt.Sprintf("tagifai: the weighted F1 drops by %.4f, more than the 0.01 that --max-drop allows\n", f1[0]-f1[1])},
		{"within what is allowed", diff("stable", "2", "--data", labelled, "--max-drop", "1"), success, ""},
		{"better", diff("2", "stable", "--data", labelled, "--max-drop", "0"), success, ""},
		{"no tags", diff("1", "2", "--data", unlabelled), success, ""},
		{"no tags, and a gate", diff("1", "2", "--data", unlabelled, "--max-drop", "0.1"), failure, "tagifai: " + unlabelled + " has no column tag, and --max-drop needs one\n"},
		{"a gate that is none", diff("1", "2", "--data", labelled, "--max-drop", "NaN"), failure, "tagifai: --max-drop is NaN; want a number from 0 to 1\n"},
		{"no such version", diff("1", "5", "--data", labelled), failure, "tagifai: model \"tagger\" has no version 5; there are 1, 2\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := tagifai(t, "", test.args...)
			if d := cmp.Diff(fmt.Sprint(got.code, got.stderr), fmt.Sprint(test.code, test.stderr)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A tag that only one of two versions knows counts against the other.
func TestModelsDiffClasses(t *testing.T) {
	command, _ := inStore(t)
	succeed(t, "", command("add", "tagger", trained(t, nil), "--alias", "stable")...)
	succeed(t, "", command("add", "tagger", trained(t, object{"accepted_tags": []string{"natural-language-processing", "computer-vision"}}))...)
	got := parse[diffed](t, succeed(t, "", command("diff", "tagger", "1", "2", "--data", labelled, "--json")...))
	if *got.B.F1 >= *got.A.F1 {
		t.Errorf("f1 is %v with all classes, and %v with two of them", *got.A.F1, *got.B.F1)
	}
}
