package sklearn_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"tagifai/internal/sklearn"
	"tagifai/model"
)

// Pickles of what lies beside models.
const (
	frame   = "\x80\x04cpandas.core.frame\nDataFrame\n)\x81."
	array   = "\x80\x04cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01K\x00\x85cnumpy\ndtype\n\x8c\x02f8\x89\x88\x87R\x89C\x00tb."
	numbers = "\x80\x04]K\x01a."
	forest  = "\x80\x04csklearn.ensemble._forest\nRandomForestClassifier\n)\x81."
	booster = "\x80\x04cxgboost.sklearn\nXGBClassifier\n)\x81."
	pointer = "version https://git-lfs.github.com/spec/v1\n"
)

// encoder is a pickle of a LabelEncoder with the names of some classes.
func encoder(names ...string) string {
	s := "\x80\x04csklearn.preprocessing._label\nLabelEncoder\n)\x81}" + quoted("classes_") +
		"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01K" + string(rune(len(names))) + "\x85cnumpy\ndtype\n\x8c\x02O8\x89\x88\x87R\x89]("
	for _, name := range names {
		s += quoted(name)
	}
	return s + "etbsb."
}

// directory makes one of files, which stand for their content, or for that of a file of
// the fixtures: "=1.2-sgd/model.pkl".
func directory(t testing.TB, files map[string]string) fstest.MapFS {
	t.Helper()
	fsys := make(fstest.MapFS)
	for name, content := range files {
		data := []byte(content)
		if path, ok := strings.CutPrefix(content, "="); ok {
			var err error
			if data, err = os.ReadFile(filepath.Join("testdata", path)); err != nil {
				t.Fatal(err)
			}
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	return fsys
}

func TestFiles(t *testing.T) {
	const (
		whole      = "=1.2-pipeline-sgd/model.pkl"
		skops      = "=1.9-skops/model.skops"
		vectorizer = "=1.2-sgd/vectorizer.pkl"
		classifier = "=1.2-sgd/model.pkl"
		named      = "=1.2-names/model.pkl"
		labels     = "=1.2-sgd/label_encoder.json"
	)
	zipped := string(deflated(t, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, bytes.Repeat([]byte("text,tag\n"), 1000)))
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string // in the error; nil if there is to be none
	}{
		{"a pipeline of any name", map[string]string{"2026-11-24 final": whole, "label_encoder.json": labels}, nil},
		{"compressed, of any name", map[string]string{"a": "=1.2-xz/model.pkl", "b.gz": "=1.2-gzip/vectorizer.pkl", "label_encoder.json": labels}, nil},
		{"skops of any name", map[string]string{"x": skops}, nil},
		{"skops named otherwise", map[string]string{"model.pkl": skops}, nil},
		{"two of any name", map[string]string{"features.joblib": vectorizer, "clf.bin": classifier, "label_encoder.json": labels}, nil},
		{"names that are the wrong way round", map[string]string{"model.pkl": vectorizer, "vectorizer.pkl": classifier, "label_encoder.json": labels}, nil},
		{"one of skops, one of joblib", map[string]string{"v.skops": "=1.9-skops-two-files/vectorizer.skops", "m.pkl": "=1.9-skops-two-files/model.skops", "label_encoder.json": labels}, nil},
		{"files of other kinds beside", map[string]string{
			"m.joblib": whole, "label_encoder.json": labels, "README.md": "# Model", "requirements.txt": "xgboost==1.0", "metrics.json": "{}",
			"data.csv.gz": zipped, "x.txt": "x\x9c is no zlib", "b.txt": "BZh is no bzip2", "empty": "", ".hidden.pkl": "hello", "plots/a.png": "\x89PNG", "archive.zip": "PK\x03\x04 no zip",
		}, nil},
		{"data beside", map[string]string{"m.joblib": whole, "label_encoder.json": labels, "X_test.joblib": array, "train.pkl": frame, "numbers.pickle": numbers}, nil},
		{"a pipeline and its vectorizer", map[string]string{"model.pkl": whole, "vectorizer.pkl": vectorizer, "label_encoder.json": labels}, nil},
		{"a LabelEncoder", map[string]string{"v.pkl": vectorizer, "m.pkl": classifier, "le.pkl": encoder("a", "b", "c", "d")}, nil},
		{"a LabelEncoder that is not needed", map[string]string{"v.pkl": "=1.2-names/vectorizer.pkl", "m.pkl": named, "le.pkl": encoder("a", "b", "c", "d")}, nil},

		{"a LabelEncoder of another model", map[string]string{"v.pkl": vectorizer, "m.pkl": classifier, "le.pkl": encoder("a", "b")}, []string{"m.pkl", "4 classes", "2"}},
		{"two models", map[string]string{"first.pkl": whole, "second.pkl": whole, "label_encoder.json": labels}, []string{"more than one", "first.pkl (a Pipeline with SGDClassifier)", "second.pkl (a Pipeline", "give the path"}},
		{"a model in two forms", map[string]string{"a.skops": skops, "a.pkl": whole}, []string{"more than one", "a.skops", "a.pkl"}},
		{"two vectorizers", map[string]string{"a.pkl": vectorizer, "b.pkl": vectorizer, "c.pkl": classifier}, []string{"more than one", "a.pkl (a TfidfVectorizer)", "b.pkl", "c.pkl (a SGDClassifier)"}},
		{"a forest beside", map[string]string{"a.pkl": whole, "b.pkl": forest, "label_encoder.json": labels}, []string{"more than one", "a.pkl", "b.pkl cannot be read", "RandomForestClassifier"}},
		{"a booster beside", map[string]string{"a.pkl": whole, "b.pkl": booster, "label_encoder.json": labels}, []string{"more than one", "b.pkl", "XGBClassifier"}},
		{"a pointer beside", map[string]string{"a.pkl": whole, "b.pkl": pointer, "label_encoder.json": labels}, []string{"more than one", "b.pkl", "version "}},
		{"a vectorizer alone", map[string]string{"v.joblib": vectorizer}, []string{"v.joblib", "TfidfVectorizer", "without a classifier"}},
		{"a classifier alone", map[string]string{"m.joblib": named}, []string{"m.joblib", "SGDClassifier", "without a vectorizer"}},
		{"a vectorizer, and a forest", map[string]string{"v.joblib": vectorizer, "m.joblib": forest}, []string{"m.joblib", "RandomForestClassifier"}},
		{"data alone", map[string]string{"X.joblib": array, "y.pkl": numbers}, []string{"no model", "X.joblib (an array", "y.pkl (a list)"}},
		{"many files", map[string]string{"1.pkl": whole, "2.pkl": whole, "3.pkl": whole, "4.pkl": whole, "5.pkl": whole, "6.pkl": whole, "7.pkl": whole, "8.pkl": whole, "9.pkl": whole}, []string{"9 files", "1.pkl", "give the path"}},
		{"no files", map[string]string{"README.md": "# Model"}, []string{"no model found", "README.md"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := model.OpenFS(directory(t, c.files), sklearn.Format)
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				if err := m.Check(); err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, c.want)
		})
	}
}

// TestPath opens models by the path of a file, with others beside it.
func TestPath(t *testing.T) {
	own, err := model.ReadArtifact(fixture(t, "1.2-names"), sklearn.Format)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	if err := own.Write(dir, nil); err != nil {
		t.Fatal(err)
	}
	for name, file := range directory(t, map[string]string{
		"first.skops":         "=1.9-skops/model.skops",
		"second.pkl":          "=1.2-pipeline-sgd/model.pkl",
		"model.pkl":           "=1.2-sgd/model.pkl",
		"vectorizer.pkl":      "=1.2-sgd/vectorizer.pkl",
		"numbers.pkl":         numbers,
		"forest.pkl":          forest,
		"notes.txt":           "hello",
		"args.json":           `{"threshold": 0.123}`,
		"label_encoder.json":  "=1.2-sgd/label_encoder.json",
		"a.joblib/b/c.joblib": "=1.9-skops/model.skops",
	}) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("first.skops", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		want       []string // in the error; nil if there is to be none
	}{
		{"skops", "first.skops", nil},
		{"a pickle", "second.pkl", nil},
		{"half a model, whose other half is beside it", "model.pkl", nil},
		{"the other half", "vectorizer.pkl", nil},
		{"a link", "link", nil},
		{"a directory with the name of a file", "a.joblib/b", nil},
		{"data", "numbers.pkl", []string{"numbers.pkl", "a list", "not a model"}},
		{"a forest", "forest.pkl", []string{"forest.pkl", "RandomForestClassifier"}},
		{"a text", "notes.txt", []string{"notes.txt", "is not a directory"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := model.ReadDir(filepath.Join(dir, filepath.FromSlash(c.path)), sklearn.Format)
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				if a.Format != "scikit-learn" {
					t.Errorf("got the format %s", a.Format)
				}
				if threshold, _ := a.Args.Get("threshold"); string(threshold) != "0.123" && !strings.Contains(c.path, "/") {
					t.Errorf("got the threshold %s", threshold)
				}
				return
			}
			refused(t, err, c.want)
		})
	}
}

// FuzzFiles looks for files, of any kind and any name, that make the reader panic.
func FuzzFiles(f *testing.F) {
	for _, seed := range []struct{ a, b, labels string }{
		{"=1.2-sgd/vectorizer.pkl", "=1.2-sgd/model.pkl", "=1.2-sgd/label_encoder.json"},
		{"=1.9-skops-two-files/vectorizer.skops", "=1.9-skops-two-files/model.skops", "=1.2-sgd/label_encoder.json"},
		{"=1.9-skops/model.skops", numbers, "{}"},
		{"=0.24-skops/model.skops", "=1.2-xz/model.pkl", "{}"},
		{"=1.2-pipeline-sgd/model.pkl", encoder("a", "b"), "{}"},
		{"=1.3-lz4/model.pkl", array, "{}"},
	} {
		files := directory(f, map[string]string{"a": seed.a, "b": seed.b, "labels": seed.labels})
		f.Add(files["a"].Data, files["b"].Data, files["labels"].Data)
	}
	f.Fuzz(func(t *testing.T, a, b, labels []byte) {
		for _, name := range []string{"b", "b.pkl"} { // told by its content, or taken for a model
			m, err := model.OpenFS(fstest.MapFS{"a": {Data: a}, name: {Data: b}, model.LabelEncoderFile: {Data: labels}}, sklearn.Format)
			if err == nil {
				_ = m.Check() // whatever comes of wild coefficients
			}
		}
	})
}
