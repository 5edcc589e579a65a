package sklearn_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/sklearn"
	"tagifai/model"
)

// fixture is a directory of testdata, as files in memory.
func fixture(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	files := make(fstest.MapFS)
	entries, err := os.ReadDir(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join("testdata", name, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = &fstest.MapFile{Data: data}
	}
	return files
}

// replace changes the only or first place of old in a file.
func replace(t testing.TB, files fstest.MapFS, name, old, replacement string) {
	t.Helper()
	data := files[name].Data
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%s has no %q", name, old)
	}
	files[name] = &fstest.MapFile{Data: bytes.Replace(data, []byte(old), []byte(replacement), 1)}
}

// quoted is a text in a pickle of protocol 4.
func quoted(s string) string { return "\x8c" + string(rune(len(s))) + s }

// attribute is an attribute in one: its name, put in the memo, and its value.
func attribute(name, value string) string { return quoted(name) + "\x94" + value }

func float(f float64) string {
	return string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)))
}

func deflated(t testing.TB, open func(io.Writer) io.WriteCloser, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := open(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sum(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestOpenRefuses(t *testing.T) {
	const v, m, labels = "vectorizer.pkl", "model.pkl", "label_encoder.json"
	const global = "c__main__\nclean\n"
	weights, err := model.ReadArtifact(os.DirFS("testdata/1.2-sgd"), sklearn.Format)
	if err != nil {
		t.Fatal(err)
	}
	nan := float(math.NaN())
	// The values that follow an attribute's name in the fixtures, and others.
	edit := func(file, name, old, replacement string) func(fstest.MapFS) {
		return func(files fstest.MapFS) {
			replace(t, files, file, attribute(name, old), attribute(name, replacement))
		}
	}
	swap := func(file, old, replacement string) func(fstest.MapFS) {
		return func(files fstest.MapFS) { replace(t, files, file, old, replacement) }
	}
	set := func(file string, data []byte) func(fstest.MapFS) {
		return func(files fstest.MapFS) { files[file] = &fstest.MapFile{Data: data} }
	}
	from := func(file, name, other string) func(fstest.MapFS) {
		return func(files fstest.MapFS) { files[file] = fixture(t, name)[other] }
	}
	remove := func(file string) func(fstest.MapFS) { return func(files fstest.MapFS) { delete(files, file) } }
	wordPattern := quoted(`(?u)\b\w\w+\b`) + "\x94"

	for _, c := range []struct {
		name, fixture string
		spoil         func(fstest.MapFS)
		want          []string // in the error
	}{
		// What would change the answer.
		{"strip_accents", "1.2-sgd", edit(v, "strip_accents", "N", quoted("latin")), []string{v, "TfidfVectorizer.strip_accents", "'latin'", "'ascii'"}},
		{"preprocessor", "1.2-sgd", edit(v, "preprocessor", "N", global), []string{v, "TfidfVectorizer.preprocessor", "__main__.clean"}},
		{"analyzer, a function", "1.2-sgd", edit(v, "analyzer", quoted("char_wb")+"\x94", global+"\x94"), []string{"TfidfVectorizer.analyzer", "__main__.clean"}},
		{"analyzer, another", "1.2-sgd", edit(v, "analyzer", quoted("char_wb"), quoted("bytes")), []string{"TfidfVectorizer.analyzer", "'bytes'", "'char_wb'"}},
		{"tokenizer", "1.2-word", edit(v, "tokenizer", "N", "cbuiltins\nstr\n"), []string{"TfidfVectorizer.tokenizer", "builtins.str", "None"}},
		{"stop words of another language", "1.2-word", edit(v, "stop_words", "N", quoted("german")), []string{"TfidfVectorizer.stop_words", "'german'", "'english'"}},
		{"a stop word that is a number", "1.2-word", edit(v, "stop_words", "N", "]("+quoted("a")+"K\x07e"), []string{"TfidfVectorizer.stop_words[1]", "7", "a text"}},
		{"token_pattern", "1.2-word", edit(v, "token_pattern", wordPattern, quoted(`(?u)\b(?!\d)\w+\b`)+"\x94"), []string{"TfidfVectorizer: token_pattern", `(?!`}},
		{"token_pattern None", "1.2-word", edit(v, "token_pattern", wordPattern, "N\x94"), []string{"TfidfVectorizer.token_pattern", "None"}},
		{"input from files", "1.2-sgd", edit(v, "input", quoted("content"), quoted("filename")), []string{"TfidfVectorizer.input", "'filename'"}},
		{"lowercase", "1.2-sgd", edit(v, "lowercase", "\x88", quoted("yes")), []string{"TfidfVectorizer.lowercase", "'yes'"}},
		{"ngram_range", "1.2-sgd", edit(v, "ngram_range", "K\x02K\x04\x86", "K\x00K\x04\x86"), []string{"TfidfVectorizer.ngram_range", "(0, 4)"}},
		{"ngram_range of one", "1.2-sgd", edit(v, "ngram_range", "K\x02K\x04\x86", "K\x02\x85"), []string{"TfidfVectorizer.ngram_range", "(2)"}},
		{"dtype", "1.2-sgd", swap(v, "float64", "object_"), []string{"TfidfVectorizer.dtype", "numpy.object_", "float64"}},
		{"norm", "1.2-sgd", swap(v, quoted("l2"), quoted("max")), []string{"TfidfVectorizer._tfidf.norm", "'max'", "'l1'"}},
		{"loss", "1.2-sgd", edit(m, "loss", quoted("log_loss"), quoted("logistic")), []string{m, "SGDClassifier.loss", "'logistic'", "'log_loss'"}},
		{"multi_class", "1.2-logistic-ovr", edit(m, "multi_class", quoted("ovr"), quoted("ovo")), []string{"LogisticRegression.multi_class", "'ovo'"}},
		{"newton-cholesky of no version", "1.2-newton-cholesky", swap(m, quoted("1.2.1"), quoted("1.dev")), []string{"LogisticRegression.solver", "newton-cholesky", `"1.dev"`}},

		{"another estimator", "1.2-sgd", swap(m, quoted("SGDClassifier"), quoted("SGDOneClassSVM")), []string{m, "sklearn.linear_model._stochastic_gradient.SGDOneClassSVM is not supported", "SGDClassifier"}},

		// What does not fit together.
		{"the vectorizer of another run", "1.2-sgd", from(v, "1.2-vocabulary-given", v), []string{m, "SGDClassifier.coef_", "[4 64]", "8 features"}},
		{"a file twice", "1.2-sgd", from(v, "1.2-sgd", m), []string{v, m, "SGDClassifier", "without a vectorizer"}},
		{"a vectorizer twice", "1.2-sgd", from(m, "1.2-sgd", v), []string{m, v, "TfidfVectorizer", "without a classifier"}},
		{"no vectorizer", "1.2-sgd", remove(v), []string{m, "SGDClassifier", "without a vectorizer", v}},
		{"fewer labels", "1.2-sgd", set(labels, []byte(`{"class_to_index": {"a": 0, "b": 1}}`)), []string{"SGDClassifier.classes_", "4", labels, "2"}},
		{"labels from 1", "1.2-sgd", set(labels, []byte(`{"class_to_index": {"a": 1, "b": 2}}`)), []string{labels, "class_to_index"}},
		{"a label that is NaN", "1.2-sgd", set(labels, []byte(`{"class_to_index": {"a": NaN, "b": 1}}`)), []string{labels, "class_to_index"}},
		{"other labels than names", "1.2-names", set(labels, []byte(`{"class_to_index": {"a": 0, "b": 1, "c": 2, "d": 3}}`)), []string{labels, m}},
		{"classes out of order", "1.2-sgd", swap(m, "\x01\x00\x00\x00\x00\x00\x00\x00\x02", "\x02\x00\x00\x00\x00\x00\x00\x00\x01"), []string{"SGDClassifier.classes_[1] is 2"}},
		{"a column twice", "1.2-sgd", swap(v, "C\x08\x1a", "C\x08\x02"), []string{"TfidfVectorizer.vocabulary_['e ']", "is 2"}},
		{"a column too many", "1.2-sgd", swap(v, "C\x08\x1a", "C\x08\x40"), []string{"TfidfVectorizer.vocabulary_", "is 64", "0 to 63"}},
		{"an n-gram that is none", "1.2-vocabulary-given", swap(v, quoted("ing")+"\x94", "K\x00\x94"), []string{"TfidfVectorizer.vocabulary_", "an int"}},
		{"not fitted", "1.2-sgd", swap(m, quoted("coef_"), quoted("c0ef_")), []string{m, "SGDClassifier.coef_", "missing", "fitted"}},
		{"a coefficient that is no number", "1.2-sgd", swap(m, float(weights.Weights.Coefficients[64+2]), nan), []string{m, "SGDClassifier.coef_[1 2] is NaN"}},
		{"an intercept that is infinite", "1.2-sgd", swap(m, float(weights.Weights.Intercepts[3]), float(math.Inf(-1))), []string{m, "SGDClassifier.intercept_[3] is -Inf"}},
		{"an idf that is no number", "1.2-sgd", swap(v, float(weights.Weights.Blocks[0].IDF[0]), nan), []string{v, "TfidfVectorizer._tfidf._idf_diag.data[0] is NaN"}},
		{"a diagonal that is none", "1.2-sgd", swap(v, "\x05\x00\x00\x00\x06\x00\x00\x00", "\x05\x00\x00\x00\x07\x00\x00\x00"), []string{"_idf_diag.ind", "7"}},

		// What is no such file.
		{"empty", "1.2-sgd", set(m, nil), []string{m, "empty"}},
		{"text", "1.2-sgd", set(v, []byte("hello world")), []string{v, "not a pickle", "hello wo"}},
		{"an LFS pointer", "1.2-sgd", set(v, []byte("version https://git-lfs.github.com/spec/v1\n")), []string{v, "not a pickle", "version "}},
		{"damaged xz", "1.2-xz", func(files fstest.MapFS) { files[m].Data[1000] ^= 1 }, []string{m, "xz"}},
		{"xz with another sum", "1.2-xz", func(files fstest.MapFS) { d := files[m].Data; d[bytes.LastIndex(d, []byte("YZ"))-29] ^= 1 }, []string{m, "xz"}},
		{"xz cut off", "1.2-xz", func(files fstest.MapFS) { files[m].Data = files[m].Data[:1500] }, []string{m, "xz"}},
		{"damaged gzip", "1.2-gzip", func(files fstest.MapFS) { d := files[m].Data; d[len(d)-5] ^= 1 }, []string{m, "gzip"}},
		{"damaged zlib", "1.2-zlib", func(files fstest.MapFS) { d := files[m].Data; d[len(d)-1] ^= 1 }, []string{m, "zlib"}},
		{"damaged bz2", "1.2-bz2", func(files fstest.MapFS) { d := files[m].Data; d[len(d)/2] ^= 1 }, []string{m, "bz2"}},
		{"damaged lzma", "1.2-lzma", func(files fstest.MapFS) { d := files[m].Data; d[len(d)/2] ^= 1 }, []string{m}},
		{"lz4 cut off", "1.3-lz4", func(files fstest.MapFS) { files[m].Data = files[m].Data[:1500] }, []string{m, "lz4"}},
		{
			"compressed text", "1.2-sgd",
			set(m, deflated(t, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, []byte("hello"))),
			[]string{m, "zlib", "not a pickle"},
		},
		{
			"a bomb", "1.2-sgd",
			set(m, deflated(t, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, make([]byte, 64<<20))),
			[]string{m, "gzip", "grow"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fixture(t, c.fixture)
			c.spoil(files)
			_, err := model.OpenFS(files, sklearn.Format)
			refused(t, err, c.want)
		})
	}
}

// TestDictionary holds what is taken for a dictionary, which a header may want to be
// 4 GiB large, to what the content can grow to.
func TestDictionary(t *testing.T) {
	files := fixture(t, "1.2-lzma")
	binary.LittleEndian.PutUint32(files["model.pkl"].Data[1:], 1<<32-1<<8)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := model.OpenFS(files, sklearn.Format)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Error(err)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 64<<20 {
		t.Errorf("%d bytes were taken", taken)
	}
}

func TestProvenance(t *testing.T) {
	a, err := model.ReadArtifact(fixture(t, "0.24-sgd"), sklearn.Format)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"sklearn_version":              "0.24.2",
		"source_sha256_model.pkl":      sum(t, "testdata/0.24-sgd/model.pkl"),
		"source_sha256_vectorizer.pkl": sum(t, "testdata/0.24-sgd/vectorizer.pkl"),
	}
	if diff := cmp.Diff(a.Weights.Provenance, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
	a, err = model.ReadArtifact(fixture(t, "1.7-pipeline-logistic"), sklearn.Format)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Weights.Provenance; len(got) != 2 || got["sklearn_version"] != "1.7.2" {
		t.Errorf("one file alone: got %v", got)
	}
}

func TestWithoutArgs(t *testing.T) {
	m, err := model.OpenFS(fixture(t, "1.2-no-args"), sklearn.Format)
	if err != nil {
		t.Fatal(err)
	}
	if w := m.Warnings(); len(w) != 1 || !strings.HasPrefix(w[0], "args.json is missing") {
		t.Errorf("got the warnings %q", w)
	}
	if got := string(m.Args().JSON()) + string(m.Performance().JSON()); got != `{}{}` {
		t.Errorf("got args and performance %s", got)
	}
	if m, err = model.OpenFS(fixture(t, "1.2-not-a-number"), sklearn.Format); err != nil {
		t.Fatal(err)
	}
	warnings := []string{
		"args.json: power_t is NaN, which JSON cannot represent",
		"performance.json: overall.f1 is NaN, which JSON cannot represent",
		"args.json has no number as threshold: the most probable class is the answer",
	}
	if diff := cmp.Diff(m.Warnings(), warnings); diff != "" {
		t.Errorf("warnings (-got +want):\n%s", diff)
	}
	want := `{"threshold":null,"power_t":null}{"overall":{"f1":null},"class":{"NaN":{"precision":null,"x\"":null}}}`
	if got := string(m.Args().JSON()) + string(m.Performance().JSON()); got != want {
		t.Errorf("got args and performance %s, want %s", got, want)
	}
	files := fixture(t, "1.2-not-a-number")
	replace(t, files, "args.json", "null", "NaN")
	if _, err := model.OpenFS(files, sklearn.Format); err == nil || !strings.Contains(err.Error(), "args.json: threshold is NaN") {
		t.Errorf("a threshold of NaN: got %v", err)
	}
}

// TestOwnFirst: where both lie, our own weights are the model.
func TestOwnFirst(t *testing.T) {
	files := fixture(t, "1.2-sgd")
	a, err := model.ReadArtifact(files, sklearn.Format)
	if err != nil {
		t.Fatal(err)
	}
	a.Weights.Intercepts = []float64{100, -9, -9, -9}
	dir := filepath.Join(t.TempDir(), "run")
	if err := a.Write(dir, map[string][]byte{"model.pkl": []byte("not a pickle")}); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(dir, sklearn.Format)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Tag(""); got != m.Classes()[0] || !slices.Equal(m.Classes(), a.Weights.Classes) {
		t.Errorf("got %s of %q", got, m.Classes())
	}
}

// TestConverted: what is written as our own answers to the bit what the pickles do.
func TestConverted(t *testing.T) {
	for _, dir := range fixtures(t) {
		a, err := model.ReadArtifact(os.DirFS(dir), sklearn.Format)
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "run")
		if err := a.Write(out, nil); err != nil {
			t.Fatal(err)
		}
		b, err := model.ReadArtifact(os.DirFS(out), sklearn.Format)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.Weights, a.Weights); diff != "" {
			t.Errorf("%s: got -, want +:\n%s", dir, diff)
		}
	}
}

// refused makes sure that an error has all of these parts.
func refused(t *testing.T, err error, parts []string) {
	t.Helper()
	if err == nil {
		t.Fatal("got a model")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error %q does not mention %s", err, part)
		}
	}
}
