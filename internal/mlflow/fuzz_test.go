package mlflow_test

import (
	"path/filepath"
	"testing"
	"testing/fstest"

	"tagifai/internal/mlflow"
	"tagifai/model"
)

// FuzzDirectory looks for descriptions and examples that make the reader panic.
func FuzzDirectory(f *testing.F) {
	const example = "serving_input_example.json"
	files := readDir(f, filepath.Join("testdata", "1.9-mlflow3-example"))
	for _, dir := range fixtures(f) {
		seed := readDir(f, dir)
		data := []byte("{}")
		if seed[example] != nil {
			data = seed[example].Data
		}
		f.Add(seed[mlflow.ModelFile].Data, data)
	}
	f.Fuzz(func(_ *testing.T, description, data []byte) {
		m, err := model.OpenFS(fstest.MapFS{mlflow.ModelFile: {Data: description}, example: {Data: data}, "model.pkl": files["model.pkl"]}, mlflow.Format)
		if err == nil {
			_ = m.Predict("a text")
		}
	})
}
