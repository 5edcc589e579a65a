package server_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/server"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/protocols"
)

// three are texts that get three different tags.
var three = []string{"CNNs for image segmentation.", "Transformers for \"NLP\", ümlauts and 🙂", "Kubernetes for MLOps"}

// predicted is what POST /predict answers for the texts of three.
func predicted(t *testing.T, s *service) (tags []string, probabilities, scores [][]float64, classes []string) {
	t.Helper()
	texts := make([]classify.Text, len(three))
	for i := range three {
		texts[i].Text = three[i]
	}
	body, err := json.Marshal(classify.PredictPayload{Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Data server.Predictions }
	got := s.ask(t, http.MethodPost, "/predict?include=probabilities,scores", jsonBody, string(body))
	if err := json.Unmarshal([]byte(got.body), &answer, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	classes = []string{"computer-vision", "mlops", "natural-language-processing", "other"}
	for _, p := range answer.Data.Predictions {
		var row, scored []float64
		for _, class := range classes {
			row, scored = append(row, p.Probabilities[class]), append(scored, p.Scores[class])
		}
		tags, probabilities, scores = append(tags, p.PredictedTag), append(probabilities, row), append(scores, scored)
	}
	return tags, probabilities, scores, classes
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// oipBytes returns texts as a binary tensor.
func oipBytes(texts ...string) string {
	var b []byte
	for _, text := range texts {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return string(b)
}

// What the protocol answers is what POST /predict does, to the last bit.
func TestOIPInfer(t *testing.T) {
	s := start(t, settings())
	tags, probabilities, scores, classes := predicted(t, s)
	data := marshal(t, three)
	nested := marshal(t, [][]string{{three[0]}, {three[1]}, {three[2]}})
	flat := func(rows [][]float64) string {
		var all []float64
		for _, row := range rows {
			all = append(all, row...)
		}
		return marshal(t, all)
	}
	head := `{"model_name":"default","model_version":"1",`
	tagged := `{"name":"predicted_tag","datatype":"BYTES","shape":[3],"data":` + marshal(t, tags) + `}`
	likely := `{"name":"probabilities","datatype":"FP64","shape":[3,4],"data":` + flat(probabilities) + `}`
	scored := `{"name":"scores","datatype":"FP64","shape":[3,4],"data":` + flat(scores) + `}`
	var best []string
	for _, row := range probabilities {
		first := 0
		for k := range row {
			if row[k] > row[first] {
				first = k
			}
		}
		best = append(best, fmt.Sprintf("%v:%d:%s", row[first], first, classes[first]))
	}
	tests := []struct{ name, body, want string }{
		{"flat", `{"inputs":[{"name":"text","shape":[3],"datatype":"BYTES","data":` + data + `}]}`, head + `"outputs":[` + tagged + `,` + likely + `]}`},
		{"nested, by any name", `{"inputs":[{"name":"x","shape":[3,1],"datatype":"BYTES","data":` + nested + `}]}`, head + `"outputs":[` + tagged + `,` + likely + `]}`},
		{"the columns of a data frame", `{"parameters":{"content_type":"pd"},"inputs":[{"name":"n","shape":[3],"datatype":"INT64","data":[1,2,3]},{"name":"text","shape":[3],"datatype":"BYTES","data":` + data + `}]}`,
			head + `"parameters":{"content_type":"pd"},"outputs":[` + tagged + `,` + likely + `]}`},
		{"outputs, id and parameters", `{"outputs":[{"name":"scores"},{"name":"predicted_tag"}],"parameters":{"a":[1, 2]},"id":"é\n","inputs":[{"data":` + data + `,"datatype":"BYTES","shape":[3],"name":"text"}]}`,
			head + `"id":"é\n","parameters":{"a":[1, 2]},"outputs":[` + scored + `,` + tagged + `]}`},
		{"classification", `{"outputs":[{"name":"probabilities","parameters":{"classification":1}}],"inputs":[{"name":"text","shape":[3],"datatype":"BYTES","data":` + data + `}]}`,
			head + `"outputs":[{"name":"probabilities","datatype":"BYTES","shape":[3,1],"data":` + marshal(t, best) + `}]}`},
		{"nulls", `{"id":null,"outputs":null,"parameters":null,"inputs":[{"name":"text","parameters":null,"shape":[3],"datatype":"BYTES","data":` + data + `}]}`, head + `"outputs":[` + tagged + `,` + likely + `]}`},
	}
	for _, path := range []string{"/v2/models/default/infer", "/v2/models/default/versions/1/infer", "/v2/models/default/versions/stable/infer"} {
		for _, test := range tests {
			t.Run(path+" "+test.name, func(t *testing.T) {
				got := s.ask(t, http.MethodPost, path, jsonBody, test.body)
				if diff := cmp.Diff(got.body, test.want); got.status != 200 || diff != "" {
					t.Errorf("%d: %s", got.status, diff)
				}
			})
		}
	}
}

// Binary tensors hold what the JSON would.
func TestOIPBinary(t *testing.T) {
	s := start(t, settings())
	tags, probabilities, _, _ := predicted(t, s)
	tensor := oipBytes(three...)
	ask := func(t *testing.T, doc string) answer {
		t.Helper()
		header := http.Header{"Inference-Header-Content-Length": {strconv.Itoa(len(doc))}} // and no Content-Type
		return s.ask(t, http.MethodPost, "/v2/models/default/infer", header, doc+tensor)
	}
	input := fmt.Sprintf(`"inputs":[{"name":"text","shape":[3],"datatype":"BYTES","parameters":{"binary_data_size":%d}}]`, len(tensor))
	tests := []struct {
		name, doc                string
		binaryTags, binaryNumber bool
	}{
		{"in alone", `{` + input + `}`, false, false},
		{"all", `{` + input + `,"parameters":{"binary_data_output":true}}`, true, true},
		{"all but one", `{"outputs":[{"name":"predicted_tag","parameters":{"binary_data":false}},{"name":"probabilities"}],"parameters":{"binary_data_output":true},` + input + `}`, false, true},
		{"one", `{"outputs":[{"name":"predicted_tag","parameters":{"binary_data":true}},{"name":"probabilities"}],` + input + `}`, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ask(t, test.doc)
			if got.status != 200 {
				t.Fatalf("%d: %s", got.status, got.body)
			}
			doc, rest := got.body, ""
			kind := "application/json"
			if test.binaryTags || test.binaryNumber {
				kind = "application/octet-stream"
				n, err := strconv.Atoi(got.header.Get("Inference-Header-Content-Length"))
				if err != nil {
					t.Fatal(err)
				}
				doc, rest = doc[:n], doc[n:]
			}
			if got.header.Get("Content-Type") != kind {
				t.Errorf("the type is %s, want %s", got.header.Get("Content-Type"), kind)
			}
			var answer struct {
				Outputs []struct {
					Name       string
					Data       any
					Parameters struct {
						Size int `json:"binary_data_size"`
					}
				}
			}
			if err := json.Unmarshal([]byte(doc), &answer, json.MatchCaseInsensitiveNames(true)); err != nil {
				t.Fatalf("%v in %s", err, doc)
			}
			wantTags, wantNumbers := oipBytes(tags...), ""
			for _, row := range probabilities {
				for _, p := range row {
					wantNumbers += string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(p)))
				}
			}
			for i, of := range []struct {
				binary bool
				want   string
			}{{test.binaryTags, wantTags}, {test.binaryNumber, wantNumbers}} {
				o := answer.Outputs[i]
				if !of.binary {
					if o.Data == nil || o.Parameters.Size != 0 {
						t.Errorf("%s has no data in JSON", o.Name)
					}
					continue
				}
				if o.Parameters.Size > len(rest) {
					t.Fatalf("%s has %d bytes of %d", o.Name, o.Parameters.Size, len(rest))
				}
				if diff := cmp.Diff(rest[:o.Parameters.Size], of.want); diff != "" {
					t.Errorf("%s: %s", o.Name, diff)
				}
				rest = rest[o.Parameters.Size:]
			}
			if rest != "" {
				t.Errorf("%d bytes too many", len(rest))
			}
		})
	}
}

// An answer that is sent in chunks is what its header says, also with binary data.
func TestOIPStreams(t *testing.T) {
	s := start(t, settings())
	const n = 10000
	body := fmt.Sprintf(`{"inputs":[{"name":"text","shape":[%d],"datatype":"BYTES","data":["a"%s]}],"parameters":{"binary_data_output":true}}`, n, strings.Repeat(`,"a"`, n-1))
	for _, doc := range []string{body, strings.Replace(body, "true", "false", 1)} {
		got := s.ask(t, http.MethodPost, "/v2/models/default/infer", jsonBody, doc)
		if got.status != 200 || got.length != int64(len(got.body)) || got.length < n*4*8 {
			t.Errorf("%d: %d bytes of %d", got.status, len(got.body), got.length)
		}
		if length := got.header.Get("Inference-Header-Content-Length"); length != "" {
			n, err := strconv.Atoi(length)
			if err != nil || !strings.HasSuffix(got.body[:n], `]}`) {
				t.Errorf("the JSON is not the first %s bytes", length)
			}
		}
	}
}

// What is wrong with a request is a 400 that says where.
func TestOIPErrors(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxTexts, c.MaxTextLength, c.MaxBodyBytes = 3, 40, 2000 }))
	input := func(rest string) string { return `{"inputs":[{"name":"text",` + rest + `}]}` }
	sized := func(n int) string {
		return fmt.Sprintf(`{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":%d}}]}`, n)
	}
	binary := func(doc, tensor string) (string, string) { return strconv.Itoa(len(doc)), doc + tensor }
	tests := []struct {
		name, length, body string
		status             int
		want               string
	}{
		{"empty", "", "", 400, "the JSON ends too early"},
		{"no JSON", "", "{x", 400, "not JSON at byte 1: invalid character 'x' at start of value"},
		{"a list", "", "[]", 400, "is a list, not an object"},
		{"more JSON", "", `{"inputs":[]} 1`, 400, "more follows the end of the JSON"},
		{"no inputs", "", `{}`, 400, "inputs: none is given, but the model takes one, text"},
		{"two inputs, neither the text", "", `{"inputs":[{"name":"a"},{"name":"b"}]}`, 400, "inputs: 2 are given, none of them the text that the model takes"},
		{"numbers", "", input(`"datatype":"FP32","shape":[1],"data":[1]`), 400, `inputs[0].datatype: is "FP32", but texts are BYTES`},
		{"a number among texts", "", input(`"datatype":"BYTES","shape":[2],"data":["a",1]`), 400, "inputs[0].data[1]: is a number, not a string"},
		{"an empty text", "", input(`"datatype":"BYTES","shape":[2,1],"data":[["a"],[""]]`), 400, "inputs[0].data[1][0]: is empty"},
		{"no UTF-8", "", input(`"datatype":"BYTES","shape":[1],"data":["` + "\xff" + `"]`), 400, "not JSON at byte 66: invalid UTF-8"},
		{"a square", "", input(`"datatype":"BYTES","shape":[2,2],"data":["a"]`), 400, "inputs[0].shape: is [2,2], but n texts are [n] or [n,1]"},
		{"too few", "", input(`"datatype":"BYTES","shape":[2],"data":["a"]`), 400, "inputs[0]: has 1 elements, but its shape is [2]"},
		{"too many for the shape", "", input(`"datatype":"BYTES","shape":[1],"data":["a","b"]`), 400, "inputs[0]: has more elements than its shape, [1]"},
		{"none", "", input(`"datatype":"BYTES","shape":[0],"data":[]`), 400, "inputs[0].shape: is [0]: no text"},
		{"no data", "", input(`"datatype":"BYTES","shape":[1]`), 400, "inputs[0].data: is missing"},
		{"too many", "", input(`"datatype":"BYTES","shape":[4],"data":["a","b","c","d"]`), 400, "inputs[0].data[3]: is one text more than the limit of 3"},
		{"too long", "", input(`"datatype":"BYTES","shape":[1],"data":["` + strings.Repeat("é", 41) + `"]`), 400, "inputs[0].data[0]: is longer than the limit of 40 characters"},
		{"no such output", "", `{"outputs":[{"name":"logits"}],` + input(`"datatype":"BYTES","shape":[1],"data":["a"]`)[1:], 400, `outputs[0].name: is "logits", which is not an output of the model; its outputs: predicted_tag, probabilities, scores, explanation`},
		{"an output twice", "", `{"outputs":[{"name":"scores"},{"name":"scores"}],` + input(`"datatype":"BYTES","shape":[1],"data":["a"]`)[1:], 400, "outputs[1].name: is asked for twice"},
		{"classification of tags", "", `{"outputs":[{"name":"predicted_tag","parameters":{"classification":2}}],` + input(`"datatype":"BYTES","shape":[1],"data":["a"]`)[1:], 400, "outputs[0].parameters.classification: is for probabilities and scores"},
		{"classification of none", "", `{"outputs":[{"name":"scores","parameters":{"classification":0}}]}`, 400, "outputs[0].parameters.classification: is less than 1"},
		{"a length that is none", "-1", "{}", 400, `Inference-Header-Content-Length: is "-1", not a number of bytes`},
		{"a length beyond the body", "99", "{}", 400, "Inference-Header-Content-Length is 99, but the body has 2 bytes"},
		{"too large", "", strings.Repeat(" ", 2001), 413, "The body is larger than the limit of 2000 bytes"},
	}
	for _, b := range []struct {
		name, doc, tensor, want string
	}{
		{"a tensor beyond the body", sized(9), oipBytes("abc"), "inputs[0].parameters.binary_data_size: is 9, but only 7 bytes of binary data are left"},
		{"bytes of no tensor", sized(6), oipBytes("abc"), "the body has 7 bytes of binary data, the inputs have 6 of them"},
		{"a size below zero", sized(-1), "", "inputs[0].parameters.binary_data_size: is below zero"},
		{"half a length", sized(3), "abc", "element 0 of the binary data of inputs[0]: has 3 bytes of the 4 of its length"},
		{"an element beyond its tensor", sized(5), "\xff\xff\xff\xffa", "element 0 of the binary data of inputs[0]: has a length of 4294967295, but only 1 bytes are left"},
		{"an element that is not UTF-8", sized(5), oipBytes("\xff"), "element 0 of the binary data of inputs[0]: is not UTF-8"},
		{"an empty element", sized(4), oipBytes(""), "element 0 of the binary data of inputs[0]: is empty"},
		{"JSON and binary data", strings.Replace(sized(5), `"shape"`, `"data":["a"],"shape"`, 1), oipBytes("a"), "inputs[0]: has both data and a binary_data_size"},
	} {
		length, body := binary(b.doc, b.tensor)
		tests = append(tests, struct {
			name, length, body string
			status             int
			want               string
		}{b.name, length, body, 400, b.want})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{"Content-Type": {"application/json"}}
			if test.length != "" {
				header.Set("Inference-Header-Content-Length", test.length)
			}
			got := s.ask(t, http.MethodPost, "/v2/models/default/infer", header, test.body)
			var answer protocols.OIPError
			if err := json.Unmarshal([]byte(got.body), &answer, json.RejectUnknownMembers(true)); err != nil {
				t.Fatalf("%v in %s", err, got.body)
			}
			if diff := cmp.Diff(answer.Error, test.want); got.status != test.status || diff != "" {
				t.Errorf("%d: %s", got.status, diff)
			}
		})
	}
}
