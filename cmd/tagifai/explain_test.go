package main

import (
	"math"
	"strings"
	"testing"

	"tagifai/internal/prediction"
)

// What explain writes as JSON is what the service answers, and adds up.
func TestExplainJSON(t *testing.T) {
	const lines = "Object detection with YOLO\n\nbake a cake\r\n"
	out := succeed(t, lines, "explain", "--format", "json", "--top", "5", "--classes", "mlops,other")
	var texts []string
	for line := range strings.Lines(out) {
		p := parse[prediction.Prediction](t, line)
		texts = append(texts, p.InputText)
		if len(p.Explanation) < 2 || p.Explanation[0].Class != p.PredictedTag {
			t.Errorf("%q: explanations of %v, want the predicted class first, with mlops and other", p.InputText, p.Explanation)
		}
		for _, e := range p.Explanation {
			sum := e.Intercept + e.Remaining.Positive + e.Remaining.Negative
			for _, n := range e.NGrams {
				sum += n.Weight
			}
			if math.Abs(sum-e.Score) > 1e-9 || len(e.NGrams) > 5 {
				t.Errorf("%q, %s: %d n-grams that come to %v, the score is %v", p.InputText, e.Class, len(e.NGrams), sum, e.Score)
			}
		}
	}
	if got := strings.Join(texts, "|"); got != "Object detection with YOLO||bake a cake" {
		t.Errorf("got explanations of %q", got)
	}
}

func TestExplainFormats(t *testing.T) {
	tests := []struct{ name, format, begins, ends string }{
		{"text", "text", "computer-vision  1.00  Object", "\n\n"},
		{"html", "html", "<!doctype html>", "</html>\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := succeed(t, "", "explain", "--format", test.format, "Object detection with YOLO on images")
			if !strings.HasPrefix(out, test.begins) || !strings.HasSuffix(out, test.ends) || strings.Contains(out, "\x1b") {
				t.Errorf("got %q", out)
			}
		})
	}
}

func TestExplainRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		args       []string
	}{
		{"an unknown class", `--classes: "cooking" is not a class of the model`, []string{"--classes", "cooking"}},
		{"a negative number", "--top -1 is negative", []string{"--top=-1"}},
		{"an unknown format", "--format", []string{"--format", "xml"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := tagifai(t, "", append([]string{"explain", "a text"}, test.args...)...)
			if got.code != misuse || got.stdout != "" || !strings.Contains(got.stderr, test.want) {
				t.Errorf("got %+v; want exit code %d and %q", got, misuse, test.want)
			}
		})
	}
}
