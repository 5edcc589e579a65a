package golden_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/golden"
	"tagifai/internal/sklearn"
	"tagifai/model"
)

var texts = []string{
	"Transfer learning with transformers for text classification.",
	"Object detection with YOLO",
	"Deploying a model behind a REST endpoint",
	"What to cook on a rainy Sunday",
}

func load(t *testing.T) *model.Model {
	t.Helper()
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// made returns golden.json of the default model as a program would see it.
func made(t *testing.T, m *model.Model) map[string]any {
	t.Helper()
	data, err := golden.Make(m, texts).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func dir(text string) fs.FS {
	return fstest.MapFS{golden.File: &fstest.MapFile{Data: []byte(text)}}
}

// row returns a row of a list of lists.
func row(object map[string]any, key string, i int) []any { return object[key].([]any)[i].([]any) }

func TestCheck(t *testing.T) {
	m := load(t)
	other := slices.Index(m.Classes(), model.Other)
	tests := []struct {
		name   string
		change func(object map[string]any)
		parts  []string // of the error; none if there is to be none
	}{
		{"as it is", func(map[string]any) {}, nil},
		{"no tags", func(o map[string]any) { delete(o, "tags") }, nil},
		{"wrong by 1e-10", func(o map[string]any) {
			row(o, "probabilities", 2)[0] = row(o, "probabilities", 2)[0].(float64) + 1e-10
		}, nil},
		{"wrong by 1e-8", func(o map[string]any) { row(o, "probabilities", 2)[0] = row(o, "probabilities", 2)[0].(float64) + 1e-8 },
			[]string{`golden.json: text 2, "Deploying a model behind a REST endpoint": probability of "computer-vision": expected 0.`, "got 0.", "may differ by 1e-09"}},
		{"wrong by 1e-8, and it says so", func(o map[string]any) {
			o["tolerance"] = 1e-7
			row(o, "probabilities", 2)[0] = row(o, "probabilities", 2)[0].(float64) + 1e-8
		}, nil},
		{"tag of another class", func(o map[string]any) { o["tags"].([]any)[0] = model.Other },
			[]string{"text 0", `tag: expected "other", got "`}},
		{"tag of no class", func(o map[string]any) { o["tags"].([]any)[0] = "sports" },
			[]string{"text 0", `tag: expected "sports", got "`}},
		{"number of another class", func(o map[string]any) { o["tags"].([]any)[0] = other }, []string{"text 0", fmt.Sprintf("tag: expected %d, got", other)}},
		{"number of no class", func(o map[string]any) { o["tags"].([]any)[0] = 4 }, []string{"text 0", "tag: expected 4, got"}},
		{"numbers of the classes", func(o map[string]any) {
			for i, tag := range o["tags"].([]any) {
				o["tags"].([]any)[i] = slices.Index(m.Classes(), tag.(string))
			}
		}, nil},
		{"a class too few", func(o map[string]any) { o["probabilities"].([]any)[1] = []float64{0.5, 0.5} },
			[]string{"text 1", "expected 2 numbers, got 4"}},
		{"scores", func(o map[string]any) {
			delete(o, "probabilities")
			o["scores"] = scores(m, o)
		}, nil},
		{"scores, one wrong", func(o map[string]any) {
			s := scores(m, o)
			s[3][1] += 1e-6
			o["scores"] = s
		}, []string{"text 3", `score of "mlops": expected `}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			object := made(t, m)
			test.change(object)
			data, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			n, err := golden.Check(dir(string(data)), m)
			if test.parts == nil {
				if diff := cmp.Diff(fmt.Sprint(n, err), "4 <nil>"); diff != "" {
					t.Error(diff)
				}
				return
			}
			for _, part := range test.parts {
				if !strings.Contains(fmt.Sprint(err), part) {
					t.Errorf("got the error %v, want one with %q", err, part)
				}
			}
		})
	}
}

func scores(m *model.Model, object map[string]any) [][]float64 {
	var rows [][]float64
	for _, text := range object["texts"].([]any) {
		rows = append(rows, m.Scores(text.(string)))
	}
	return rows
}

// Without the file there is nothing to check; that is not an error.
func TestNoFile(t *testing.T) {
	n, err := golden.Check(fstest.MapFS{}, load(t))
	if diff := cmp.Diff(fmt.Sprint(n, err), "0 <nil>"); diff != "" {
		t.Error(diff)
	}
	if _, err := golden.Read(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want an error that wraps fs.ErrNotExist", err)
	}
}

func TestRead(t *testing.T) {
	tests := []struct{ name, text, part string }{
		{"empty", ``, "EOF"},
		{"cut short", `{"texts": ["a"`, "EOF"},
		{"unknown key", `{"texts": ["a"], "probabilities": [[1]], "labels": [1]}`, "labels"},
		{"key twice", `{"texts": ["a"], "texts": ["a"], "probabilities": [[1]]}`, "texts"},
		{"NaN", `{"texts": ["a"], "probabilities": [[NaN]]}`, "'N'"},
		{"null", `null`, "there are none"},
		{"no texts", `{"texts": [], "probabilities": []}`, "texts: there are none"},
		{"texts alone", `{"texts": ["a"]}`, "neither probabilities nor scores"},
		{"texts and tags", `{"texts": ["a"], "tags": ["x"]}`, "neither probabilities nor scores"},
		{"fewer probabilities", `{"texts": ["a", "b"], "probabilities": [[1]]}`, "probabilities: there are 1 for 2 texts"},
		{"more tags", `{"texts": ["a"], "tags": ["x", "y"], "probabilities": [[1]]}`, "tags: there are 2 for 1 texts"},
		{"no scores", `{"texts": ["a"], "scores": []}`, "scores: there are 0 for 1 texts"},
		{"more than certain", `{"texts": ["a"], "probabilities": [[1.5]]}`, "probabilities[0]: 1.5"},
		{"too large for a float64", `{"texts": ["a"], "scores": [[1e999]]}`, "1e999"},
		{"tag of another kind", `{"texts": ["a"], "tags": [true], "probabilities": [[1]]}`, "true is neither"},
		{"tag with a fraction", `{"texts": ["a"], "tags": [1.5], "probabilities": [[1]]}`, "1.5 is neither"},
		{"scores of another kind", `{"texts": ["a"], "scores": ["1"]}`, "a number or a list"},
		{"tolerance too large", `{"texts": ["a"], "probabilities": [[1]], "tolerance": 1e-5}`, "tolerance: 1e-05 is not between 0 and 1e-06"},
		{"tolerance below 0", `{"texts": ["a"], "probabilities": [[1]], "tolerance": -1}`, "tolerance: -1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := golden.Read(dir(test.text))
			if text := fmt.Sprint(err); !strings.Contains(text, test.part) || !strings.Contains(text, golden.File) {
				t.Errorf("got the error %v, want one with %q", err, test.part)
			}
		})
	}
}

// A FIFO is refused, and not waited for.
func TestFIFO(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, golden.File), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := golden.Check(os.DirFS(dir), load(t)); !strings.Contains(fmt.Sprint(err), "golden.json: not a regular file") {
		t.Errorf("got %v", err)
	}
}

// Make takes so many different texts of all lengths, whatever their order.
func TestMake(t *testing.T) {
	m := load(t)
	var many []string
	for i := range 1000 {
		many = append(many, strings.Repeat("word ", i%100), "\xff")
	}
	p := golden.Make(m, many)
	slices.Reverse(many)
	if diff := cmp.Diff(golden.Make(m, many), p); diff != "" {
		t.Errorf("in another order: %s", diff)
	}
	if len(p.Texts) != golden.Count || len(slices.Compact(slices.Clone(p.Texts))) != golden.Count {
		t.Errorf("got %d texts, want %d different ones", len(p.Texts), golden.Count)
	}
	if p.Texts[0] != "" || p.Texts[golden.Count-1] != strings.Repeat("word ", 99) {
		t.Errorf("the shortest and the longest text are not among %q", p.Texts)
	}
}

// TestPython runs the lines that the README shows, beside real models of scikit-learn:
// of several classes and of two, with probabilities and with decision values.
func TestPython(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import sklearn").Run(); err != nil {
		t.Skipf("needs %s with scikit-learn: %v", python, err)
	}
	const before = `
import json, sys, joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
texts = ["red apples and pears", "green apples", "fast cars", "slow cars and vans", "boats at sea", "a boat"] * 3
dir, tags = sys.argv[1], sys.argv[2].split() * 3
names = sorted(set(tags))
vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
model = SGDClassifier(loss="log_loss", random_state=1)
model.fit(vectorizer.fit_transform(texts), [names.index(tag) for tag in tags])
joblib.dump(vectorizer, dir + "/vectorizer.pkl")
joblib.dump(model, dir + "/model.pkl")
json.dump({"class_to_index": {name: i for i, name in enumerate(names)}}, open(dir + "/label_encoder.json", "w"))
`
	lines := map[string]string{
		"probabilities": `
X = vectorizer.transform(texts)
golden = {"texts": texts, "tags": model.predict(X).tolist(), "probabilities": model.predict_proba(X).tolist()}
json.dump(golden, open(dir + "/golden.json", "w"))
`,
		"scores": `
X = vectorizer.transform(texts)
golden = {"texts": texts, "tags": model.predict(X).tolist(), "scores": model.decision_function(X).tolist()}
json.dump(golden, open(dir + "/golden.json", "w"))
`,
	}
	for _, classes := range []string{"fruit fruit road road water water", "land land land land water water"} {
		for kind, after := range lines {
			t.Run(kind+", "+classes, func(t *testing.T) {
				dir := t.TempDir()
				if out, err := exec.Command(python, "-c", before+after, dir, classes).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				m, err := model.Open(dir, sklearn.Format)
				if err != nil {
					t.Fatal(err)
				}
				n, err := golden.Check(os.DirFS(dir), m)
				if diff := cmp.Diff(fmt.Sprint(n, err), "18 <nil>"); diff != "" {
					t.Error(diff)
				}
				// It must be the numbers that were compared.
				file := filepath.Join(dir, golden.File)
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var object map[string]any
				if err := json.Unmarshal(data, &object); err != nil {
					t.Fatal(err)
				}
				object["tags"].([]any)[0] = 1 - object["tags"].([]any)[0].(float64)
				if data, err = json.Marshal(object); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, data, 0o644); err != nil {
					t.Fatal(err)
				}
				if _, err := golden.Check(os.DirFS(dir), m); err == nil {
					t.Error("a wrong tag is not noticed")
				}
			})
		}
	}
}

// Tags are those before the threshold, below which a model answers other.
func TestTagsBeforeThreshold(t *testing.T) {
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	if a.Args, err = a.Args.With("threshold", []byte("0.5")); err != nil {
		t.Fatal(err)
	}
	a.Changed = nil
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	p := golden.Make(m, append([]string{"", "?", "a", "qqq"}, texts...))
	fallbacks := 0
	for i, text := range p.Texts {
		probabilities := m.Predict(text).Probabilities
		best := m.Class(slices.Index(probabilities, slices.Max(probabilities)))
		if p.Tags[i].Name != best {
			t.Errorf("%q: got %s, want %q", text, p.Tags[i], best)
		}
		if best != m.Tag(text) {
			fallbacks++
		}
	}
	if fallbacks == 0 {
		t.Error("no text is below the threshold")
	}
}

// FuzzRead reads what is hostile: an error, or predictions that are written as they were
// read.
func FuzzRead(f *testing.F) {
	f.Add(`{"texts": ["a", "b"], "tags": ["x", 1], "probabilities": [[0.5, 0.5], [1, 0]], "scores": [1, -1e300], "tolerance": 1e-7}`)
	f.Add(`{"texts": ["a"], "scores": [[1, 2, 3]]}`)
	f.Add(`{"texts": ["\ud800"], "probabilities": [[NaN]]}`)
	m, err := model.Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := golden.Read(dir(text))
		if err != nil {
			return
		}
		_ = p.Check(m) // it differs; what counts is that it ends
		data, err := p.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := golden.Read(dir(string(data)))
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		if diff := cmp.Diff(again, p); diff != "" {
			t.Error(diff)
		}
	})
}
