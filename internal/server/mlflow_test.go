package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/server/protocols"
)

// Every shape that MLflow takes gets an answer for each text, which is that of POST /predict
// to the last bit.
func TestInvocations(t *testing.T) {
	s := start(t, settings())
	named := start(t, settings(func(c *config.Settings) { c.MLflowColumn = "title" }))
	tags, probabilities, _, _ := predicted(t, s)
	texts := marshal(t, three)
	a, b, c := marshal(t, three[0]), marshal(t, three[1]), marshal(t, three[2])
	rows := func(name string) string {
		return `[{"` + name + `":` + a + `},{"` + name + `":` + b + `},{"` + name + `":` + c + `}]`
	}
	nested := `[[` + a + `],[` + b + `],[` + c + `]]`
	table := "text\n" + three[0] + "\n\"Transformers for \"\"NLP\"\", ümlauts and 🙂\"\n" + three[2] + "\n"
	tests := []struct {
		name, kind, body string
		to               *service
	}{
		{"dataframe_split", "application/json", `{"dataframe_split":{"columns":["text"],"index":[0,1,2],"data":` + nested + `}}`, s},
		{"dataframe_split, the rows first", "application/json; charset=UTF-8", `{"dataframe_split":{"data":` + nested + `,"columns":["text"]}}`, s},
		{"dataframe_split with a number", "application/json", `{"dataframe_split":{"columns":["n","text"],"data":[[1,` + a + `],[2,` + b + `],[3,` + c + `]]}}`, s},
		{"dataframe_split, the named column", "application/json", `{"dataframe_split":{"columns":["id","title"],"data":[["x",` + a + `],["y",` + b + `],["z",` + c + `]]}}`, named},
		{"dataframe_records", "application/json", `{"dataframe_records":` + rows("text") + `}`, s},
		{"dataframe_records, the named column", "application/json", `{"dataframe_records":[{"title":` + a + `,"x":"y"},{"x":"y","title":` + b + `},{"title":` + c + `}]}`, named},
		{"instances", "application/json", `{"instances":` + texts + `}`, s},
		{"instances, nested", "application/json", `{"instances":` + nested + `}`, s},
		{"instances, records", "application/json", `{"instances":` + rows("text") + `}`, s},
		{"inputs", "application/json", `{"inputs":` + texts + `}`, s},
		{"inputs, a column", "application/json", `{"inputs":{"text":` + texts + `}}`, s},
		{"inputs, a nested column", "application/json", `{"inputs":{"text":` + nested + `}}`, s},
		{"csv", "text/csv", table, s},
		{"csv with an index", "text/csv", ",text\n0," + three[0] + "\n1,\"Transformers for \"\"NLP\"\", ümlauts and 🙂\"\n2," + three[2] + "\n", s},
		{"csv, the named column", "text/csv; charset=utf-8", "\ufeffid,title\r\nx," + three[0] + "\r\ny,\"Transformers for \"\"NLP\"\", ümlauts and 🙂\"\r\nz," + three[2] + "\r\n", named},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.to.ask(t, http.MethodPost, "/invocations", http.Header{"Content-Type": {test.kind}}, test.body)
			if diff := cmp.Diff(got.body, `{"predictions":`+marshal(t, tags)+`}`); got.status != 200 || diff != "" {
				t.Errorf("%d: %s", got.status, diff)
			}
			if test.kind[:5] == "text/" {
				return
			}
			likely := strings.TrimSuffix(test.body, "}") + `,"params":{"predict_method":"predict_proba"}}`
			got = test.to.ask(t, http.MethodPost, "/invocations", http.Header{"Content-Type": {test.kind}}, likely)
			if diff := cmp.Diff(got.body, `{"predictions":`+marshal(t, probabilities)+`}`); got.status != 200 || diff != "" {
				t.Errorf("with probabilities: %d: %s", got.status, diff)
			}
		})
	}
}

// What is wrong with a request is told as MLflow tells it.
func TestInvocationsErrors(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxTexts, c.MaxBodyBytes = 2, 2000 }))
	named := start(t, settings(func(c *config.Settings) { c.MLflowColumn = "title" }))
	const asJSON, asCSV = "application/json", "text/csv"
	tests := []struct {
		name, kind, body string
		to               *service
		status           int
		want             string
	}{
		{"no type", "", `{}`, s, 415, "The body is read as application/json or text/csv, in UTF-8"},
		{"another type", "text/plain", `{}`, s, 415, "The body is read as application/json or text/csv, in UTF-8"},
		{"another charset", "text/csv; charset=latin1", `a`, s, 415, "The body is read as application/json or text/csv, in UTF-8"},
		{"a parameter of old", "application/json; format=pandas-split", `{}`, s, 415, "The body is read as application/json or text/csv, in UTF-8"},
		{"too large", asJSON, strings.Repeat(" ", 2001), s, 413, "The body is larger than the limit of 2000 bytes"},
		{"empty", asJSON, "", s, 400, "the JSON ends too early"},
		{"a list", asJSON, `["a"]`, s, 400, "is a list, not an object"},
		{"no format", asJSON, `{"columns":["text"]}`, s, 400, "the body has none of dataframe_split, dataframe_records, instances, inputs"},
		{"two formats", asJSON, `{"inputs":["a"],"instances":["a"]}`, s, 400, "the body has inputs and instances, but takes one of them"},
		{"no texts", asJSON, `{"inputs":[]}`, s, 400, "the body has no text"},
		{"an empty text", asJSON, `{"inputs":["a",""]}`, s, 400, "inputs[1]: is empty"},
		{"a number", asJSON, `{"instances":["a",1]}`, s, 400, "instances[1]: is a number, not a string"},
		{"a row of two", asJSON, `{"inputs":[["a","b"]]}`, s, 400, "inputs[0][1]: is a second value of a row, but the model takes one text"},
		{"too many", asJSON, `{"inputs":["a","b","c"]}`, s, 400, "inputs[2]: is one text more than the limit of 2"},
		{"another method", asJSON, `{"inputs":["a"],"params":{"predict_method":"transform"}}`, s, 400, `params.predict_method: is "transform"; there are predict and predict_proba`},
		{"two columns of text", asJSON, `{"dataframe_split":{"columns":["a","b"],"data":[["x","y"]]}}`, s, 400, `the columns "a" and "b" have text: send one of them, or name it with the setting mlflow-column of the service`},
		{"records with two", asJSON, `{"dataframe_records":[{"a":"x","b":"y"}]}`, s, 400, `the columns "a" and "b" have text: send one of them, or name it with the setting mlflow-column of the service`},
		{"a row that is too short", asJSON, `{"dataframe_split":{"columns":["a","b"],"data":[["x"]]}}`, s, 400, "dataframe_split.data[0]: has 1 values for 2 columns"},
		{"the rows first, one too short", asJSON, `{"dataframe_split":{"data":[["x"]],"columns":["a","b"]}}`, s, 400, "dataframe_split.data[0]: has 1 values for 2 columns"},
		{"no text at all", asJSON, `{"dataframe_records":[{"a":1}]}`, s, 400, "dataframe_records[0]: has no text"},
		{"a record without the column", asJSON, `{"dataframe_records":[{"a":"x"},{"b":"y"}]}`, s, 400, `dataframe_records[1]: has no column "a"`},
		{"without the named column", asJSON, `{"dataframe_split":{"columns":["a"],"data":[["x"]]}}`, named, 400, `dataframe_split.data: has no column "title"`},
		{"csv without the named column", asCSV, "a\nx\n", named, 400, `line 1: has no column "title"`},
		{"csv of two columns of text", asCSV, "a,b\nx,y\n", s, 400, `the columns "a" and "b" have text: send one of them, or name it with the setting mlflow-column of the service`},
		{"csv without a line", asCSV, "", s, 400, "the body has no line with the names of the columns"},
		{"csv without rows", asCSV, "text\n", s, 400, "the body has no text"},
		{"csv with a field too many", asCSV, "text\na\nb,c\n", s, 400, "line 3: wrong number of fields"},
		{"csv with an open quote", asCSV, "text\n\"a\n", s, 400, `line 2: extraneous or missing " in quoted-field`},
		{"csv that is not UTF-8", asCSV, "text\n\xff\n", s, 400, "the body is not UTF-8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			if test.kind != "" {
				header.Set("Content-Type", test.kind)
			}
			got := test.to.ask(t, http.MethodPost, "/invocations", header, test.body)
			var answer protocols.MLflowError
			if err := json.Unmarshal([]byte(got.body), &answer, json.RejectUnknownMembers(true)); err != nil {
				t.Fatalf("%v in %s", err, got.body)
			}
			if diff := cmp.Diff(answer, protocols.MLflowError{ErrorCode: "BAD_REQUEST", Message: test.want}); got.status != test.status || diff != "" {
				t.Errorf("%d: %s", got.status, diff)
			}
		})
	}
}

// The probes are empty, and the version is ours.
func TestInvocationsProbes(t *testing.T) {
	s := start(t, settings())
	for _, test := range []struct{ path, kind, body string }{
		{"/ping", "application/json", ""},
		{"/health", "application/json", ""},
		{"/version", "text/plain; charset=utf-8", "v1.2.3"},
	} {
		got := s.ask(t, http.MethodGet, test.path, nil, "")
		if got.status != 200 || got.header.Get("Content-Type") != test.kind || got.body != test.body {
			t.Errorf("%s: got %d %q of type %s", test.path, got.status, got.body, got.header.Get("Content-Type"))
		}
	}
}
