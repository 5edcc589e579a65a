package invocations_test

import (
	"slices"
	"testing"

	"github.com/go-json-experiment/json"

	"tagifai/internal/invocations"
	"tagifai/internal/jsonread"
)

// Whatever the body is, it is read as the naive twin reads it, or what is wrong with it is
// said. Its texts, written once more, are read as they were.
func FuzzParse(f *testing.F) {
	for _, body := range []string{
		`{"dataframe_split":{"data":[[1,"a"],[2,"b"]],"columns":["n","text"],"index":[0,1]}}`,
		`{"dataframe_split":{"columns":[0,"text"],"data":[["x","y"]]},"params":null}`,
		`{"dataframe_records":[{"text":"a","n":null},{"text":"b"}],"params":{"predict_method":"predict_proba"}}`,
		`{"instances":[["a"],{"text":"b"},"c"]}`,
		`{"instances":[{"text":"a"},{"text":"b"}]}`,
		`{"inputs":{"n":[1,2],"text":["a",["b"]]}}`,
		`{"inputs":"\ud83d\ude42"}`,
		"\ufeff,text\n1,\"a,\"\"b\"\"\nc\"\n",
		"text\r\na\r\n\"\"\r\n\r\nb",
	} {
		f.Add([]byte(body), body[0] != '{', "")
		f.Add([]byte(body), body[0] != '{', "text")
	}
	f.Fuzz(func(t *testing.T, body []byte, isCSV bool, column string) {
		kind := invocations.JSON
		if isCSV {
			kind = invocations.CSV
		}
		got, err := parse(kind, body, column)
		if _, ok := err.(*jsonread.Error); err != nil && !ok { //nolint:errorlint // it is not wrapped
			t.Fatalf("%T: %v", err, err)
		}
		want, known := naive(kind, body, column)
		if !known {
			return
		}
		if got.ok != want.ok {
			t.Fatalf("got %v, though it is %t that the body is as it should be", err, want.ok)
		}
		if !got.ok {
			return
		}
		if got.probabilities != want.probabilities || !slices.Equal(got.texts, want.texts) {
			t.Fatalf("got %t with %q, want %t with %q", got.probabilities, got.texts, want.probabilities, want.texts)
		}
		written, err := json.Marshal(map[string]any{"inputs": append([]string{}, got.texts...)})
		if err != nil {
			t.Fatal(err) // there is a text that is not UTF-8
		}
		again, err := parse(invocations.JSON, written, column)
		if err != nil || !slices.Equal(again.texts, got.texts) {
			t.Errorf("written once more: got %q, want %q: %v", again.texts, got.texts, err)
		}
	})
}

// parse reads a body.
func parse(kind string, body []byte, column string) (r reading, err error) {
	reader := invocations.Reader{Column: column}
	r.probabilities, err = reader.Parse(kind, body, func(text string) error {
		r.texts = append(r.texts, text)
		return nil
	})
	r.ok = err == nil
	return r, err
}
