package mlflow

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExampleTexts(t *testing.T) {
	for _, c := range []struct {
		name, example string
		want          []string
	}{
		{"a list", `["a", "b"]`, []string{"a", "b"}},
		{"inputs", `{"inputs": ["a", "b"]}`, []string{"a", "b"}},
		{"inputs by name", `{"inputs": {"text": ["a", "b"]}}`, []string{"a", "b"}},
		{"a data frame in columns and rows", `{"columns": ["text"], "data": [["a"], ["b"]]}`, []string{"a", "b"}},
		{"a data frame to serve", `{"dataframe_split": {"columns": ["text"], "data": [["a"]]}}`, []string{"a"}},
		{"a data frame without an index", `{"dataframe_split": {"index": [0], "columns": ["text"], "data": [["a"]]}}`, []string{"a"}},
		{"records", `{"dataframe_records": [{"text": "a"}, {"text": "b"}]}`, []string{"a", "b"}},
		{"numbers", `{"inputs": [1, 2]}`, nil},
		{"two columns", `{"columns": ["a", "b"], "data": [["a", "b"]]}`, nil},
		{"records of two", `[{"a": "a", "b": "b"}]`, nil},
		{"deep", `[[["a"]]]`, nil},
		{"a column in a column", `{"a": {"b": ["c"]}}`, []string{"c"}},
		{"nothing", `{}`, nil},
		{"not JSON", `{`, nil},
		{"null", `null`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(exampleTexts([]byte(c.example)), c.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}
