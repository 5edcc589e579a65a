package model_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"tagifai/model"
	"tagifai/model/linear"
)

// TestUnusual writes weights that version 1 of the file cannot hold, and reads them
// back. Those that it can hold are written as version 1.
func TestUnusual(t *testing.T) {
	weights := unusualWeights(t)
	weights["usual"] = smallWeights()
	texts := texts(t)
	for name, w := range weights {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			if err := (&model.Artifact{Weights: w}).Write(dir, nil); err != nil {
				t.Fatal(err)
			}
			file, err := os.ReadFile(filepath.Join(dir, model.WeightsFile))
			if err != nil {
				t.Fatal(err)
			}
			version := `"format_version":"2"`
			if name == "usual" {
				version = `"format_version":"1"`
			}
			if !strings.Contains(string(file), version) {
				t.Errorf("the file does not say %s", version)
			}
			a, err := model.ReadArtifact(os.DirFS(dir))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a.Weights, w); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			read, err := model.New(a)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(read.PredictAll(texts), newModel(t, `{}`, w).PredictAll(texts)); diff != "" {
				t.Errorf("what was read answers otherwise: got -, want +:\n%s", diff)
			}
		})
	}
}

// TestUnusualRefused changes files of version 2, whose checksum is mended.
func TestUnusualRefused(t *testing.T) {
	all := unusualWeights(t)
	for _, c := range []struct {
		name, weights    string
		old, replacement string
		want             []string // in the error
	}{
		{"no block", "union", `"blocks":"2"`, `"blocks":"0"`, []string{"blocks", `"0"`}},
		{"a block too many", "union", `"blocks":"2"`, `"blocks":"3"`, []string{"ngram_m", ".2"}},
		{"a block too few", "union", `"blocks":"2"`, `"blocks":"1"`, []string{"coefficients", "shape"}},
		{"more blocks than can be", "union", `"blocks":"2"`, `"blocks":"9999999999"`, []string{"blocks"}},
		{"another norm", "union of three, l2", `"norm_of_blocks":"l2"`, `"norm_of_blocks":"l1"`, []string{"block 0", "norm"}},
		{"no norm", "union", `"norm_of_blocks":"none"`, `"norm_of_blocks":""`, []string{"norm"}},
		{"a weight that is none", "union", `"weight":"1.5"`, `"weight":"NaN"`, []string{"weight"}},
		{"a huge weight", "union", `"weight":"1.5"`, `"weight":"1e200"`, []string{"weight"}},
		{"the weight of the only block", "stop words", `"weight":"1"`, `"weight":"2"`, []string{"weight 2"}},
		{"stop words that are none", "stop words", `\"learning\"`, `\"for\"`, []string{"stop_words", "for"}},
		{"stop words of characters", "accents, unicode", `"stop_words":"[]"`, `"stop_words":"[\"a\"]"`, []string{"stop_words", "char_wb"}},
		{"accents of another kind", "accents, unicode", `"strip_accents":"unicode"`, `"strip_accents":"latin"`, []string{"strip_accents", `"latin"`}},
		{"a pattern that is none", "a compiled pattern", `\\b[a-z]+\\b`, `\\b(?=a)\\b`, []string{"token_pattern", "(?="}},
		{"no links", "no loss", `"links":"[{\"loss\":\"none\",\"weight\":1,\"calibrated\":false}]"`, `"links":"[]"`, []string{"coefficients", "[0"}},
		{"a link of another loss", "no loss", `\"loss\":\"none\"`, `\"loss\":\"hinge\"`, []string{"loss", `"hinge"`}},
		{"a link of weight 0", "three links", `\"weight\":2`, `\"weight\":0`, []string{"link 0", "weight 0"}},
		{"a link without probabilities", "three links", `\"loss\":\"multinomial\"`, `\"loss\":\"none\"`, []string{"link 0", "none", "averaged"}},
		{"calibrators that are not there", "no loss", `\"calibrated\":false`, `\"calibrated\":true`, []string{"sigmoids", "missing"}},
		{"calibrators that nobody wants", "sigmoids", `\"calibrated\":true`, `\"calibrated\":false`, []string{"unknown"}},
		{"calibrators of one against one", "three links", `\"loss\":\"none\"`, `\"loss\":\"one_vs_one\"`, []string{"coefficients", "shape"}},
		{"more than is known", "no loss", `\"weight\":1`, `\"weight\":1,\"more\":1`, []string{"links", "more"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			if err := (&model.Artifact{Weights: all[c.weights]}).Write(dir, nil); err != nil {
				t.Fatal(err)
			}
			files := make(fstest.MapFS)
			for _, name := range []string{model.ArgsFile, model.LabelEncoderFile, model.WeightsFile} {
				data, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				files[name] = &fstest.MapFile{Data: data}
			}
			files[model.WeightsFile].Data = edit(t, files[model.WeightsFile].Data, c.old, c.replacement, true)
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

// TestOneVsOne holds the decision values against those that OneVsOneClassifier made of
// the same scores.
func TestOneVsOne(t *testing.T) {
	for _, c := range []struct {
		classes []string
		scores  []float64 // of the pairs
		want    []float64
		tag     string
	}{
		{[]string{"a", "b"}, []float64{3}, []float64{-1.25, 1.25}, "b"},
		{[]string{"a", "b"}, []float64{-1}, []float64{1. / 6, -1. / 6}, "a"},
		{[]string{"a", "b", "c"}, []float64{-1, -1, 2}, []float64{2 + 2./9, -1 + 2./3 + 1./12, 0}, "a"},
	} {
		w := smallWeights()
		w.Classes, w.Links = c.classes, []linear.Link{{Loss: linear.OneVsOne, Weight: 1}}
		w.Intercepts, w.Coefficients = c.scores, make([]float64, len(c.scores)*w.Features())
		m := newModel(t, `{"threshold": 0.5}`, w)
		p := m.Predict("")
		if p.Tag != c.tag || p.Probabilities != nil || m.HasProbabilities() {
			t.Errorf("%v: got %+v, want %s without probabilities", c.scores, p, c.tag)
		}
		if len(c.classes) == 2 && !(math.Abs(p.Scores[1]-c.want[1]) < 1e-15 && p.Scores[0] == -p.Scores[1]) {
			t.Errorf("%v: got the scores %v, want %v", c.scores, p.Scores, c.want)
		}
		if w := m.Warnings(); len(w) != 1 || !strings.Contains(w[0], "threshold is not used") {
			t.Errorf("got the warnings %q", w)
		}
	}
}

// TestTies: of classes that are as probable, the first is the answer where there is a
// threshold, and that of the highest score where there is none.
func TestTies(t *testing.T) {
	w := smallWeights()
	w.Links = []linear.Link{{Loss: linear.ModifiedHuber, Weight: 1}}
	w.Coefficients, w.Intercepts = make([]float64, len(w.Coefficients)), []float64{2, -3, 5}
	for args, want := range map[string]string{`{}`: "right", `{"threshold": null}`: "right", `{"threshold": 0.4}`: "left"} {
		if got := newModel(t, args, w).Tag("x"); got != want {
			t.Errorf("%s: got %s, want %s", args, got, want)
		}
	}
}
