package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/monitor"
	"tagifai/model"
)

func defaultModel(t *testing.T) *model.Model {
	t.Helper()
	m, err := cli.OpenModel(nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// cooking is a file of so many texts that no model of ours was trained on.
func cooking(t *testing.T, rows int) string {
	t.Helper()
	recipes := []string{
		"Simmer the lentils with garlic, cumin and a bay leaf until they are tender",
		"Whisk the egg yolks with sugar, then fold in the whipped cream",
		"Knead the dough for ten minutes and let it rise in a warm place",
		"Roast the aubergines, peel them and mash the flesh with yoghurt and mint",
	}
	var text strings.Builder
	text.WriteString("text\n")
	for i := range rows {
		fmt.Fprintf(&text, "\"%s, %d g\"\n", recipes[i%len(recipes)], 10*i)
	}
	return write(t, "cooking.csv", text.String())
}

// The baseline of a training is of all rows, by models that had not seen them, or of the
// test part.
func TestTrainBaseline(t *testing.T) {
	for _, c := range []struct {
		folds int
		from  string
		texts uint64
	}{{0, "test part", 10}, {2, "out of 2 folds", 62}} {
		t.Run(c.from, func(t *testing.T) {
			dir := trained(t, object{"folds": c.folds})
			m, err := cli.OpenModel(&dir)
			if err != nil {
				t.Fatal(err)
			}
			b, err := monitor.Of(m)
			if err != nil {
				t.Fatal(err)
			}
			if b.From != c.from || b.Texts != c.texts {
				t.Errorf("got %d texts from %q, want %d from %q", b.Texts, b.From, c.texts, c.from)
			}
			// What the model was trained on it knows better than that.
			counter, known, all := 0, 0, 0
			data, err := textFlags{}.read(labelled)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range data.Rows {
				k, n := m.Known(row.Text)
				known, all, counter = known+k, all+n, counter+1
			}
			if seen := 1 - float64(known)/float64(all); c.folds > 0 && !(b.UnknownShare() > 1.5*seen) {
				t.Errorf("%.3f of the n-grams are unknown, and %.3f of those of texts that were seen", b.UnknownShare(), seen)
			}
		})
	}
}

func TestBaseline(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "watched")
	old := trained(t, nil)
	fail(t, []string{"the model was trained on every row"}, "baseline", "--data", labelled, trained(t, object{"refit": true}), dir)
	out := succeed(t, "", "baseline", "--data", cooking(t, 40), old, dir)
	if want := fmt.Sprintf("%s: a baseline of 40 texts of cooking.csv\n", filepath.Join(dir, "baseline.json")); out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if before, after := succeed(t, "a recurrent network\nsoup\n", "predict", "--model", old), succeed(t, "a recurrent network\nsoup\n", "predict", "--model", dir); before != after {
		t.Errorf("the predictions changed:\n%s\nbefore:\n%s", after, before)
	}
	// It is part of the artifact.
	file := filepath.Join(dir, "baseline.json")
	put(t, file, strings.Replace(readFile(t, file), "40", "41", 1))
	fail(t, []string{"baseline.json: changed or damaged"}, "predict", "--model", dir, "soup")
	// Other arguments give other predictions.
	stricter := filepath.Join(t.TempDir(), "stricter")
	if out := succeed(t, "", "convert", "--set", "threshold=0.9", old, stricter); !strings.Contains(out, "baseline.json is left out") {
		t.Errorf("got %q", out)
	}
	if _, err := os.Stat(filepath.Join(stricter, "baseline.json")); err == nil {
		t.Error("the baseline of another threshold is kept")
	}
}

func TestDrift(t *testing.T) {
	dir := trained(t, object{"folds": 2})
	soup := cooking(t, 60)

	if out := succeedNoting(t, "drift", "--model", dir, labelled, labelled, "--max-psi", "0"); strings.Contains(out, "drifted") {
		t.Errorf("a file drifts from itself:\n%s", out)
	}
	if got := tagifai(t, "", "drift", "--model", dir, labelled); !strings.Contains(got.stdout, "\naccuracy ") || !strings.Contains(got.stderr, "trained on 62 of 62 rows") {
		t.Errorf("of a file with tags that the model was trained on: got %q and %q", got.stdout, got.stderr)
	}
	if out := succeed(t, "", "drift", "--model", dir, soup); strings.Contains(out, "\naccuracy ") {
		t.Errorf("a file without tags has an accuracy:\n%s", out)
	}
	result := tagifai(t, "", "drift", "--model", dir, labelled, soup, "--max-psi", "0.2", "--json")
	if result.code != worse || !strings.Contains(result.stderr, "unknown_ngrams") {
		t.Errorf("cooking: got code %d and %q, want %d and unknown_ngrams", result.code, result.stderr, worse)
	}
	r := parse[struct {
		Texts    int `json:"texts"`
		Features []struct {
			Name string     `json:"name"`
			PSI  float64    `json:"psi"`
			Bins []struct{} `json:"bins"`
		} `json:"features"`
		Accuracy *float64 `json:"expected_accuracy"`
	}](t, result.stdout)
	if len(r.Features) != 4 || r.Texts != 60 || r.Accuracy == nil {
		t.Errorf("got %+v", r)
	}
	if page := succeed(t, "", "drift", "--model", dir, soup, "--html"); !strings.Contains(page, "cooking.csv against the baseline, out of 2 folds") || !strings.Contains(page, `<td class="drifted">drifted`) || !strings.Contains(page, "</html>") {
		t.Errorf("got %q", page)
	}
	fail(t, []string{"baseline.json", "tagifai baseline"}, "drift", "--model", sansBaseline(t, dir), soup)
	fail(t, []string{"3 files"}, "drift", "--model", dir, soup, soup, soup)
	fail(t, []string{"--max-psi"}, "drift", "--model", dir, soup, "--max-psi=-1")
}

// sansBaseline returns a copy of the model without a baseline.
func sansBaseline(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "sans")
	succeed(t, "", "convert", "--set", "refit=false", dir, out)
	return out
}

// A batch ends with the comparison.
func TestBatchDrift(t *testing.T) {
	dir := trained(t, object{"folds": 2})
	out := filepath.Join(t.TempDir(), "tags.csv")
	result := tagifai(t, "", "batch", "--from", cooking(t, 60), "--to", out, "--model", dir)
	if result.code != success {
		t.Fatal(result.stderr)
	}
	lines := strings.Split(strings.TrimSpace(result.stderr), "\n")
	done := parse[struct {
		Message string `json:"message"`
		Drift   *struct {
			Texts    int `json:"texts"`
			Features []struct {
				Name string  `json:"name"`
				PSI  float64 `json:"psi"`
			} `json:"features"`
		} `json:"drift"`
	}](t, lines[len(lines)-1])
	if done.Message != "done" || done.Drift == nil || done.Drift.Texts != 60 || !(done.Drift.Features[2].PSI > .2) {
		t.Errorf("got %s", lines[len(lines)-1])
	}
	result = tagifai(t, "", "batch", "--from", cooking(t, 60), "--to", out+"2.csv", "--model", sansBaseline(t, dir))
	if result.code != success || strings.Contains(result.stderr, "drift") {
		t.Errorf("without a baseline: got %d, %s", result.code, result.stderr)
	}
}
