package invocations_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/invocations"
	"tagifai/internal/jsonread"
)

// A body is read by what its Content-Type says, and by nothing else.
func TestTypeOf(t *testing.T) {
	tests := []struct {
		contentType, kind string // "" is a type that is not read
	}{
		{"application/json", invocations.JSON},
		{"Application/JSON ; Charset=UTF-8", invocations.JSON},
		{`application/json; charset="utf-8"`, invocations.JSON},
		{"text/csv", invocations.CSV},
		{"text/csv;charset=utf-8", invocations.CSV},
		{"", ""},
		{";", ""},
		{"text/plain", ""},
		{"application/x-parquet", ""},
		{"application/json+x", ""},
		{"application/json; format=pandas-split", ""},
		{"text/csv; charset=latin1", ""},
		{"text/csv; charset=utf-8; header=present", ""},
		{"application/json, text/csv", ""},
	}
	for _, test := range tests {
		if kind, ok := invocations.TypeOf(test.contentType); kind != test.kind || ok != (test.kind != "") {
			t.Errorf("%q: got %q, %t", test.contentType, kind, ok)
		}
	}
}

// An error of add gets the place of the text, unless it has one, and ends the reading.
func TestAddRefuses(t *testing.T) {
	tests := []struct{ name, kind, body, want string }{
		{"dataframe_split", invocations.JSON, `{"dataframe_split":{"columns":["text"],"data":[["a"],["b"],["c"]]}}`, "dataframe_split.data[1]: is no good"},
		{"dataframe_split, the rows first", invocations.JSON, `{"dataframe_split":{"data":[["a"],["b"],["c"]],"columns":["text"]}}`, "dataframe_split.data[1]: is no good"},
		{"dataframe_records", invocations.JSON, `{"dataframe_records":[{"text":"a"},{"text":"b"},{"text":"c"}]}`, "dataframe_records[1]: is no good"},
		{"instances", invocations.JSON, `{"instances":[["a"],["b"],["c"]]}`, "instances[1][0]: is no good"},
		{"inputs", invocations.JSON, `{"inputs":["a","b","c"]}`, "inputs[1]: is no good"},
		{"inputs, a column", invocations.JSON, `{"inputs":{"text":["a","b","c"]}}`, "inputs.text[1]: is no good"},
		{"text/csv", invocations.CSV, "text\na\nb\nc\n", "line 3: is no good"},
	}
	broken := errors.New("broken")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var reader invocations.Reader
			for _, refusal := range []error{&jsonread.Error{What: "is no good"}, &jsonread.Error{Where: "here", What: "is no good"}, broken} {
				want := test.want
				if refusal.Error() != "is no good" {
					want = refusal.Error()
				}
				asked := 0
				_, err := reader.Parse(test.kind, []byte(test.body), func(string) error {
					if asked++; asked == 2 {
						return refusal
					}
					return nil
				})
				if err == nil || asked != 2 {
					t.Fatalf("add was called %d times: %v", asked, err)
				}
				if diff := cmp.Diff(err.Error(), want); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
