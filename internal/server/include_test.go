package server_test

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/server"
	"tagifai/internal/server/classify"
	"tagifai/model"
	"tagifai/model/linear"
)

// What include adds to the data of POST /predict, and where.
func TestInclude(t *testing.T) {
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, settings())
	const text = "CNNs for image segmentation."
	want := m.Predict(text)
	run := `"model":"` + m.RunID() + `"`
	tests := []struct {
		name, query          string
		probabilities, model bool
	}{
		{"nothing", "", false, false},
		{"an empty query", "?", false, false},
		{"an empty value", "?include=", false, false},
		{"no value", "?include", false, false},
		{"another parameter", "?includes=model&Include=model", false, false},
		{"probabilities", "?include=probabilities", true, false},
		{"model", "?include=model", false, true},
		{"both, with a comma", "?include=model,probabilities", true, true},
		{"both, with an escaped comma", "?include=probabilities%2Cmodel", true, true},
		{"both, repeated", "?include=probabilities&x=1&include=model", true, true},
		{"one twice", "?include=model,model&include=model", false, true},
		{"escaped", "?%69nclude=mode%6C", false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, http.MethodPost, "/predict"+test.query, jsonBody, payload)
			got := string(decodeEnvelope(t, answer.body).Data)
			added := ""
			if test.probabilities {
				begin := strings.Index(got, `,"probabilities":{`)
				if begin < 0 {
					t.Fatalf("no probabilities in %s", got)
				}
				end := begin + strings.IndexByte(got[begin:], '}') + 1
				added = got[begin:end]
				if sum := checkNumbers(t, strings.TrimPrefix(added, `,"probabilities":`), m.Classes(), want.Probabilities); math.Abs(sum-1) > 1e-12 {
					t.Errorf("the sum is %v", sum)
				}
			}
			whole := `{"predictions":[{"input_text":"` + text + `","predicted_tag":"` + want.Tag + `"` + added + `}]`
			if test.model {
				whole += "," + run
			}
			if diff := cmp.Diff(got, whole+"}"); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// checkNumbers looks at an object for every class, in order, and every bit, and returns
// the sum of its numbers.
func checkNumbers(t *testing.T, object string, classes []string, want []float64) (sum float64) {
	t.Helper()
	d := jsontext.NewDecoder(strings.NewReader(object))
	if _, err := d.ReadToken(); err != nil {
		t.Fatal(err)
	}
	for k, class := range classes {
		var name string
		var value float64
		if err := json.UnmarshalDecode(d, &name); err != nil {
			t.Fatal(err)
		}
		if err := json.UnmarshalDecode(d, &value); err != nil {
			t.Fatal(err)
		}
		if name != class || value != want[k] {
			t.Errorf("got %s %v, want %s %v", name, value, class, want[k])
		}
		sum += value
	}
	return sum
}

// unsure returns the default model with a classifier that has no probabilities.
func unsure(t *testing.T) *model.Model {
	t.Helper()
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	a.Weights.Links = []linear.Link{{Loss: linear.NoLoss, Weight: 1}}
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Scores are there for every model. A model without probabilities gives tags, and says
// why it gives nothing else.
func TestIncludeScores(t *testing.T) {
	sure, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	const text = "CNNs for image segmentation."
	for name, m := range map[string]*model.Model{"with probabilities": sure, "without": unsure(t)} {
		t.Run(name, func(t *testing.T) {
			s := startLoading(t, newLoader(m).load, settings())
			want := m.Predict(text)
			got := string(decodeEnvelope(t, s.ask(t, http.MethodPost, "/predict?include=scores", jsonBody, payload).body).Data)
			scores, ok := strings.CutPrefix(got, `{"predictions":[{"input_text":"`+text+`","predicted_tag":"`+want.Tag+`","scores":`)
			if !ok {
				t.Fatalf("got %s", got)
			}
			checkNumbers(t, strings.TrimSuffix(scores, "}]}"), m.Classes(), want.Scores)

			answer := s.ask(t, http.MethodPost, "/predict?include=scores,probabilities", jsonBody, payload)
			if m.HasProbabilities() {
				if answer.status != http.StatusOK || !strings.Contains(answer.body, `"probabilities":{`) || !strings.Contains(answer.body, `"scores":{`) {
					t.Errorf("got %d, %s, want both", answer.status, answer.body)
				}
				return
			}
			detail := string(decodeEnvelope(t, answer.body).Detail)
			wantDetail := `[{"loc":["query","include"],"msg":"the model has no probabilities, as its classifier was not trained to give any; ask for 'scores'","type":"value_error.no_probabilities"}]`
			if diff := cmp.Diff(detail, wantDetail); answer.status != http.StatusUnprocessableEntity || diff != "" {
				t.Errorf("got %d, want %d\n%s", answer.status, http.StatusUnprocessableEntity, diff)
			}
		})
	}
	if w := unsure(t).Warnings(); len(w) != 1 || !strings.Contains(w[0], "threshold is not used") {
		t.Errorf("got the warnings %q, want one of the threshold", w)
	}
}

// The errors of the query come before those of the body; a body that is no JSON is
// the only error, as in FastAPI.
func TestIncludeInvalid(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 100 }))
	const (
		fine    = `{"texts":[{"text":"a"}]}`
		wrong   = `{"loc":["query","include"],"msg":"value is not a valid enumeration member; permitted: 'probabilities', 'scores', 'model', 'version', 'explanation'","type":"type_error.enum","ctx":{"enum_values":["probabilities","scores","model","version","explanation"]}}`
		noTexts = `{"loc":["body","texts"],"msg":"field required","type":"value_error.missing"}`
		noBody  = `{"loc":["body"],"msg":"field required","type":"value_error.missing"}`
	)
	tests := []struct {
		name, query, body string
		status            int
		want              string
	}{
		{"unknown", "include=x", fine, 422, "[" + wrong + "]"},
		{"one of three", "include=model,x&include=probabilities", fine, 422, "[" + wrong + "]"},
		{"in capitals", "include=Model", fine, 422, "[" + wrong + "]"},
		{"a space", "include=model,%20probabilities", fine, 422, "[" + wrong + "]"},
		{"a comma too many", "include=model,", fine, 422, "[" + wrong + "]"},
		{"a semicolon", "include=model;probabilities", fine, 422, "[" + wrong + "]"},
		{"an escape that is none", "include=%zz", fine, 422, "[" + wrong + "]"},
		{"with a body", "include=x", `{}`, 422, "[" + wrong + "," + noTexts + "]"},
		{"without a body", "include=x", ``, 422, "[" + wrong + "," + noBody + "]"},
		{"with no JSON", "include=x", `{`, 422, `[{"loc":["body",1],"msg":"a property name in double quotes is wanted: line 1 column 2 (char 1)","type":"value_error.jsondecode",` +
			`"ctx":{"msg":"a property name in double quotes is wanted","pos":1,"lineno":1,"colno":2}}]`},
		{"with no text", "include=x", "\xff", 400, `"There was an error parsing the body"`},
		{"with too large a body", "include=x", strings.Repeat(" ", 101), 413, `"The body is larger than the limit of 100 bytes"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, http.MethodPost, "/predict?"+test.query, jsonBody, test.body)
			if answer.status != test.status {
				t.Errorf("got %d, want %d", answer.status, test.status)
			}
			if diff := cmp.Diff(string(decodeEnvelope(t, answer.body).Detail), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each limit has its own error, at the first byte, item and character beyond it.
func TestLimits(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 90; c.MaxTexts = 3; c.MaxTextLength = 4 }))
	text := func(s string) string { return `{"text":"` + s + `"}` }
	tests := []struct {
		name, body string
		status     int
		want       string
	}{
		{"all that a body may be", `{"texts":[` + text("four") + `,` + text("é学😀ß") + `,` + text(`\u00e9`) + `]}`, 200, ""},
		{"bytes", `{}` + strings.Repeat(" ", 89), 413, `"The body is larger than the limit of 90 bytes"`},
		{"items", `{"texts":[` + text("a") + `,` + text("a") + `,` + text("a") + `,7]}`, 422,
			`[{"loc":["body","texts"],"msg":"ensure this value has at most 3 items","type":"value_error.list.max_items","ctx":{"limit_value":3}}]`},
		{"characters", `{"texts":[` + text("éééé!") + `,` + text("") + `]}`, 422,
			`[{"loc":["body","texts",0,"text"],"msg":"ensure this value has at most 4 characters","type":"value_error.any_str.max_length","ctx":{"limit_value":4}},` +
				`{"loc":["body","texts",1,"text"],"msg":"ensure this value has at least 1 characters","type":"value_error.any_str.min_length","ctx":{"limit_value":1}}]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, http.MethodPost, "/predict", jsonBody, test.body)
			if answer.status != test.status {
				t.Fatalf("%d: %s", answer.status, answer.body)
			}
			if diff := cmp.Diff(string(decodeEnvelope(t, answer.body).Detail), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a long text by default", func(t *testing.T) {
		s := start(t, settings())
		answer := s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[`+text(strings.Repeat("a ", 1<<20))+`]}`)
		if answer.status != http.StatusOK {
			t.Errorf("%d: %.1000s", answer.status, answer.body)
		}
	})
}

// A field with a rule is a line of the payload's type: it is decoded, checked and
// reported without any other.
func TestNewField(t *testing.T) {
	type payload struct {
		Texts []classify.Text `json:"texts" validate:"min=1,dive"`
		Top   int             `json:"top,omitempty" validate:"omitempty,gte=1,lte=5"` // the line
	}
	s := start(t, settings(), func(s *server.Server) { server.RoutePayload[payload](s, "/new") })
	tests := []struct {
		name, body string
		want       string // the detail, or the data
	}{
		{"given", `{"top":3,"texts":[{"text":"a"}]}`, `{"texts":[{"text":"a"}],"top":3}`},
		{"left out", `{"texts":[{"text":"a"}]}`, `{"texts":[{"text":"a"}],"top":0}`},
		{"too much", `{"top":6,"texts":[{"text":"a"}]}`, `[{"loc":["body","top"],"msg":"ensure this value is less than or equal to 5","type":"value_error.number.not_le","ctx":{"limit_value":5}}]`},
		{"another type, and a wrong text", `{"top":"3","texts":[{"text":""}]}`, `[{"loc":["body","texts",0,"text"],"msg":"ensure this value has at least 1 characters","type":"value_error.any_str.min_length","ctx":{"limit_value":1}},` +
			`{"loc":["body","top"],"msg":"value is not a valid integer","type":"type_error.integer"}]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decodeEnvelope(t, s.ask(t, http.MethodPost, "/new", jsonBody, test.body).body)
			if diff := cmp.Diff(string(got.Data)+string(got.Detail), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
