package invocations_test

import (
	"testing"
	"unicode/utf8"

	"tagifai/internal/invocations"
	"tagifai/internal/jsonread"
)

// Whatever the body is, it is read or what is wrong with it is said, and every text is UTF-8.
func FuzzParse(f *testing.F) {
	for _, body := range []string{
		`{"dataframe_split":{"data":[[1,"a"],[2,"b"]],"columns":["n","text"],"index":[0,1]}}`,
		`{"dataframe_records":[{"text":"a","n":null},{"text":"b"}],"params":{"predict_method":"predict_proba"}}`,
		`{"instances":[["a"],{"text":"b"},"c"]}`,
		`{"inputs":{"text":["a",["b"]]}}`,
		"\ufeff,text\n1,\"a,\"\"b\"\"\nc\"\n",
	} {
		f.Add([]byte(body), body[0] != '{', "")
		f.Add([]byte(body), body[0] != '{', "text")
	}
	f.Fuzz(func(t *testing.T, body []byte, isCSV bool, column string) {
		kind := invocations.JSON
		if isCSV {
			kind = invocations.CSV
		}
		reader := invocations.Reader{Column: column}
		bytes := 0
		_, err := reader.Parse(kind, body, func(text string) error {
			if !utf8.ValidString(text) {
				t.Errorf("%q is not UTF-8", text)
			}
			bytes += len(text)
			return nil
		})
		if bytes > 3*len(body) {
			t.Errorf("%d bytes of texts from %d", bytes, len(body))
		}
		if _, ok := err.(*jsonread.Error); err != nil && !ok { //nolint:errorlint // it is not wrapped
			t.Fatalf("%T: %v", err, err)
		}
	})
}
