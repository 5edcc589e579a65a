package sklearn_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/sklearn"
	"tagifai/model"
	"tagifai/model/linear"
)

// pipelines are the directories that testdata/pipelines.py writes.
func pipelines(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", "pipelines", "*", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no pipelines: %v", err)
	}
	return dirs
}

// everyThird are the texts that the pipelines were asked about.
func everyThird(t testing.TB) []string {
	t.Helper()
	var all, texts []string
	readJSON(t, filepath.Join("..", "..", "model", "testdata", "texts.json"), &all)
	for i := 0; i < len(all); i += 3 {
		texts = append(texts, all[i])
	}
	return texts
}

// TestPipelines holds whole pipelines against what scikit-learn answers, and what is
// written as our own against what was read.
func TestPipelines(t *testing.T) {
	texts := everyThird(t)
	for _, dir := range pipelines(t) {
		t.Run(strings.TrimPrefix(dir, filepath.Join("testdata", "pipelines")+string(filepath.Separator)), func(t *testing.T) {
			var want struct {
				Tags                  []string
				Probabilities, Scores [][]float64
			}
			readJSON(t, filepath.Join(dir, "expected.json"), &want)
			a, err := model.ReadArtifact(os.DirFS(dir), sklearn.Format)
			if err != nil {
				t.Fatal(err)
			}
			m, err := model.New(a)
			if err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-12
			if _, rough := a.Weights.Provenance["precision"]; rough {
				tolerance = 1e-6
			}
			if got := m.HasProbabilities(); got != (want.Probabilities != nil) {
				t.Errorf("probabilities: got %t, want %t", got, !got)
			}
			predictions := m.PredictAll(texts)
			for i, p := range predictions {
				if p.Tag != want.Tags[i] {
					t.Errorf("%q: got %s, want %s", texts[i], p.Tag, want.Tags[i])
				}
				if len(want.Probabilities) > 0 && !near(p.Probabilities, want.Probabilities[i], tolerance) {
					t.Errorf("%q: got the probabilities %v, want %v", texts[i], p.Probabilities, want.Probabilities[i])
				}
				if want.Scores == nil {
					continue
				}
				if scores := p.Scores[len(p.Scores)-len(want.Scores[i]):]; !near(scores, want.Scores[i], tolerance) {
					t.Errorf("%q: got the scores %v, want %v", texts[i], scores, want.Scores[i])
				}
			}

			out := filepath.Join(t.TempDir(), "run")
			if err := a.Write(out, nil); err != nil {
				t.Fatal(err)
			}
			b, err := model.ReadArtifact(os.DirFS(out))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b.Weights, a.Weights); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			written, err := model.New(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(written.PredictAll(texts), predictions); diff != "" {
				t.Errorf("what was written answers otherwise: got -, want +:\n%s", diff)
			}
		})
	}
}

// near compares numbers, relative to the largest.
func near(got, want []float64, tolerance float64) bool {
	if len(got) != len(want) {
		return false
	}
	largest := 1.0
	for _, x := range want {
		largest = max(largest, math.Abs(x))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tolerance*largest) {
			return false
		}
	}
	return true
}

// pipelineFile is a directory of one of the pipelines, as files in memory.
func pipelineFile(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	return fixture(t, filepath.Join("pipelines", name))
}

// TestNewer: a version that nothing was compared with loads, with a warning.
func TestNewer(t *testing.T) {
	for version, warned := range map[string]bool{"1.9.1": false, "1.9.9": false, "2.0.0": true, "9.0.1": true, "x.y.z": false} {
		files := pipelineFile(t, "1.9/svc")
		files["model.pkl"].Data = bytes.ReplaceAll(files["model.pkl"].Data, []byte(quoted("1.9.1")), []byte(quoted(version)))
		m, err := model.OpenFS(files, sklearn.Format)
		if err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(m.Warnings(), func(w string) bool {
			return strings.Contains(w, "scikit-learn "+version) && strings.Contains(w, "is 1.9:")
		})
		if got != warned {
			t.Errorf("%s: got the warnings %q, want one of both versions: %t", version, m.Warnings(), warned)
		}
	}
}

// bigFloat is a number in a pickle that is not in an array.
func bigFloat(f float64) string {
	return string(binary.BigEndian.AppendUint64(nil, math.Float64bits(f)))
}

// zero makes the first number of an array, the value of the first attribute of a name, 0.
func zero(t testing.TB, files fstest.MapFS, name string) {
	t.Helper()
	data := slices.Clone(files["model.pkl"].Data)
	at := bytes.Index(data, []byte(attribute(name, "")))
	if at < 0 {
		t.Fatalf("no %s", name)
	}
	begin := bytes.Index(data[at:], []byte("ub")) // of the padding's length, and the padding
	numbers := data[at+begin+2:]
	copy(numbers[1+int(numbers[0]):], make([]byte, 8))
	files["model.pkl"] = &fstest.MapFile{Data: data}
}

// TestPipelinesRefuse changes what pipelines hold.
func TestPipelinesRefuse(t *testing.T) {
	const m = "model.pkl"
	edit := func(name, old, replacement string) func(fstest.MapFS) {
		return func(files fstest.MapFS) {
			replace(t, files, m, attribute(name, old), attribute(name, replacement))
		}
	}
	swap := func(old, replacement string) func(fstest.MapFS) {
		return func(files fstest.MapFS) { replace(t, files, m, old, replacement) }
	}
	// weights are those of a pipeline as it is: the places of its numbers.
	weights := func(name string) *linear.Weights {
		a, err := model.ReadArtifact(pipelineFile(t, name), sklearn.Format)
		if err != nil {
			t.Fatal(err)
		}
		return a.Weights
	}
	nan := float(math.NaN())
	isotonic := weights("1.9/calibrated-isotonic").Links[0].Calibrators[0]
	last := len(isotonic.Y) - 1
	sigmoid := weights("1.9/calibrated-sigmoid").Links[0].Calibrators[0]
	for _, c := range []struct {
		name, fixture string
		spoil         func(fstest.MapFS)
		want          []string // in the error
	}{
		{"a union of what is none", "1.9/union", swap(quoted("TfidfVectorizer"), quoted("TfidfTransformer")), []string{"FeatureUnion['word'].TfidfTransformer", "TfidfVectorizer, CountVectorizer"}},
		{"a weight that is none", "1.9/union", swap("G"+bigFloat(0.7), quoted("0.70")+"\x94\x94\x94"), []string{"transformer_weights[\"word\"] is '0.70'", "a number"}},
		{"a weight that is NaN", "1.9/union", swap(bigFloat(0.7), bigFloat(math.NaN())), []string{"transformer_weights[\"word\"] is ", "a number"}},
		{"a weight that is infinite", "1.9/union", swap(bigFloat(0.7), bigFloat(math.Inf(1))), []string{"number 0 is"}},
		{"unlike columns", "1.9/columns", func(files fstest.MapFS) {
			d := string(files[m].Data)
			at := strings.LastIndex(d, "K\x00\x87")
			files[m].Data = []byte(d[:at] + "K\x01" + d[at+2:])
		}, []string{"ColumnTransformer takes the columns 0 and 1", "only one column of text"}},
		{"a norm of the largest", "1.9/scaled-normalized", edit("norm", quoted("l2"), quoted("max")), []string{"Normalizer.norm is 'max'", "'l2' or 'l1'"}},
		{"a selector of more features", "1.9/select-k-best", edit("k", "K\x09", "K\x0a"), []string{"SGDClassifier.coef_", "[4 9]", "10 features"}},
		{"a selector of none", "1.9/select-k-best", edit("k", "K\x09", quoted("most")), []string{"SelectKBest.k is 'most'", "a number or 'all'"}},
		{"a percentile of text", "1.9/select-percentile", edit("percentile", "K\x1e", quoted("30")), []string{"SelectPercentile.percentile is '30'", "a number"}},
		{"a threshold of another kind", "1.9/select-median", swap("1.1*median", "1.1*median"[:4]+"middle"), []string{"SelectFromModel.threshold", "'1.1*middle'", "'median'"}},
		{"a scale that is 0", "1.9/scaled", func(files fstest.MapFS) { zero(t, files, "scale_") }, []string{"scale_[0] is 0"}},
		{"with a mean", "1.9/scaled", edit("with_mean", "\x89", "\x88"), []string{"StandardScaler.with_mean is True", "with_mean=False"}},
		{"another loss", "1.9/sgd-hinge", edit("loss", quoted("hinge"), quoted("hunger")), []string{"SGDClassifier.loss", "'hunger'", "'hinge'"}},
		{"hard votes", "1.9/voting", edit("voting", quoted("soft"), quoted("hard")), []string{"VotingClassifier.voting is 'hard'", "'soft'"}},
		{"a weight of a vote below 0", "1.9/voting", swap("K\x02K\x01G"+bigFloat(0.5), "K\x02K\x01G"+bigFloat(-0.5)), []string{"VotingClassifier.weights[2] is -0.5"}},
		{"too few of one against the rest", "1.9/one-vs-rest", swap(quoted("estimators_"), quoted("estimator__")), []string{"OneVsRestClassifier.estimators_ is missing"}},
		{"many labels a text", "1.9/one-vs-rest", swap(quoted("multiclass"), quoted("multilabel")), []string{"label_binarizer_.y_type_", "'multilabel'", "each text has one label"}},
		{"points that do not ascend", "1.9/calibrated-isotonic", swap(float(isotonic.X[0])+float(isotonic.X[1]), float(isotonic.X[1])+float(isotonic.X[0])), []string{"CalibratedClassifierCV.calibrated_classifiers_[0].calibrators[0].X_thresholds_[1]", "not above"}},
		{"a point that is no number", "1.9/calibrated-isotonic", swap(float(isotonic.X[0])+float(isotonic.X[1]), nan+float(isotonic.X[1])), []string{"calibrators[0].X_thresholds_[0] is NaN"}},
		{"a probability above 1", "1.9/calibrated-isotonic", swap(float(isotonic.Y[last-1])+float(isotonic.Y[last]), float(isotonic.Y[last-1])+float(1.5)), []string{"y: number", "is 1.5"}},
		{"beyond the points", "1.9/calibrated-isotonic", edit("out_of_bounds", quoted("clip"), quoted("nan")), []string{"out_of_bounds is 'nan'", "'clip'"}},
		{"a sigmoid that is no number", "1.9/calibrated-sigmoid", swap(float(sigmoid.Slope), nan), []string{"calibrated_classifiers_[0].calibrators[0].a_", "a number"}},
		{"a sigmoid that is infinite", "1.9/calibrated-sigmoid", swap(float(sigmoid.Slope), float(math.Inf(1))), []string{"sigmoid: number 0 is +Inf"}},
		{"another calibration", "1.9/calibrated-sigmoid", func(files fstest.MapFS) {
			files[m].Data = []byte(strings.ReplaceAll(string(files[m].Data), quoted("sigmoid"), quoted("sigmund")))
		}, []string{"method is 'sigmund'", "'sigmoid'", "'isotonic'"}},
		{"not fitted", "1.9/grid-search", swap("best_estimator_", "best_estimated_"), []string{"GridSearchCV.best_estimator_ is missing", "refit=True"}},
		{"binarized elsewhere", "1.9/bernoulli-nb", edit("binarize", "G"+bigFloat(0), "G"+bigFloat(0.5)), []string{"BernoulliNB.binarize is 0.5", "0.0"}},
		{"a probability of 1", "1.9/bernoulli-nb", func(files fstest.MapFS) { zero(t, files, "feature_log_prob_") }, []string{"BernoulliNB.feature_log_prob_[0 0] is 0", "below 1"}},
		{"a pattern with two groups", "1.9/pattern-group", swap(`(?u)\b([a-z]+)ing\b`, `(?u)\b([a-z]+)(in)g`), []string{"token_pattern", "more than one group"}},
		{"a pattern that looks back", "1.9/pattern-hyphen", swap(`\w+(?:-\w+)*`, `(?<!-)\w+.{1}`[:12]), []string{"token_pattern", "(?<!"}},
		{"a pattern that matches nothing", "1.9/pattern-letters", swap(`[a-zA-Z]+`, `[a-zA-Z]*`), []string{"token_pattern", "where there is no word"}},
		{"a pattern that matches a space", "1.9/pattern-letters", swap(`[a-zA-Z]+`, `[a-z A-]+`), []string{"token_pattern", "a space in them"}},
		{"a stop word that is not UTF-8", "1.9/stop-words-list", swap(quoted("and"), "\x8c\x03a\xffd"), []string{"stop_words"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := pipelineFile(t, c.fixture)
			c.spoil(files)
			_, err := model.OpenFS(files, sklearn.Format)
			refused(t, err, c.want)
		})
	}
}
