package server_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"tagifai/internal/prediction"
	"tagifai/internal/server"
	"tagifai/model"
)

// explained asks for explanations of texts and returns the predictions, whose numbers add
// up.
func (s *service) explained(t *testing.T, query string, texts ...string) []prediction.Prediction {
	t.Helper()
	answer := s.ask(t, http.MethodPost, "/predict?include=explanation"+query, jsonBody, payloadOf(t, texts...))
	if answer.status != http.StatusOK {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	var data struct{ Predictions []prediction.Prediction }
	if err := json.Unmarshal(decodeEnvelope(t, answer.body).Data, &data, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	for i, p := range data.Predictions {
		for _, e := range p.Explanation {
			sum := e.Intercept + e.Remaining.Positive + e.Remaining.Negative
			for _, n := range e.NGrams {
				sum += n.Weight
			}
			if math.Abs(sum-e.Score) > 1e-9 {
				t.Errorf("%.100q, %s: intercept, n-grams and remaining are %v together, the score is %v", texts[i], e.Class, sum, e.Score)
			}
			sum = e.Intercept
			for _, span := range e.Spans {
				sum += span.Weight
			}
			if math.Abs(sum-e.Score) > 1e-9 {
				t.Errorf("%.100q, %s: intercept and spans are %v together, the score is %v", texts[i], e.Class, sum, e.Score)
			}
		}
	}
	return data.Predictions
}

func payloadOf(t *testing.T, texts ...string) string {
	t.Helper()
	type text struct {
		Text string `json:"text"`
	}
	body := struct {
		Texts []text `json:"texts"`
	}{}
	for _, s := range texts {
		body.Texts = append(body.Texts, text{s})
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func classesOf(p prediction.Prediction) []string {
	var classes []string
	for _, e := range p.Explanation {
		classes = append(classes, e.Class)
	}
	return classes
}

func TestExplanation(t *testing.T) {
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, settings())
	const text = "Object detection with YOLO 😀 in İstanbul"
	tag := m.Tag(text)
	other := m.Classes()[0]
	if other == tag {
		other = m.Classes()[1]
	}
	tests := []struct {
		name, query string
		top         int
		classes     []string
	}{
		{"the default", "", 10, []string{tag}},
		{"a number of n-grams", "&explain_top=3", 3, []string{tag}},
		{"none", "&explain_top=0", 0, []string{tag}},
		{"the last of several numbers", "&explain_top=3&explain_top=4", 4, []string{tag}},
		{"another class", "&explain_classes=" + url.QueryEscape(other), 10, []string{tag, other}},
		{"all classes", "&explain_classes=" + url.QueryEscape(strings.Join(m.Classes(), ",")), 10,
			append([]string{tag}, without(m.Classes(), tag)...)},
		{"beside probabilities", "&include=probabilities,version", 10, []string{tag}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := s.explained(t, test.query, text)[0]
			if diff := cmp.Diff(classesOf(p), test.classes); diff != "" {
				t.Errorf("classes (-got +want):\n%s", diff)
			}
			if got := len(p.Explanation[0].NGrams); got != test.top {
				t.Errorf("%d n-grams, want %d", got, test.top)
			}
			want := m.Classify(text, nil, nil)
			if p.Fallback != nil {
				t.Errorf("a fallback to %s, though %s is sure enough", p.PredictedTag, m.Class(want.Best))
			}
		})
	}
}

func without(names []string, name string) []string {
	var left []string
	for _, n := range names {
		if n != name {
			left = append(left, n)
		}
	}
	return left
}

// cautious returns the default model with a threshold that hardly any text passes.
func cautious(on string) func() (*model.Model, error) {
	return func() (*model.Model, error) {
		a, err := model.ReadArtifact(model.DefaultFS())
		if err != nil {
			return nil, err
		}
		if a.Args, err = model.ParseObject([]byte(`{"threshold": 0.99999, "threshold_on": "` + on + `"}`)); err != nil {
			return nil, err
		}
		return model.New(a)
	}
}

// Where no class is sure enough the answer says which came nearest.
func TestExplanationOfFallback(t *testing.T) {
	for _, on := range []string{model.OnProbability, model.OnSigmoid} {
		t.Run(on, func(t *testing.T) {
			s := startLoading(t, cautious(on), settings())
			p := s.explained(t, "", "A text about nothing in particular")[0]
			f := p.Fallback
			if p.PredictedTag != model.Other || f == nil {
				t.Fatalf("got %s, fallback %v; want other for want of a class above 0.99999", p.PredictedTag, f)
			}
			compared := f.Probability
			if on == model.OnSigmoid {
				compared = f.Sigmoid
			}
			if f.Threshold != 0.99999 || !(compared > 0 && compared <= f.Threshold) {
				t.Errorf("got %+v, want a %s up to the threshold 0.99999", f, on)
			}
			want := []string{model.Other}
			if f.Class != model.Other {
				want = append(want, f.Class)
			}
			if diff := cmp.Diff(classesOf(p), want); diff != "" {
				t.Errorf("classes (-got +want):\n%s", diff)
			}
		})
	}
}

func TestExplanationRefused(t *testing.T) {
	s := start(t, settings())
	tests := []struct{ name, query, want string }{
		{"no number", "&explain_top=many", `{"loc":["query","explain_top"],"msg":"value is not a valid integer","type":"type_error.integer"}`},
		{"a negative number", "&explain_top=-1", `{"loc":["query","explain_top"],"msg":"ensure this value is greater than or equal to 0","type":"value_error.number.not_ge","ctx":{"limit_value":0}}`},
		{"too many", "&explain_top=1001", `{"loc":["query","explain_top"],"msg":"ensure this value is less than or equal to 1000","type":"value_error.number.not_le","ctx":{"limit_value":1000}}`},
		{"an unknown class", "&explain_classes=mlops,cooking", `"type":"value_error.unknown_class"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, http.MethodPost, "/predict?include=explanation"+test.query, jsonBody, payload)
			if answer.status != http.StatusUnprocessableEntity || !strings.Contains(answer.body, test.want) {
				t.Errorf("got %d %s, want 422 with %s", answer.status, answer.body, test.want)
			}
		})
	}
}

// Many explanations are sent as a long list is, and what they hold is counted.
func TestManyExplanations(t *testing.T) {
	c := settings()
	s := start(t, c)
	var texts []string
	for i := range 300 {
		texts = append(texts, "Image segmentation with convolutional networks, part "+strconv.Itoa(i))
	}
	if got := len(s.explained(t, "&explain_top=20", texts...)); got != len(texts) {
		t.Errorf("%d predictions for %d texts", got, len(texts))
	}

	c = settings()
	c.Limits.MaxHeldBytes = 4 << 20
	s = start(t, c)
	answer := s.ask(t, http.MethodPost, "/predict?include=explanation", jsonBody, payloadOf(t, strings.Repeat("deep learning ", 5000)))
	if answer.status != http.StatusRequestEntityTooLarge {
		t.Errorf("an explanation of more than the service may hold: %d, want 413", answer.status)
	}
	s.explained(t, "", texts[0])
}

// The buffers that explanations are encoded in go from request to request: those that are
// answered at the same time are as if each were answered alone.
func TestExplanationsAtOnce(t *testing.T) {
	h := newServer(t, server.Options{Settings: settings(), Log: zerolog.New(io.Discard)}).Handler()
	explain := func(i int) string {
		body := fmt.Sprintf(`{"texts":[{"text":"project %d: %s"},{"text":"%d"}]}`, i, strings.Repeat("graph neural networks ", i), i)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/predict?include=explanation", strings.NewReader(body)))
		_, data, _ := strings.Cut(w.Body.String(), `"data":`) // what comes before has the time in it
		return data
	}
	const requests = 30
	var want [requests]string
	for i := range want {
		want[i] = explain(i)
		if !strings.Contains(want[i], `"explanation":[{`) {
			t.Fatalf("request %d is not explained: %s", i, want[i])
		}
	}
	var running sync.WaitGroup
	for from := range 4 { // as many as never have to wait for their turn
		running.Go(func() {
			for i := range 5 * requests {
				i = (from + i) % requests
				if diff := cmp.Diff(explain(i), want[i]); diff != "" {
					t.Errorf("request %d: %s", i, diff)
				}
			}
		})
	}
	running.Wait()
}
