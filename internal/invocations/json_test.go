package invocations_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/invocations"
)

// The texts of a JSON body are read from each of its four formats.
func TestJSON(t *testing.T) {
	three := []string{"a", "b", "c"}
	tests := []struct {
		name, column, body string
		want               []string
	}{
		{"dataframe_split", "", `{"dataframe_split":{"columns":["text"],"index":[0,1,2],"data":[["a"],["b"],["c"]]}}`, three},
		{"dataframe_split, the rows first", "", `{"dataframe_split":{"data":[["a"],["b"],["c"]],"columns":["text"]}}`, three},
		{"dataframe_split without columns", "", `{"dataframe_split":{"data":[["a"],["b"],["c"]]}}`, three},
		{"dataframe_split with numbered columns", "", `{"dataframe_split":{"columns":[0],"data":[["a"],["b"],["c"]]}}`, three},
		{"dataframe_split, a numbered column", "1", `{"dataframe_split":{"columns":[0,1],"data":[["x","a"],["y","b"],["z","c"]]}}`, three},
		{"dataframe_split beside numbers and nulls", "", `{"dataframe_split":{"columns":["n","text","x"],"data":[[1,"a",null],[2,"b","y"],[3,"c",true]]}}`, three},
		{"dataframe_split, the named column", "text", `{"dataframe_split":{"columns":["id","text"],"data":[["x","a"],["y","b"],["z","c"]]}}`, three},
		{"dataframe_split of no rows", "", `{"dataframe_split":{"columns":["text"],"data":[]}}`, nil},
		{"dataframe_records", "", `{"dataframe_records":[{"text":"a"},{"text":"b"},{"text":"c"}]}`, three},
		{"dataframe_records beside numbers and nulls", "", `{"dataframe_records":[{"n":1,"text":"a"},{"text":"b","n":null},{"x":"y","text":"c"}]}`, three},
		{"dataframe_records, the named column", "text", `{"dataframe_records":[{"text":"a","id":"x"},{"id":"y","text":"b"},{"text":"c"}]}`, three},
		{"dataframe_records of no rows", "", `{"dataframe_records":[]}`, nil},
		{"instances", "", `{"instances":["a","b","c"]}`, three},
		{"instances, nested", "", `{"instances":[["a"],["b"],["c"]]}`, three},
		{"instances, records", "", `{"instances":[{"text":"a"},{"text":"b"},{"text":"c"}]}`, three},
		{"inputs", "", `{"inputs":["a","b","c"]}`, three},
		{"inputs, nested", "", `{"inputs":[["a"],["b"],["c"]]}`, three},
		{"inputs, one text", "", `{"inputs":"a"}`, []string{"a"}},
		{"inputs, a column", "", `{"inputs":{"text":["a","b","c"]}}`, three},
		{"inputs, a nested column", "", `{"inputs":{"text":[["a"],["b"],["c"]]}}`, three},
		{"inputs, a column of one text", "", `{"inputs":{"text":"a"}}`, []string{"a"}},
		{"inputs, a column beside numbers", "", `{"inputs":{"n":[1,2,3],"text":["a","b","c"],"m":[[1],[2],[3]]}}`, three},
		{"inputs, the named column", "text", `{"inputs":{"id":["x","y","z"],"text":["a","b","c"]}}`, three},
		{"inputs, a column without a name", "", `{"inputs":{"":["a","b","c"]}}`, three},
		{"unknown members", "", `{"signature_name":"serving_default","inputs":["a","b","c"],"x":{"inputs":["d"]}}`, three},
		{"escapes", "", `{"inputs":["\u00fcml\u00e4ut \ud83d\ude42","\"\\\n"]}`, []string{"ümläut 🙂", "\"\\\n"}},
		{"white space", "", " {\n\t\"inputs\" : [ \"a\" ] }\r\n", []string{"a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(invocations.JSON, []byte(test.body), test.column)
			if diff := cmp.Diff(got.texts, test.want); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			if twin, known := naive(invocations.JSON, []byte(test.body), test.column); !known || cmp.Diff(twin.texts, test.want) != "" {
				t.Errorf("the naive twin reads %q", twin.texts)
			}
		})
	}
}

// Tags are wanted unless the parameters ask for the probabilities, before the texts or after.
func TestParams(t *testing.T) {
	for params, want := range map[string]bool{
		``:                                   false,
		`null`:                               false,
		`{}`:                                 false,
		`{"x":1}`:                            false,
		`{"predict_method":"predict"}`:       false,
		`{"predict_method":"predict_proba"}`: true,
		`{"x":[1,{}],"predict_method":"predict_proba"}`: true,
	} {
		bodies := []string{`{"params":` + params + `,"inputs":["a"]}`, `{"inputs":["a"],"params":` + params + `}`}
		if params == "" {
			bodies = []string{`{"inputs":["a"]}`}
		}
		for _, body := range bodies {
			got, err := parse(invocations.JSON, []byte(body), "")
			if err != nil || got.probabilities != want || len(got.texts) != 1 {
				t.Errorf("%s: got %+v: %v", body, got, err)
			}
		}
	}
}

// What is wrong with a JSON body is said, and where.
func TestJSONErrors(t *testing.T) {
	two := `the columns "a" and "b" have text: send one of them, or name it with the setting mlflow-column of the service`
	tests := []struct{ name, column, body, want string }{
		{"empty", "", ``, "the JSON ends too early"},
		{"cut off", "", `{"inputs":["a`, "the JSON ends too early"},
		{"more", "", `{"inputs":["a"]}]`, "more follows the end of the JSON"},
		{"no JSON", "", `{'inputs':["a"]}`, `not JSON at byte 1: invalid character '\'' at start of value`},
		{"no UTF-8", "", `{"inputs":["` + "\xff" + `"]}`, "not JSON at byte 12: invalid UTF-8"},
		{"half of a surrogate pair", "", `{"inputs":["\ud800"]}`, `not JSON at byte 12: invalid surrogate pair ` + "`\\ud800\"]}`" + ` in string`},
		{"nested too deeply", "", `{"x":` + strings.Repeat("[", 20000), "not JSON at byte 10004: exceeded max depth"},
		{"a list", "", `[]`, "is a list, not an object"},
		{"null", "", `null`, "is null, not an object"},
		{"no format", "", `{"columns":["text"],"data":[["a"]]}`, "the body has none of dataframe_split, dataframe_records, instances, inputs"},
		{"two formats", "", `{"inputs":["a"],"instances":["a"]}`, "the body has inputs and instances, but takes one of them"},
		{"a format twice", "", `{"inputs":["a"],"inputs":["a"]}`, "the body has inputs and inputs, but takes one of them"},

		{"params that are a list", "", `{"params":[],"inputs":["a"]}`, "params: is a list, not an object"},
		{"a method that is a number", "", `{"params":{"predict_method":1}}`, "params.predict_method: is a number, not a string"},
		{"another method", "", `{"inputs":["a"],"params":{"predict_method":"transform"}}`, `params.predict_method: is "transform"; there are predict and predict_proba`},

		{"dataframe_split that is a list", "", `{"dataframe_split":[["a"]]}`, "dataframe_split: is a list, not an object"},
		{"columns that are null", "", `{"dataframe_split":{"columns":null,"data":[["a"]]}}`, "dataframe_split.columns: is null, not a list"},
		{"too many columns", "", `{"dataframe_split":{"columns":[` + strings.Repeat("10,", 10_000) + `"a"]}}`, "dataframe_split.columns[10000]: is one column more than the limit of 10000"},
		{"rows that are texts", "", `{"dataframe_split":{"columns":["a"],"data":["a"]}}`, "dataframe_split.data[0]: is a string, not a list"},
		{"a row that is too short", "", `{"dataframe_split":{"columns":["a","b"],"data":[["x",1],["y"]]}}`, "dataframe_split.data[1]: has 1 values for 2 columns"},
		{"a row that is too long", "", `{"dataframe_split":{"data":[["x",1]],"columns":["a"]}}`, "dataframe_split.data[0]: has 2 values for 1 columns"},
		{"an empty row", "", `{"dataframe_split":{"data":[["x"],[]]}}`, "dataframe_split.data[1]: has no text"},
		{"rows twice", "", `{"dataframe_split":{"columns":["a"],"data":[["x"]],"data":[["y"]]}}`, "dataframe_split.data: is there twice"},
		{"two columns of text", "", `{"dataframe_split":{"columns":["a","b"],"data":[["x","y"]]}}`, two},
		{"a column without a text", "", `{"dataframe_split":{"columns":["n","text"],"data":[[1,"a"],[2,null]]}}`, "dataframe_split.data[1][1]: is null, not a string"},
		{"one column, of numbers", "", `{"dataframe_split":{"columns":["text"],"data":[[1]]}}`, "dataframe_split.data[0][0]: is a number, not a string"},
		{"no column of text", "", `{"dataframe_split":{"columns":["n","m"],"data":[[1,2]]}}`, "dataframe_split.data[0]: has no text"},
		{"without the named column", "text", `{"dataframe_split":{"columns":["a"],"data":[["x"]]}}`, `dataframe_split.data: has no column "text"`},

		{"dataframe_records that is an object", "", `{"dataframe_records":{"text":["a"]}}`, "dataframe_records: is an object, not a list"},
		{"a record that is a text", "", `{"dataframe_records":["a"]}`, "dataframe_records[0]: is a string, not an object"},
		{"records with two texts", "", `{"dataframe_records":[{"a":"x","b":"y"}]}`, two},
		{"a record without a text", "", `{"dataframe_records":[{"a":1}]}`, "dataframe_records[0]: has no text"},
		{"a record without the column", "", `{"dataframe_records":[{"a":"x"},{"b":"y"}]}`, `dataframe_records[1]: has no column "a"`},
		{"a missing value", "", `{"dataframe_records":[{"a":"x"},{"a":null}]}`, "dataframe_records[1].a: is null, not a string"},
		{"records without the named column", "text", `{"dataframe_records":[{"a":"x"}]}`, `dataframe_records[0]: has no column "text"`},

		{"instances that are one text", "", `{"instances":"a"}`, "instances: is a string, not a list"},
		{"a number", "", `{"instances":["a",1]}`, "instances[1]: is a number, not a string"},
		{"a number in a row", "", `{"inputs":[["a"],[1.5]]}`, "inputs[1][0]: is a number, not a string"},
		{"a missing text", "", `{"inputs":["a",null]}`, "inputs[1]: is null, not a string"},
		{"a row of two", "", `{"inputs":[["a","b"]]}`, "inputs[0][1]: is a second value of a row, but the model takes one text"},
		{"a row of none", "", `{"inputs":[["a"],[],["b"]]}`, "inputs[1]: has no text"},
		{"a row in a row", "", `{"inputs":[[["a"]]]}`, "inputs[0][0]: is a list, not a string"},
		{"inputs that are null", "", `{"inputs":null}`, "inputs: is null, not a list"},
		{"inputs of two columns of text", "", `{"inputs":{"a":["x"],"b":["y"]}}`, two},
		{"inputs without a column of text", "", `{"inputs":{"a":[1],"b":[]}}`, "inputs: has no text"},
		{"inputs without the named column", "text", `{"inputs":{"a":["x"]}}`, `inputs: has no column "text"`},
		{"inputs, the named column twice", "text", `{"inputs":{"text":["x"],"text":["y"]}}`, "inputs.text: is there twice"},
		{"a column whose second text is a number", "", `{"inputs":{"text":["x",2]}}`, "inputs.text[1]: is a number, not a string"},
		{"a column of records", "text", `{"inputs":{"text":[{"text":"x"}]}}`, "inputs.text[0]: is an object, not a string"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(invocations.JSON, []byte(test.body), test.column)
			if err == nil {
				t.Fatal("it is read")
			}
			if diff := cmp.Diff(err.Error(), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
