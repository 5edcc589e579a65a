package model_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"tagifai/model"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// smallWeights are valid: two n-grams, three classes.
func smallWeights() *linear.Weights {
	return &linear.Weights{
		Blocks: []linear.Block{{
			Vectorizer: tfidf.Vectorizer{Analyzer: tfidf.Char, NgramMin: 1, NgramMax: 1, Norm: tfidf.L2, UseIDF: true},
			Weight:     1,
			NGrams:     vocabulary.New("l", "r"),
			IDF:        []float64{1, 2},
		}},
		Norm:         tfidf.NoNorm,
		Links:        []linear.Link{{Loss: linear.LogLoss, Weight: 1}},
		Classes:      []string{"left", "other", "right"},
		Coefficients: []float64{5, -5, 0, 0, -5, 5},
		Intercepts:   []float64{0, -1, 0},
		Provenance:   map[string]string{"tool": "test"},
	}
}

// smallDirectory is the artifact directory of smallWeights, as files in memory.
func smallDirectory(t testing.TB) fstest.MapFS {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	args, err := model.ParseObject([]byte(`{"threshold": 0.4}`))
	if err != nil {
		t.Fatal(err)
	}
	baseline, err := model.ParseObject([]byte(`{"texts": 7}`))
	if err != nil {
		t.Fatal(err)
	}
	a := &model.Artifact{Args: args, RunID: "small", Baseline: baseline, Weights: smallWeights()}
	if err := a.Write(dir, nil); err != nil {
		t.Fatal(err)
	}
	files := make(fstest.MapFS)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = &fstest.MapFile{Data: data}
	}
	return files
}

// edit changes the header of a weights file, mends its length and, if asked, its
// checksum.
func edit(t testing.TB, file []byte, old, replacement string, mendChecksum bool) []byte {
	t.Helper()
	n := binary.LittleEndian.Uint64(file)
	header, body := string(file[8:8+n]), file[8+n:]
	if !strings.Contains(header, old) {
		t.Fatalf("the header has no %q: %s", old, header)
	}
	header = strings.Replace(header, old, replacement, 1)
	edited := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	edited = append(append(edited, header...), body...)
	if mendChecksum {
		return mend(t, edited)
	}
	return edited
}

// mend makes the checksum of a weights file true again.
func mend(t testing.TB, file []byte) []byte {
	t.Helper()
	file = bytes.Clone(file)
	digits := digitsOf(t, file, "checksum")
	copy(digits, strings.Repeat("0", 64))
	sum := sha256.Sum256(file)
	hex.Encode(digits, sum[:])
	return file
}

// digitsOf returns the digits of a checksum in a weights file.
func digitsOf(t testing.TB, file []byte, key string) []byte {
	t.Helper()
	mark := []byte(`"` + key + `":"`)
	at := bytes.Index(file, mark)
	if at < 0 {
		t.Fatalf("the header has no %s", key)
	}
	return file[at+len(mark):][:64]
}

// set replaces the text of a file and makes all checksums true again.
func set(t testing.TB, files fstest.MapFS, name, text string) {
	t.Helper()
	files[name] = &fstest.MapFile{Data: []byte(text)}
	weights := bytes.Clone(files["model.safetensors"].Data)
	sum := sha256.Sum256([]byte(text))
	hex.Encode(digitsOf(t, weights, "sha256."+name), sum[:])
	files["model.safetensors"] = &fstest.MapFile{Data: mend(t, weights)}
}

func TestOpenRefuses(t *testing.T) {
	nan := make([]byte, 8)
	binary.LittleEndian.PutUint64(nan, math.Float64bits(math.NaN()))
	one := make([]byte, 8)
	binary.LittleEndian.PutUint64(one, math.Float64bits(5))
	weights := func(change func([]byte) []byte) func(fstest.MapFS) {
		return func(files fstest.MapFS) {
			files["model.safetensors"] = &fstest.MapFile{Data: change(files["model.safetensors"].Data)}
		}
	}
	header := func(old, replacement string) func(fstest.MapFS) {
		return weights(func(file []byte) []byte { return edit(t, file, old, replacement, true) })
	}
	text := func(name, data string) func(fstest.MapFS) {
		return func(files fstest.MapFS) { set(t, files, name, data) }
	}
	remove := func(name string) func(fstest.MapFS) {
		return func(files fstest.MapFS) { delete(files, name) }
	}
	for _, c := range []struct {
		name  string
		spoil func(fstest.MapFS)
		want  []string // in the error
	}{
		{"no weights", remove("model.safetensors"), []string{"looked for model.safetensors", `has "args.json", "baseline.json"`}},
		{"no args", remove("args.json"), []string{"args.json", "not exist"}},
		{"no labels", remove("label_encoder.json"), []string{"label_encoder.json", "not exist"}},
		{"empty weights", weights(func([]byte) []byte { return nil }), []string{"model.safetensors", "truncated"}},
		{"no safetensors", weights(func([]byte) []byte { return []byte("this is not a model") }), []string{"header", "safetensors"}},
		{"header cut", weights(func(b []byte) []byte { return b[:40] }), []string{"truncated"}},
		{"body cut", weights(func(b []byte) []byte { return mend(t, b[:len(b)-1]) }), []string{"tensor ngrams", "truncated"}},
		{"body grown", weights(func(b []byte) []byte { return mend(t, append(bytes.Clone(b), 0)) }), []string{"oversized"}},
		{"header no JSON", header(`{"__metadata__"`, `["__metadata__"`), []string{"header"}},
		{"a flipped bit", weights(func(b []byte) []byte { b = bytes.Clone(b); b[len(b)-1] ^= 1; return b }), []string{"checksum", "damaged"}},
		{"a changed parameter", weights(func(b []byte) []byte { return edit(t, b, `"lowercase":"false"`, `"lowercase":"true"`, false) }), []string{"checksum"}},
		{"no checksum", weights(func(b []byte) []byte { return edit(t, b, `"checksum"`, `"checksun"`, false) }), []string{"checksum"}},
		{"another's file", header(`"format":"tagifai"`, `"format":"pt"`), []string{"format", `"pt"`}},
		{"a later version", header(`"format_version":"1"`, `"format_version":"3"`), []string{"format_version", `"3"`}},
		{"wrong dtype", header(`"idf":{"dtype":"F64"`, `"idf":{"dtype":"F16"`), []string{"idf", "F16"}},
		{"other dtype", header(`"idf":{"dtype":"F64","shape":[2]`, `"idf":{"dtype":"U32","shape":[4]`), []string{"idf", "U32"}},
		{"wrong shape", header(`"coefficients":{"dtype":"F64","shape":[3,2]`, `"coefficients":{"dtype":"F64","shape":[2,3]`), []string{"coefficients", "[2 3]", "[3 2]"}},
		{"negative shape", header(`"intercepts":{"dtype":"F64","shape":[3]`, `"intercepts":{"dtype":"F64","shape":[-3]`), []string{"intercepts", "-3"}},
		{"huge shape", header(`"intercepts":{"dtype":"F64","shape":[3]`, `"intercepts":{"dtype":"F64","shape":[4611686018427387904,3]`), []string{"intercepts", "shape"}},
		{"overlap", header(`"data_offsets":[48,64]`, `"data_offsets":[40,56]`), []string{"idf", "[40 56]"}},
		{"tensor missing", header(`"idf"`, `"idg"`), []string{"idf", "missing"}},
		{"key missing", header(`"analyzer"`, `"analyser"`), []string{"analyzer"}},
		{"unknown analyzer", header(`"analyzer":"char"`, `"analyzer":"bytes"`), []string{"analyzer", `"bytes"`}},
		{"bad range", header(`"ngram_max":"1"`, `"ngram_max":"0"`), []string{"n-gram range", "(1, 0)"}},
		{"range no number", header(`"ngram_max":"1"`, `"ngram_max":"x"`), []string{"ngram_max", `"x"`}},
		{"flag no flag", header(`"binary":"false"`, `"binary":"no"`), []string{"binary", `"no"`}},
		{"unknown loss", header(`"loss":"log_loss"`, `"loss":"hinge"`), []string{"loss", `"hinge"`}},
		{"unknown norm", header(`"norm":"l2"`, `"norm":"l3"`), []string{"norm", `"l3"`}},
		{"a class twice", header(`\"left\"`, `\"right\"`), []string{"classes", `"right"`}},
		{"a weight that is no number", weights(func(b []byte) []byte { return mend(t, bytes.Replace(b, one, nan, 1)) }), []string{"coefficients", "NaN"}},
		{"n-grams end in a wrong place", weights(func(b []byte) []byte {
			return mend(t, bytes.Replace(b, []byte{1, 0, 0, 0, 2, 0, 0, 0}, []byte{3, 0, 0, 0, 2, 0, 0, 0}, 1))
		}), []string{"ngram_ends", "3"}},
		{"labels disagree", text("label_encoder.json", `{"class_to_index":{"left":1,"other":0,"right":2}}`), []string{"label_encoder.json", "class_to_index"}},
		{"labels empty", text("label_encoder.json", `{}`), []string{"label_encoder.json", "class_to_index"}},
		{"args no JSON", text("args.json", `{"threshold": 0.4`), []string{"args.json"}},
		{"args no object", text("args.json", `[1]`), []string{"args.json", "object"}},
		{"threshold no number", text("args.json", `{"threshold": "high"}`), []string{"args.json", "threshold", `"high"`}},
		{"threshold for too few classes", text("args.json", `{"threshold": {"0": 0.5, "2": 0.5}}`), []string{"threshold", "class 1"}},
		{"threshold for too many", text("args.json", `{"threshold": {"0": 0.5, "1": 0.5, "2": 0.5, "3": 0.5}}`), []string{"threshold", "4 keys"}},
		{"threshold of a class no number", text("args.json", `{"threshold": {"0": 0.5, "1": null, "2": 0.5}}`), []string{"threshold.1", "null"}},
		{"threshold NaN", text("args.json", `{"a": 1, "threshold": NaN}`), []string{"args.json: threshold is NaN", "number"}},
		{"threshold infinite", text("args.json", `{"threshold": -Infinity}`), []string{"args.json: threshold is -Infinity"}},
		{"threshold of a class NaN", text("args.json", `{"threshold": {"0": 0.5, "1": NaN, "2": 0.5}}`), []string{"args.json: threshold.1 is NaN"}},
		{"performance no JSON", text("performance.json", `nope`), []string{"performance.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := smallDirectory(t)
			c.spoil(files)
			_, err := model.OpenFS(files)
			if err == nil {
				t.Fatal("got a model")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not mention %s", err, want)
				}
			}
		})
	}
}

func TestOpen(t *testing.T) {
	m, err := model.OpenFS(smallDirectory(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.RunID(); got != "small" {
		t.Errorf("run id: got %q", got)
	}
	if got := string(m.Performance().JSON()); got != `{}` {
		t.Errorf("performance: got %s", got)
	}
	_, err = model.Open(filepath.Join(t.TempDir(), "nowhere"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a directory that is not there: got %v", err)
	}
}

func TestThreshold(t *testing.T) {
	for _, c := range []struct {
		args, text, want string
		fallback         bool
	}{
		{`{}`, "l", "left", false},
		{`{"threshold": null}`, "l", "left", false},
		{`{"threshold": 0.4}`, "l", "left", false},
		{`{"threshold": 0.4}`, "lr", "right", false},
		{`{"threshold": 0.9}`, "lr", "other", true},
		{`{"threshold": 1}`, "l", "other", true},
		{`{"threshold": {"0": 0.9, "1": 0, "2": 0.1}}`, "lll", "other", true},
		{`{"threshold": {"0": 0.9, "1": 0, "2": 0.1}}`, "rrr", "right", false},
	} {
		m := newModel(t, c.args, smallWeights())
		p := m.Predict(c.text)
		if p.Tag != c.want {
			t.Errorf("%s of %q: got %s, want %s (%v)", c.args, c.text, p.Tag, c.want, p.Probabilities)
		}
		answer, confidence := m.Classify(c.text, nil, nil), p.Probabilities[argMax(p.Probabilities)]
		if got := m.Class(answer.Class); got != c.want || answer.Confidence != confidence || answer.Fallback != c.fallback {
			t.Errorf("%s of %q: Classify says %s, %+v, want %s, %v and fallback %t", c.args, c.text, got, answer, c.want, confidence, c.fallback)
		}
		w := smallWeights()
		w.Classes[1] = "neither" // now there is nothing to fall back to
		p = newModel(t, c.args, w).Predict(c.text)
		if want := w.Classes[argMax(p.Probabilities)]; p.Tag != want {
			t.Errorf("%s of %q without a class other: got %s, want %s", c.args, c.text, p.Tag, want)
		}
	}
}

// TestThresholdOnSigmoid has thresholds just below and just above the highest sigmoid,
// which the probabilities are far from.
func TestThresholdOnSigmoid(t *testing.T) {
	two := smallWeights()
	two.Classes, two.Coefficients, two.Intercepts = []string{"left", "other"}, two.Coefficients[:len(two.Coefficients)/3], two.Intercepts[:1]
	for _, c := range []struct {
		name    string
		weights *linear.Weights
	}{
		{"three classes", smallWeights()},
		{"two classes, one row", two},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain := newModel(t, `{}`, c.weights)
			for _, text := range []string{"l", "lr", "rrr", "", "x"} {
				p := plain.Predict(text)
				sigmoid := 1 / (1 + math.Exp(-slices.Max(p.Scores)))
				for threshold, want := range map[float64]string{0: p.Tag, sigmoid - 1e-9: p.Tag, sigmoid + 1e-9: "other", 1: "other"} {
					m := newModel(t, fmt.Sprintf(`{"threshold_on": "sigmoid", "threshold": %.17g}`, threshold), c.weights)
					got := m.Predict(text)
					if got.Tag != want {
						t.Errorf("%q, sigmoid %v, threshold %v: got %s, want %s", text, sigmoid, threshold, got.Tag, want)
					}
					if diff := cmp.Diff(got.Probabilities, p.Probabilities); diff != "" {
						t.Errorf("probabilities (-got +want):\n%s", diff)
					}
				}
			}
		})
	}
}

func TestThresholdOnRefuses(t *testing.T) {
	averaged := smallWeights()
	averaged.Links = append(averaged.Links, averaged.Links[0])
	averaged.Coefficients = append(averaged.Coefficients, averaged.Coefficients...)
	averaged.Intercepts = append(averaged.Intercepts, averaged.Intercepts...)
	for _, c := range []struct {
		name, args string
		weights    *linear.Weights
		want       string
	}{
		{"an unknown value", `{"threshold_on": "score"}`, smallWeights(), `args.json: threshold_on: "score" is neither "probability" nor "sigmoid"`},
		{"no text", `{"threshold_on": 1}`, smallWeights(), "args.json: threshold_on: 1 is neither"},
		{"the mean of probabilities", `{"threshold_on": "sigmoid", "threshold": 0.5}`, averaged, "args.json: threshold_on: \"sigmoid\", but the classifier averages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args, err := model.ParseObject([]byte(c.args))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = model.New(&model.Artifact{Args: args, Weights: c.weights}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func argMax(p []float64) int {
	best := 0
	for k := range p {
		if p[k] > p[best] {
			best = k
		}
	}
	return best
}

func TestWriteRefusesWhatExists(t *testing.T) {
	dir := t.TempDir()
	a := &model.Artifact{Weights: smallWeights()}
	if err := a.Write(dir, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want an error that is %v", err, fs.ErrExist)
	}
	a.Weights.Blocks[0].IDF[0] = math.Inf(1)
	if err := a.Write(filepath.Join(dir, "run"), nil); err == nil || !strings.Contains(err.Error(), "idf") {
		t.Errorf("weights that are no numbers: got %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

// FuzzOpen feeds the reader of weights files with anything, its checksum mended: it
// must never panic, and what it accepts must predict.
func FuzzOpen(f *testing.F) {
	valid := smallDirectory(f)["model.safetensors"].Data
	f.Add(valid)
	f.Add(valid[:len(valid)/2])
	f.Add([]byte{})
	files := smallDirectory(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte(`"checksum":"`)) && len(data) > bytes.Index(data, []byte(`"checksum":"`))+80 {
			data = mend(t, data)
		}
		files := maps.Clone(files)
		files["model.safetensors"] = &fstest.MapFile{Data: data}
		m, err := model.OpenFS(files)
		if err != nil {
			return
		}
		if p := m.Predict("l r \x00"); math.IsNaN(p.Probabilities[0]) {
			t.Errorf("got %v", p)
		}
	})
}
