package oip_test

import (
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/jsonread"
)

// Whatever the body is, it is read as the naive twin reads it, or what is wrong with it is
// said. The answer, read as a client reads it, has what the request asks for.
func FuzzParse(f *testing.F) {
	const input = `{"inputs":[{"name":"text","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":10}}],"parameters":{"binary_data_output":true}}`
	f.Add([]byte(input+tensor("a", "b")), len(input))
	const two = `{"inputs":[{"name":"n","parameters":{"binary_data_size":4}},{"name":"text","datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":6}}],"outputs":[{"name":"explanation","parameters":{"binary_data":true}},{"name":"scores"}]}`
	f.Add([]byte(two+"1234"+tensor("ü")), len(two))
	f.Add([]byte(`{"id":"1","inputs":[{"name":"a","datatype":"BYTES","shape":[2,1],"data":[["a"],["b"]]}],"outputs":[{"name":"scores","parameters":{"classification":1,"binary_data":true}},{"name":"probabilities","parameters":{"classification":9}}]}`), -1)
	f.Add([]byte(`{"inputs":[{"data":"\ud800"}]}`), 3)
	f.Add([]byte(`{"id":null,"inputs":[{"datatype":"BYTES","shape":[1],"data":["a"],"parameters":null}],"outputs":[],"parameters":{"x":1e0}}`), -1)
	f.Fuzz(func(t *testing.T, body []byte, header int) {
		header = max(header, -1)
		request, texts, err := parse(body, header)
		if _, ok := err.(*jsonread.Error); err != nil && !ok { //nolint:errorlint // it is not wrapped
			t.Fatalf("%T: %v", err, err)
		}
		want, known := naive(body, header)
		if known && want.ok != (err == nil) {
			t.Fatalf("got %v, though it is %t that the request is as it should be", err, want.ok)
		}
		if err != nil {
			return
		}
		if known && !slices.Equal(texts, want.texts) {
			t.Fatalf("got %q, want %q", texts, want.texts)
		}
		answer, err := request.Answer("m", "1", classes, true, len(texts), results{})
		wanted := want.outputs
		if len(wanted) == 0 {
			wanted = []asked{{name: "predicted_tag", binary: want.binary}, {name: "probabilities", binary: want.binary}}
		}
		if known && possible(wanted) != (err == nil) {
			t.Fatalf("%+v: got %v", wanted, err)
		}
		if err != nil {
			return
		}
		got := decode(t, answer)
		if !known {
			return
		}
		check(t, got, wanted, len(texts))
		if (got.ID != nil) != want.hasID || want.hasID && *got.ID != want.id {
			t.Errorf("the id is %v, want %q", got.ID, want.id)
		}
		if canonical(t, got.Parameters) != canonical(t, jsontext.Value(want.parameters)) {
			t.Errorf("the parameters are %s, want %s", got.Parameters, want.parameters)
		}
	})
}

// possible reports whether a model can give the outputs.
func possible(outputs []asked) bool {
	for i, o := range outputs {
		numbers := o.name == "probabilities" || o.name == "scores"
		if !numbers && (o.classification > 0 || o.name != "predicted_tag" && o.name != "explanation") {
			return false
		}
		if slices.ContainsFunc(outputs[:i], func(other asked) bool { return other.name == o.name }) {
			return false
		}
	}
	return true
}

// canonical returns JSON as all that has its value is written.
func canonical(t *testing.T, value jsontext.Value) string {
	t.Helper()
	value = value.Clone()
	if len(value) == 0 {
		return ""
	}
	if err := value.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(value)
}
