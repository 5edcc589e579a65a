package mlflow_test

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-json-experiment/json"

	"tagifai/internal/mlflow"
	"tagifai/model"
)

const tolerance = 1e-12

// fixtures are the directories that ../sklearn/testdata/files.py writes.
func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*", mlflow.ModelFile))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for i, file := range files {
		files[i] = filepath.Dir(file)
	}
	return files
}

// readDir returns the files of a directory.
func readDir(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(fstest.MapFS)
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = &fstest.MapFile{Data: data}
	}
	return files
}

func readJSON(t testing.TB, name string, value any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// readTexts returns the texts that the fixtures have answers to, and the first rows of
// their classes.
func readTexts(t testing.TB, rows int) []string {
	t.Helper()
	var texts []string
	readJSON(t, filepath.Join("..", "..", "model", "testdata", "texts.json"), &texts)
	data, err := os.ReadFile(filepath.Join("..", "train", "testdata", "labelled.csv"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := make(map[string]int)
	for i, name := range records[0] {
		column[name] = i
	}
	known := map[string]bool{"computer-vision": true, "mlops": true, "natural-language-processing": true, "other": true}
	for _, record := range records[1:] {
		if rows > 0 && known[record[column["tag"]]] {
			texts = append(texts, record[column["title"]]+" "+record[column["description"]])
			rows--
		}
	}
	return texts
}

// TestParity holds the directories of MLflow 2 and 3, in all their formats, against what
// scikit-learn answers.
func TestParity(t *testing.T) {
	for _, dir := range fixtures(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want struct {
				Rows          int         `json:"rows"`
				Tags          []string    `json:"tags"`
				Probabilities [][]float64 `json:"probabilities"`
			}
			readJSON(t, filepath.Join(dir, "expected.json"), &want)
			a, err := model.ReadDir(dir, mlflow.Format)
			if err != nil {
				t.Fatal(err)
			}
			version := strings.TrimPrefix(strings.Split(filepath.Base(dir), "-")[1], "mlflow")
			if got := a.Weights.Provenance["mlflow_version"]; !strings.HasPrefix(got, version+".") {
				t.Errorf("got version %q of MLflow, want %s", got, version)
			}
			m, err := model.New(a)
			if err != nil {
				t.Fatal(err)
			}
			texts := readTexts(t, want.Rows)
			if len(texts) != len(want.Tags) {
				t.Fatalf("%d texts, %d answers", len(texts), len(want.Tags))
			}
			for i, p := range m.PredictAll(texts) {
				if p.Tag != want.Tags[i] {
					t.Errorf("%q: got %s, want %s", texts[i], p.Tag, want.Tags[i])
				}
				for k, got := range p.Probabilities {
					if !(math.Abs(got-want.Probabilities[i][k]) <= tolerance) {
						t.Errorf("%q: class %d: got %v, want %v", texts[i], k, got, want.Probabilities[i][k])
					}
				}
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	const file = mlflow.ModelFile
	swap := func(old, replacement string) func(*testing.T, fstest.MapFS) {
		return func(t *testing.T, files fstest.MapFS) {
			t.Helper()
			data := files[file].Data
			if !bytes.Contains(data, []byte(old)) {
				t.Fatalf("%s has no %q", file, old)
			}
			files[file] = &fstest.MapFile{Data: bytes.Replace(data, []byte(old), []byte(replacement), 1)}
		}
	}
	inputs := func(columns string) func(*testing.T, fstest.MapFS) {
		return swap(`[{"type": "string", "required": true}]`, columns)
	}
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, fstest.MapFS)
		want  []string // in the error; nil if there is to be none
	}{
		{"nothing", swap("flavors", "flavors"), nil},
		{"another flavour", swap("  sklearn:", "  xgboost:"), []string{file, "sklearn", "python_function, xgboost"}},
		{"no flavours", swap("flavors:", "tastes:"), []string{file, "sklearn", "nothing"}},
		{"not YAML", swap("flavors:", "{flavors:"), []string{file}},
		{"YAML of other kinds", swap("flavors:", "signature: 1\nsaved_input_example_info: 2\nflavors:"), []string{file}},
		{"another serialization", swap("serialization_format: cloudpickle", "serialization_format: dill"), []string{file, "serialization_format", "dill", "skops"}},
		{"no file", swap("pickled_model: model.pkl", "was: null"), []string{file, "pickled_model"}},
		{"the file is missing", swap("pickled_model: model.pkl", "pickled_model: other.pkl"), []string{"other.pkl", "not exist"}},
		{"a path out of the directory", swap("pickled_model: model.pkl", "pickled_model: ../model.pkl"), []string{file, "pickled_model", "../model.pkl"}},
		{"an absolute path", swap("pickled_model: model.pkl", "pickled_model: /etc/passwd"), []string{file, "pickled_model", "/etc/passwd"}},
		{"two columns", inputs(`[{"type": "string", "name": "title"}, {"type": "string", "name": "body"}]`), []string{file, "signature.inputs", "title of string", "body of string"}},
		{"a column of numbers", inputs(`[{"type": "double", "name": "age"}]`), []string{file, "signature.inputs", "age of double"}},
		{"a matrix", inputs(`[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]`), []string{file, "signature.inputs", "float64", "[-1 4]"}},
		{"a tensor of texts", inputs(`[{"type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1]}}]`), nil},
		{"a broken signature", inputs(`[{`), []string{file, "signature.inputs"}},
		{"a cloudpickled function", func(_ *testing.T, files fstest.MapFS) {
			files["model.pkl"] = &fstest.MapFile{Data: []byte("\x80\x04ccloudpickle.cloudpickle\n_make_function\n.")}
		}, []string{"model.pkl", "cloudpickle.cloudpickle._make_function", "is not supported"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := readDir(t, filepath.Join("testdata", "1.9-mlflow3-example"))
			c.spoil(t, files)
			_, err := model.OpenFS(files, mlflow.Format)
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("got a model")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not mention %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error %q has more than one line", err)
			}
		})
	}
}
