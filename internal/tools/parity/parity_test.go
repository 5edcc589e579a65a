package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/model"
)

func TestTable(t *testing.T) {
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"Transfer learning with transformers for text classification.", "Bees at a hive"}
	for _, test := range []struct {
		name   string
		change func(want *expected)
		broken bool // the model cannot be opened
		cell   string
		fails  int
	}{
		{name: "equal", change: func(*expected) {}, cell: "0"},
		{name: "within the tolerance", change: func(want *expected) { want.Probabilities[1][0] += 1e-13 }, cell: "1e-13"},
		{name: "beyond it", change: func(want *expected) { want.Probabilities[1][0] += 1e-11 }, cell: "**1e-11**", fails: 1},
		{name: "another tag", change: func(want *expected) { want.Tags[0] = "bees" }, cell: "**1 tags**", fails: 1},
		{name: "other classes", change: func(want *expected) { want.Classes = []string{"bees"} }, cell: "**classes", fails: 1},
		{name: "tags alone", change: func(want *expected) { want.Probabilities = nil }, cell: "="},
		{name: "too many probabilities", change: func(want *expected) { want.Probabilities[0] = nil }, cell: "**+Inf**", fails: 1},
		{name: "refused", change: func(*expected) {}, broken: true, cell: "**refused** [1]", fails: 1},
		{name: "refused as it should be", change: func(want *expected) { want.Refused = []string{"args.json"} }, broken: true, cell: "refused [1]"},
		{
			name: "refused without its reason", change: func(want *expected) { want.Refused = []string{"forest"} },
			broken: true, cell: `**does not name "forest"** [1]`, fails: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := &expected{Name: "a row", Version: "1.9.1", Tolerance: 1e-12, Texts: texts, Classes: m.Classes()}
			for _, p := range m.PredictAll(texts) {
				want.Tags = append(want.Tags, p.Tag)
				want.Probabilities = append(want.Probabilities, p.Probabilities)
			}
			test.change(want)
			dir := t.TempDir()
			writeTree(t, filepath.Join(dir, "a-row"), want, test.broken)

			c, err := compareVersion(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			table := table{c}
			var b strings.Builder
			if err := table.write(&b); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(b.String(), "| pipeline | 1.9.1 |\n|---|---|\n| a row | "+test.cell) {
				t.Errorf("the cell is not %q: %s", test.cell, b.String())
			}
			if got := table.failures(); got != test.fails {
				t.Errorf("got %d failures, want %d", got, test.fails)
			}
		})
	}
}

// writeTree writes what pipelines.py does, with the default model.
func writeTree(t *testing.T, dir string, want *expected, broken bool) {
	t.Helper()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "own")
	if err := os.CopyFS(path, model.DefaultFS()); err != nil {
		t.Fatal(err)
	}
	if broken {
		if err := os.Remove(filepath.Join(path, "args.json")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, expectedFile), data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestReadVersions(t *testing.T) {
	got, err := readVersions("# names\n\n1.9  python3.13  scikit-learn==1.9.1 joblib\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []version{{"1.9", "python3.13", []string{"scikit-learn==1.9.1", "joblib"}}}
	if diff := cmp.Diff(got, want, cmp.AllowUnexported(version{})); diff != "" {
		t.Error(diff)
	}
	if _, err := readVersions("1.9 python3.13"); err == nil {
		t.Error("a line without requirements has no error")
	}
}

func TestChoose(t *testing.T) {
	all, err := choose("")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 9 {
		t.Errorf("versions.txt has %d versions, want 9", len(all))
	}
	if _, err := choose("1.9,2.0"); err == nil || !strings.Contains(err.Error(), `"2.0"`) {
		t.Errorf("got error %v for a version that is not there", err)
	}
}
