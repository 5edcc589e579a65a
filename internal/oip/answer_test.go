package oip_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/oip"
)

// results are the same for every text, but for the class.
type results struct{}

var (
	classes       = []string{"a", "\"b\n", "ü"}
	probabilities = []float64{0.25, 0.25, 0.5}
	scores        = []float64{-1.2345678901234567e-300, 2, 0}
)

const explanation = `"explanation":[{"class":"\"b\n","n-grams":[]}]`

func (results) Tag(i int) int               { return i % len(classes) }
func (results) Probabilities(int) []float64 { return probabilities }
func (results) Scores(int) []float64        { return scores }
func (results) Explanation(int) []byte      { return []byte("," + explanation) }

// An output is one of an answer, decoded.
type output struct {
	Name       string         `json:"name"`
	Datatype   string         `json:"datatype"`
	Shape      []int          `json:"shape"`
	Data       jsontext.Value `json:"data,omitzero"`
	Parameters struct {
		Size *int `json:"binary_data_size"`
	} `json:"parameters,omitzero"`

	elements []any // strings or float64s
	binary   bool
}

// decoded is an answer.
type decoded struct {
	Name       string         `json:"model_name"`
	Version    string         `json:"model_version"`
	ID         *string        `json:"id"`
	Parameters jsontext.Value `json:"parameters,omitzero"`
	Outputs    []output       `json:"outputs"`
}

// decode writes an answer, and reads it as a client does.
func decode(t *testing.T, answer *oip.Answer) decoded {
	t.Helper()
	var whole []byte
	for i := range answer.Parts() {
		part := len(whole)
		whole = answer.AppendPart(whole, i)
		if len(whole)-part > answer.Largest() {
			t.Errorf("part %d has %d bytes, more than %d", i, len(whole)-part, answer.Largest())
		}
	}
	if len(whole) > answer.Room() {
		t.Errorf("the answer has %d bytes, more than %d", len(whole), answer.Room())
	}
	length, _ := answer.JSONLength(nil)
	if length > len(whole) || !answer.Binary() && length != len(whole) {
		t.Fatalf("the JSON has %d bytes of %d", length, len(whole))
	}
	document, rest := whole[:length], whole[length:]
	var d decoded
	if err := json.Unmarshal(document, &d, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	for i := range d.Outputs {
		rest = d.Outputs[i].decode(t, rest)
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes follow the outputs", len(rest))
	}
	return d
}

// decode reads the elements of an output, and returns the binary data behind it.
func (o *output) decode(t *testing.T, data []byte) (rest []byte) {
	t.Helper()
	if o.Parameters.Size == nil {
		if err := json.Unmarshal(o.Data, &o.elements); err != nil {
			t.Fatalf("%v in %s", err, o.Data)
		}
		return data
	}
	o.binary = true
	size := *o.Parameters.Size
	if size > len(data) || o.Data != nil {
		t.Fatalf("%s has %d bytes of %d, and %q", o.Name, size, len(data), o.Data)
	}
	data, rest = data[:size], data[size:]
	for len(data) > 0 {
		if o.Datatype == "FP64" {
			o.elements = append(o.elements, math.Float64frombits(binary.LittleEndian.Uint64(data)))
			data = data[8:]
			continue
		}
		n := 4 + binary.LittleEndian.Uint32(data)
		o.elements = append(o.elements, string(data[4:n]))
		data = data[n:]
	}
	return rest
}

// expected returns an output of so many texts, made of results in the simplest way.
func expected(name string, classification, texts int, hasBinary bool) output {
	o := output{Name: name, Datatype: "BYTES", Shape: []int{texts}, binary: hasBinary}
	best := map[string][]int{oip.Probabilities: {2, 0, 1}, oip.Scores: {1, 2, 0}}[name]
	numbers := map[string][]float64{oip.Probabilities: probabilities, oip.Scores: scores}[name]
	k := min(classification, len(classes))
	switch {
	case k > 0:
		o.Shape = append(o.Shape, k)
	case numbers != nil:
		o.Datatype, o.Shape = "FP64", append(o.Shape, len(classes))
	}
	for i := range texts {
		switch {
		case k > 0:
			for _, class := range best[:k] {
				o.elements = append(o.elements, fmt.Sprintf("%v:%d:%s", numbers[class], class, classes[class]))
			}
		case numbers != nil:
			for _, number := range numbers {
				o.elements = append(o.elements, number)
			}
		case name == oip.PredictedTag:
			o.elements = append(o.elements, classes[i%len(classes)])
		default:
			o.elements = append(o.elements, "{"+explanation+"}")
		}
	}
	return o
}

// check holds the outputs of an answer against those that were asked for.
func check(t *testing.T, got decoded, want []asked, texts int) {
	t.Helper()
	if len(got.Outputs) != len(want) {
		t.Fatalf("%d outputs, want %d", len(got.Outputs), len(want))
	}
	for i, w := range want {
		g := got.Outputs[i]
		g.Data, g.Parameters.Size = nil, nil
		if diff := cmp.Diff(g, expected(w.name, w.classification, texts, w.binary), cmp.AllowUnexported(output{})); diff != "" {
			t.Errorf("%s: %s", w.name, diff)
		}
	}
}

// The outputs are those asked for, in that order, in JSON or binary as the request says.
func TestAnswer(t *testing.T) {
	tests := []struct {
		name, request string // without its inputs
		want          []asked
	}{
		{"by default", ``, []asked{{name: "predicted_tag"}, {name: "probabilities"}}},
		{"outputs that are null", `"outputs":null,`, []asked{{name: "predicted_tag"}, {name: "probabilities"}}},
		{"an empty list", `"outputs":[],`, []asked{{name: "predicted_tag"}, {name: "probabilities"}}},
		{"all", `"outputs":[{"name":"explanation"},{"name":"scores"},{"name":"probabilities"},{"name":"predicted_tag"}],`,
			[]asked{{name: "explanation"}, {name: "scores"}, {name: "probabilities"}, {name: "predicted_tag"}}},
		{"classes", `"outputs":[{"name":"probabilities","parameters":{"classification":2}},{"name":"scores","parameters":{"classification":1}}],`,
			[]asked{{name: "probabilities", classification: 2}, {name: "scores", classification: 1}}},
		{"more classes than there are", `"outputs":[{"name":"scores","parameters":{"classification":9}}],`, []asked{{name: "scores", classification: 9}}},
		{"binary by default", `"parameters":{"binary_data_output":true},`, []asked{{name: "predicted_tag", binary: true}, {name: "probabilities", binary: true}}},
		{"not binary", `"parameters":{"binary_data_output":false},`, []asked{{name: "predicted_tag"}, {name: "probabilities"}}},
		{"one binary", `"outputs":[{"name":"predicted_tag"},{"name":"explanation","parameters":{"binary_data":true}},{"name":"scores"}],`,
			[]asked{{name: "predicted_tag"}, {name: "explanation", binary: true}, {name: "scores"}}},
		{"all binary but one", `"outputs":[{"name":"scores"},{"name":"predicted_tag","parameters":{"binary_data":false}},{"name":"probabilities","parameters":{"classification":3}}],"parameters":{"binary_data_output":true},`,
			[]asked{{name: "scores", binary: true}, {name: "predicted_tag"}, {name: "probabilities", classification: 3, binary: true}}},
		{"unknown parameters", `"outputs":[{"name":"predicted_tag","shape":[1],"parameters":{"x":[{}]}}],`, []asked{{name: "predicted_tag"}}},
	}
	for _, test := range tests {
		for _, texts := range []int{1, 4} {
			t.Run(fmt.Sprint(test.name, " ", texts), func(t *testing.T) {
				request, _, err := parse([]byte(`{`+test.request+inputOf(texts)+`}`), -1)
				if err != nil {
					t.Fatal(err)
				}
				answer, err := request.Answer("m", "7", classes, true, texts, results{})
				if err != nil {
					t.Fatal(err)
				}
				got := decode(t, answer)
				if got.Name != "m" || got.Version != "7" || got.ID != nil {
					t.Errorf("got %+v", got)
				}
				check(t, got, test.want, texts)
				for _, name := range []string{"predicted_tag", "probabilities", "scores", "explanation"} {
					wanted := false
					for _, o := range test.want {
						wanted = wanted || o.name == name
					}
					if answer.Wants(name) != wanted {
						t.Errorf("it is %t that %s is wanted", answer.Wants(name), name)
					}
				}
			})
		}
	}
}

// inputOf returns an input with so many texts.
func inputOf(texts int) string {
	return fmt.Sprintf(`"inputs":[{"name":"text","datatype":"BYTES","shape":[%d],"data":["a"%s]}]`, texts, strings.Repeat(`,"a"`, texts-1))
}

// level are results of 30 classes, every second of which is as likely.
type level struct{ results }

func (level) Scores(int) []float64 {
	scores := make([]float64, 30)
	for i := range scores {
		scores[i] = float64(i % 2)
	}
	return scores
}

// Of classes that are as likely the first in order comes first.
func TestAnswerTies(t *testing.T) {
	many := make([]string, 30)
	var want []any
	for _, score := range []int{1, 0} {
		for i := score; i < len(many); i += 2 {
			many[i] = fmt.Sprint("class-", i)
			want = append(want, fmt.Sprintf("%d:%d:class-%d", score, i, i))
		}
	}
	request, _, err := parse([]byte(`{"outputs":[{"name":"scores","parameters":{"classification":30}}],`+inputOf(1)+`}`), -1)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := request.Answer("m", "1", many, true, 1, level{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decode(t, answer).Outputs[0].elements, want); diff != "" {
		t.Error(diff)
	}
}

// The id and the parameters of a request go back as they came.
func TestAnswerGivesBack(t *testing.T) {
	tests := []struct{ name, request, want string }{
		{"nothing", ``, ``},
		{"nulls", `"id":null,"parameters":null,`, ``},
		{"an empty id", `"id":"",`, `,"id":""`},
		{"an id", `"id":"\u00e9\n\"",`, `,"id":"é\n\""`},
		{"parameters", `"parameters":{ "a": [1, 2.50], "b": {"c": null} },`, `,"parameters":{ "a": [1, 2.50], "b": {"c": null} }`},
		{"both", `"parameters":{},"id":"1",`, `,"id":"1","parameters":{}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request, _, err := parse([]byte(`{`+test.request+`"outputs":[{"name":"predicted_tag"}],`+inputOf(1)+`}`), -1)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := request.Answer("m", "7", classes, true, 1, results{})
			if err != nil {
				t.Fatal(err)
			}
			var whole []byte
			for i := range answer.Parts() {
				whole = answer.AppendPart(whole, i)
			}
			if diff := cmp.Diff(string(whole), `{"model_name":"m","model_version":"7"`+test.want+`,"outputs":[{"name":"predicted_tag","datatype":"BYTES","shape":[1],"data":["a"]}]}`); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An output that cannot be given is an error that says why, and what there is.
func TestAnswerErrors(t *testing.T) {
	const sure, unsure = true, false
	tests := []struct {
		name, outputs    string
		hasProbabilities bool
		want             string
	}{
		{"unknown", `{"name":"logits"}`, sure, `outputs[0].name: is "logits", which is not an output of the model; its outputs: predicted_tag, probabilities, scores, explanation`},
		{"without a name", `{"name":"scores"},{}`, sure, `outputs[1].name: is "", which is not an output of the model; its outputs: predicted_tag, probabilities, scores, explanation`},
		{"the name of the input", `{"name":"text"}`, sure, `outputs[0].name: is "text", which is not an output of the model; its outputs: predicted_tag, probabilities, scores, explanation`},
		{"probabilities of a model that has none", `{"name":"probabilities"}`, unsure, `outputs[0].name: is "probabilities", which is not an output of the model; its outputs: predicted_tag, scores, explanation`},
		{"twice", `{"name":"scores"},{"name":"predicted_tag"},{"name":"scores","parameters":{"classification":1}}`, sure, "outputs[2].name: is asked for twice"},
		{"classes of tags", `{"name":"predicted_tag","parameters":{"classification":2}}`, sure, "outputs[0].parameters.classification: is for probabilities and scores"},
		{"classes of explanations", `{"name":"explanation","parameters":{"classification":2}}`, sure, "outputs[0].parameters.classification: is for probabilities and scores"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request, _, err := parse([]byte(`{"outputs":[`+test.outputs+`],`+inputOf(1)+`}`), -1)
			if err != nil {
				t.Fatal(err)
			}
			_, err = request.Answer("m", "1", classes, test.hasProbabilities, 1, results{})
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// Without probabilities the scores take their place, in what is known of the outputs as well.
func TestAnswerWithoutProbabilities(t *testing.T) {
	request, _, err := parse([]byte(`{`+inputOf(2)+`}`), -1)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := request.Answer("m", "1", classes, false, 2, results{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, decode(t, answer), []asked{{name: "predicted_tag"}, {name: "scores"}}, 2)
	for hasProbabilities, want := range map[bool][]string{true: {"predicted_tag", "probabilities", "scores", "explanation"}, false: {"predicted_tag", "scores", "explanation"}} {
		var names []string
		for _, tensor := range oip.Outputs(classes, hasProbabilities) {
			names = append(names, tensor.Name)
			if named := tensor.Parameters != nil; named != (tensor.Datatype == "FP64") || named && cmp.Diff(tensor.Parameters.Classes, classes) != "" {
				t.Errorf("%s: the classes are %+v", tensor.Name, tensor.Parameters)
			}
		}
		if diff := cmp.Diff(names, want); diff != "" {
			t.Error(diff)
		}
	}
}
