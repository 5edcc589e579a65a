package evaluation_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tagifai/internal/evaluation"
)

// A fixture is what scikit-learn says; testdata/generate.py wrote it.
type fixture struct {
	Tags []struct {
		Name            string
		True, Predicted []string
		Classes         []string
		Class           struct{ Precision, Recall, F1, Support []float64 }
		Weighted, Micro struct{ Precision, Recall, F1 float64 }
		Confusion       evaluation.Tally
	}
	Probabilities []struct {
		Name                    string
		True                    []int
		Probabilities           [][]float64
		LogLoss                 float64 `json:"log_loss"`
		Brier, Error            float64
		Accuracies, Confidences []float64
		Counts                  []int
	}
}

func readFixture(t *testing.T) fixture {
	t.Helper()
	data, err := os.ReadFile("testdata/metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

var within = cmpopts.EquateApprox(0, 1e-12)

func TestReportIsScikitLearns(t *testing.T) {
	for _, c := range readFixture(t).Tags {
		t.Run(c.Name, func(t *testing.T) {
			p := evaluation.Predictions{Classes: c.Classes, Texts: c.True}
			for i := range c.True {
				p.Labels = append(p.Labels, slices.Index(c.Classes, c.True[i]))
				p.Answers = append(p.Answers, slices.Index(c.Classes, c.Predicted[i]))
			}
			got := p.Report(nil)
			want := &evaluation.Report{
				Class:     make(map[string]evaluation.Metrics),
				Slices:    make(map[string]evaluation.Metrics),
				Overall:   evaluation.Metrics{Precision: c.Weighted.Precision, Recall: c.Weighted.Recall, F1: c.Weighted.F1, Samples: len(c.True)},
				Classes:   c.Classes,
				Confusion: c.Confusion,
			}
			for k, class := range c.Classes {
				want.Class[class] = evaluation.Metrics{Precision: c.Class.Precision[k], Recall: c.Class.Recall[k], F1: c.Class.F1[k], Samples: int(c.Class.Support[k])}
			}
			if diff := cmp.Diff(got, want, within); diff != "" {
				t.Error(diff)
			}
			micro := evaluation.Metrics{Precision: c.Micro.Precision, Recall: c.Micro.Recall, F1: c.Micro.F1, Samples: len(c.True)}
			if diff := cmp.Diff(got.Confusion.Micro(), micro, within); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCalibrationIsScikitLearns(t *testing.T) {
	for _, c := range readFixture(t).Probabilities {
		t.Run(c.Name, func(t *testing.T) {
			p := predictions(c.True, c.Probabilities)
			got := p.Report(nil).Calibration
			if got == nil {
				t.Fatal("none")
			}
			want := &evaluation.Calibration{Error: c.Error, Brier: c.Brier, LogLoss: c.LogLoss, Samples: len(c.True)}
			for i, n := range c.Counts {
				want.Bins = append(want.Bins, evaluation.Bin{Confidence: c.Confidences[i], Accuracy: c.Accuracies[i], Samples: n})
			}
			if diff := cmp.Diff(got, want, within, cmpopts.IgnoreFields(evaluation.Bin{}, "From", "To")); diff != "" {
				t.Error(diff)
			}
			for _, b := range got.Bins {
				if !(b.From <= b.Confidence && b.Confidence <= b.To+1e-15 && math.Abs(b.To-b.From-0.1) < 1e-12) {
					t.Errorf("%+v is not where its samples are", b)
				}
			}
		})
	}
}

func predictions(labels []int, probabilities [][]float64) *evaluation.Predictions {
	p := &evaluation.Predictions{
		Classes:       []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}[:len(probabilities[0])],
		Labels:        labels,
		Probabilities: probabilities,
	}
	for range labels {
		p.Texts = append(p.Texts, "")
		p.Answers = append(p.Answers, 0)
	}
	return p
}

// A classifier says nothing of the probability of a class that it does not have.
func TestCalibrationOfMoreClasses(t *testing.T) {
	p := predictions([]int{0, 2, 1}, [][]float64{{0.8, 0.2}, {0.5, 0.5}, {0.1, 0.9}})
	p.Classes = append(p.Classes, "c")
	known := predictions([]int{0, 1}, [][]float64{{0.8, 0.2}, {0.1, 0.9}})
	if diff := cmp.Diff(p.Report(nil).Calibration, known.Report(nil).Calibration); diff != "" {
		t.Error(diff)
	}
	p.Labels = []int{2, 2, 2}
	if got := p.Report(nil).Calibration; got != nil {
		t.Errorf("got %+v, want none", got)
	}
}

func TestSlices(t *testing.T) {
	course := []string{"computer-vision", "mlops", "natural-language-processing", "other"}
	tests := []struct {
		name      string
		text, tag string
		want      []string // slices that have it
	}{
		{"seven words", "a b c d\te\nf  g ", "mlops", []string{"short_text"}},
		{"eight words", " a b c d e f g h", "mlops", nil},
		{"eight words and other white space", "a\u00a0b\u2003c\vd\u0085e\u3000f g h", "mlops", nil},
		{"no word", "", "mlops", []string{"short_text"}},
		{"CNN", "one two three four five CNNs six seven eight", "natural-language-processing", []string{"nlp_cnn"}},
		{"cnn", "one two three four five cnn six seven eight", "natural-language-processing", nil},
		{"Convolutional", "Convolutional words", "natural-language-processing", []string{"nlp_cnn", "short_text"}},
		{"CNN of images", "one two three four five CNNs six seven eight", "computer-vision", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := evaluation.Predictions{Classes: course, Texts: []string{test.text}, Labels: []int{slices.Index(course, test.tag)}, Answers: []int{0}}
			var got []string
			for name, m := range p.Report(evaluation.CourseSlices(course)).Slices {
				if m.Samples > 0 {
					got = append(got, name)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := evaluation.CourseSlices([]string{"ham", "spam"}); got != nil {
		t.Errorf("other classes have the course's slices %v", got)
	}
}

func TestCompileSlices(t *testing.T) {
	tests := []struct {
		name string
		of   []evaluation.Slice
		want string
	}{
		{"none", nil, ""},
		{"pattern", []evaluation.Slice{{Name: "a", Pattern: "x+"}}, ""},
		{"tag", []evaluation.Slice{{Name: "a", Tag: "x"}}, ""},
		{"no name", []evaluation.Slice{{Pattern: "x"}}, "0.name: missing"},
		{"nothing", []evaluation.Slice{{Name: "a"}}, "0.pattern: missing"},
		{"twice", []evaluation.Slice{{Name: "a", Pattern: "x"}, {Name: "a", Pattern: "y"}}, `1.name: "a" occurs twice`},
		{"bad pattern", []evaluation.Slice{{Name: "a", Pattern: "("}}, "0.pattern: error parsing regexp: missing closing ): `(`"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := evaluation.CompileSlices(test.of)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
