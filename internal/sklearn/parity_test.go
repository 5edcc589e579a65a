package sklearn_test

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tagifai/internal/sklearn"
	"tagifai/model"
)

// tolerance is how far a probability may be from scikit-learn's.
const tolerance = 1e-12

// shared holds directories that users of the original trained and published. A clone
// need not have it beside it.
const shared = "../../../shared"

// expected is what scikit-learn answers.
type expected struct {
	Probabilities [][]float64
	Tags          []string // nil: the most probable class, of those there are
	Classes       map[string]int
	Rows          int // of labelled.csv, behind the texts
}

// tag is the tag of text i.
func (e *expected) tag(i int) string {
	if e.Tags != nil {
		return e.Tags[i]
	}
	best := 0
	for k, p := range e.Probabilities[i] {
		if p > e.Probabilities[i][best] {
			best = k
		}
	}
	for class, index := range e.Classes {
		if index == best {
			return class
		}
	}
	return ""
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// rows returns the first n rows of a labelled file, of the known tags if that is not
// nil, as title + " " + description.
func rows(t testing.TB, name string, known map[string]bool, n int) []string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := make(map[string]int)
	for i, name := range records[0] {
		column[name] = i
	}
	var texts []string
	for _, record := range records[1:] {
		if known == nil || known[record[column["tag"]]] {
			texts = append(texts, record[column["title"]]+" "+record[column["description"]])
		}
	}
	return texts[:min(n, len(texts))]
}

// compare holds a model's answers against scikit-learn's and returns the largest
// difference in probability and the number of tags that differ.
func compare(t *testing.T, m *model.Model, texts []string, want expected) (largest float64, tags int) {
	t.Helper()
	if len(want.Probabilities) != len(texts) {
		t.Fatalf("%d answers for %d texts", len(want.Probabilities), len(texts))
	}
	for i, p := range m.PredictAll(texts) {
		if len(p.Probabilities) != len(want.Probabilities[i]) {
			t.Fatalf("%d classes, want %d", len(p.Probabilities), len(want.Probabilities[i]))
		}
		for k, got := range p.Probabilities {
			d := math.Abs(got - want.Probabilities[i][k])
			if !(d <= tolerance) {
				t.Errorf("%q: class %d: got %v, want %v", texts[i], k, got, want.Probabilities[i][k])
			}
			largest = max(largest, d)
		}
		if tag := want.tag(i); p.Tag != tag {
			t.Errorf("%q: got %s, want %s", texts[i], p.Tag, tag)
			tags++
		}
	}
	return largest, tags
}

// sharedDirs skips the test if there are no published directories.
func sharedDirs(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(shared, "sklearn", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) == 0 {
		t.Skipf("%s has no directories: the fixtures alone are tested", filepath.Join(shared, "sklearn"))
	}
	return dirs
}

// TestPublished holds the directories that others published against what
// scikit-learn answers for them.
func TestPublished(t *testing.T) {
	dirs := sharedDirs(t)
	var texts []string
	readJSON(t, filepath.Join(shared, "texts", "texts.json"), &texts)
	texts = append(texts, rows(t, filepath.Join(shared, "datasets", "dataset.csv"), nil, 120)...)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want expected
			readJSON(t, filepath.Join(dir, "expected.json"), &want)
			a, err := model.ReadArtifact(os.DirFS(dir), sklearn.Format)
			if err != nil {
				t.Fatal(err)
			}
			m, err := model.New(a)
			if err != nil {
				t.Fatal(err)
			}
			largest, tags := compare(t, m, texts, want)
			t.Logf("%s, %d n-grams, %d texts: at most %.1e apart, %d tags differ", a.Weights.Blocks[0].Vectorizer.Analyzer, a.Weights.Features(), len(texts), largest, tags)
		})
	}
}

// fixtures are the directories that testdata/generate.py writes.
func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*", "expected.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for i, file := range files {
		files[i] = filepath.Dir(file)
	}
	return files
}

// TestParity holds every option, file and version that is supported against what
// scikit-learn answers.
func TestParity(t *testing.T) {
	var texts []string
	readJSON(t, filepath.Join("..", "..", "model", "testdata", "texts.json"), &texts)
	labelled := filepath.Join("..", "train", "testdata", "labelled.csv")
	for _, dir := range fixtures(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want expected
			readJSON(t, filepath.Join(dir, "expected.json"), &want)
			m, err := model.Open(dir, sklearn.Format)
			if err != nil {
				t.Fatal(err)
			}
			known := make(map[string]bool) // the rows are those of the model's classes
			for _, class := range m.Classes() {
				known[class] = true
			}
			compare(t, m, append(slices.Clip(texts), rows(t, labelled, known, want.Rows)...), want)
		})
	}
}

// BenchmarkRead reads the two pickles of the published directories; BenchmarkOpen
// makes models of them.
func BenchmarkRead(b *testing.B) {
	for _, dir := range sharedDirs(b) {
		b.Run(filepath.Base(dir), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := model.ReadArtifact(os.DirFS(dir), sklearn.Format); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, dir := range sharedDirs(b) {
		b.Run(filepath.Base(dir), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := model.Open(dir, sklearn.Format); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
