package sklearn

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"tagifai/internal/pickle"
	"tagifai/model"
	"tagifai/model/linear"
	"tagifai/model/vocabulary"
)

// seeds are the files of a name in the fixtures.
func seeds(f *testing.F, name string) map[string][]byte {
	files, err := filepath.Glob(filepath.Join("testdata", "*", name))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	seeds := make(map[string][]byte)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		seeds[filepath.Dir(file)] = data
	}
	return seeds
}

// FuzzRead looks for objects that make the conversion panic, whatever they are and
// wherever they stand.
func FuzzRead(f *testing.F) {
	for _, name := range []string{modelFile, vectorizerFile, filepath.Join("*", "*", modelFile)} {
		for _, data := range seeds(f, name) {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := pickle.Decode(data, allowed)
		if err != nil {
			return
		}
		steps, err := stepsOf(root)
		if err != nil {
			return
		}
		for i, step := range steps {
			_ = step.String()
			f, err := readFeatures(steps[:i], 0)
			if err != nil {
				f = newFeatures(linear.Block{NGrams: vocabulary.New("a")})
			}
			if w, err := classifier(step, f, []string{"a", "b", "c", "d"}); err == nil {
				_ = w.Validate()
			}
		}
	})
}

// FuzzOpen looks for directories that make the conversion panic, or a model whose
// probabilities are none.
func FuzzOpen(f *testing.F) {
	vectorizers, args, labels := seeds(f, vectorizerFile), seeds(f, model.ArgsFile), seeds(f, model.LabelEncoderFile)
	for name, data := range seeds(f, modelFile) {
		f.Add(vectorizers[name], data, args[name], labels[name])
	}
	for _, data := range seeds(f, filepath.Join("*", "*", modelFile)) {
		f.Add([]byte(nil), data, []byte(nil), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, vectorizer, classifier, args, labels []byte) {
		files := fstest.MapFS{
			modelFile:      {Data: classifier},
			vectorizerFile: {Data: vectorizer},
		}
		if args != nil {
			files[model.ArgsFile] = &fstest.MapFile{Data: args}
		}
		if labels != nil {
			files[model.LabelEncoderFile] = &fstest.MapFile{Data: labels}
		}
		m, err := model.OpenFS(files, Format)
		if err != nil {
			return
		}
		for _, text := range []string{"", "Deep learning for images, deep learning for text."} {
			if !m.HasProbabilities() {
				continue
			}
			sum := 0.0
			for _, p := range m.Predict(text).Probabilities {
				sum += p
			}
			if !(math.Abs(sum-1) <= 1e-9) {
				t.Errorf("%q: the probabilities add up to %v", text, sum)
			}
		}
	})
}
