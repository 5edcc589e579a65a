package oip_test

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/jsonread"
	"tagifai/internal/oip"
)

// parse reads a request and its texts.
func parse(body []byte, header int) (request *oip.Request, texts []string, err error) {
	request, err = oip.Parse(body, header, func(text string) error {
		texts = append(texts, text)
		return nil
	})
	return request, texts, err
}

// tensor returns elements as binary data.
func tensor(elements ...string) string {
	var b []byte
	for _, element := range elements {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(element))), element...)
	}
	return string(b)
}

// The texts of a request are read from JSON, flat or nested.
func TestJSON(t *testing.T) {
	three := []string{"a", "b", "c"}
	tests := []struct {
		name, inputs string
		want         []string
	}{
		{"flat", `{"name":"text","shape":[3],"datatype":"BYTES","data":["a","b","c"]}`, three},
		{"flat, with a second dimension", `{"name":"text","shape":[3,1],"datatype":"BYTES","data":["a","b","c"]}`, three},
		{"nested", `{"name":"text","shape":[3,1],"datatype":"BYTES","data":[["a"],["b"],["c"]]}`, three},
		{"nested, with one dimension", `{"name":"text","shape":[3],"datatype":"BYTES","data":[["a"],["b"],["c"]]}`, three},
		{"one", `{"name":"text","shape":[1],"datatype":"BYTES","data":["a"]}`, []string{"a"}},
		{"by any name", `{"name":"x","shape":[3],"datatype":"BYTES","data":["a","b","c"]}`, three},
		{"without a name", `{"shape":[3],"datatype":"BYTES","data":["a","b","c"]}`, three},
		{"in another order", `{"data":["a","b","c"],"datatype":"BYTES","shape":[3],"name":"text"}`, three},
		{"nulls", `{"name":"text","parameters":null,"shape":[3],"datatype":"BYTES","data":["a","b","c"]}`, three},
		{"unknown members", `{"x":{"data":[1]},"name":"text","shape":[3],"datatype":"BYTES","data":["a","b","c"],"parameters":{"content_type":"str"}}`, three},
		{"escapes", `{"name":"text","shape":[2],"datatype":"BYTES","data":["\u00fc \ud83d\ude42","\"\\\u0000"]}`, []string{"ü 🙂", "\"\\\x00"}},
		{"beside others", `{"name":"a","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"text","shape":[3],"datatype":"BYTES","data":["a","b","c"]},{"name":"b","shape":[1],"datatype":"BYTES","data":["x"]}`, three},
		{"the first of its name", `{"name":"text","shape":[3],"datatype":"BYTES","data":["a","b","c"]},{"name":"text","shape":[1],"datatype":"BYTES","data":["x"]}`, three},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := []byte(`{"inputs":[` + test.inputs + `],"x":[null]}`)
			_, got, err := parse(body, -1)
			if diff := cmp.Diff(got, test.want); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			if twin, known := naive(body, len(body)); !known || cmp.Diff(twin.texts, test.want) != "" {
				t.Errorf("the naive twin reads %q", twin.texts)
			}
		})
	}
}

// The texts of a request are read from the binary data behind the JSON, of which each input
// has its part.
func TestBinary(t *testing.T) {
	sized := func(name, datatype string, n, size int) string {
		return fmt.Sprintf(`{"name":%q,"datatype":%q,"shape":[%d],"parameters":{"binary_data_size":%d}}`, name, datatype, n, size)
	}
	texts := []string{"ümläut 🙂", "", "\x00\n", strings.Repeat("x", 70000)}
	data := tensor(texts...)
	tests := []struct {
		name, inputs, data string
		want               []string
	}{
		{"alone", sized("text", "BYTES", 4, len(data)), data, texts},
		{"with a second dimension", strings.Replace(sized("text", "BYTES", 4, len(data)), "[4]", "[4,1]", 1), data, texts},
		{"by any name", sized("x", "BYTES", 4, len(data)), data, texts},
		{"between others", sized("a", "FP32", 1, 4) + "," + sized("text", "BYTES", 4, len(data)) + "," + sized("b", "FP64", 1, 8), "1234" + data + "12345678", texts},
		{"beside JSON", `{"name":"a","datatype":"INT64","shape":[1],"data":[1]},` + sized("text", "BYTES", 4, len(data)), data, texts},
		{"of another input", sized("a", "FP32", 1, 4) + `,{"name":"text","datatype":"BYTES","shape":[1],"data":["a"]}`, "1234", []string{"a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			document := `{"inputs":[` + test.inputs + `]}`
			_, got, err := parse([]byte(document+test.data), len(document))
			if diff := cmp.Diff(got, test.want); err != nil || diff != "" {
				t.Errorf("%v %.200s", err, diff)
			}
			if twin, known := naive([]byte(document+test.data), len(document)); !known || cmp.Diff(twin.texts, test.want) != "" {
				t.Errorf("the naive twin reads %.200q", twin.texts)
			}
		})
	}
}

// What is wrong with the JSON of a request is said, and where.
func TestJSONErrors(t *testing.T) {
	input := func(rest string) string { return `{"inputs":[{"name":"text",` + rest + `}]}` }
	texts := func(data string) string { return input(`"datatype":"BYTES","shape":[2],"data":` + data) }
	shaped := func(shape string) string { return input(`"datatype":"BYTES","data":["a","b"],"shape":` + shape) }
	tests := []struct{ name, body, want string }{
		{"empty", ``, "the JSON ends too early"},
		{"cut off", `{"inputs":[{"data":["a`, "the JSON ends too early"},
		{"no JSON", `inputs`, "not JSON at byte 0: invalid character 'i' at start of value"},
		{"more", texts(`["a","b"]`) + "{}", "more follows the end of the JSON"},
		{"a list", `[]`, "is a list, not an object"},
		{"no UTF-8", texts(`["a","` + "\xff" + `"]`), "not JSON at byte 70: invalid UTF-8"},
		{"nested too deeply", `{"x":` + strings.Repeat("[", 20000), "not JSON at byte 10004: exceeded max depth"},
		{"nested too deeply, in the data", texts(strings.Repeat("[", 20000)), "not JSON at byte 10061: exceeded max depth"},

		{"an id that is a number", `{"id":1}`, "id: is a number, not a string"},
		{"parameters that are a list", `{"parameters":[]}`, "parameters: is a list, not an object"},
		{"binary_data_output that is a number", `{"parameters":{"binary_data_output":1}}`, "parameters.binary_data_output: is a number, not a boolean"},

		{"no inputs", `{}`, "inputs: none is given, but the model takes one, text"},
		{"inputs that are null", `{"inputs":null}`, "inputs: none is given, but the model takes one, text"},
		{"an empty list of inputs", `{"inputs":[]}`, "inputs: none is given, but the model takes one, text"},
		{"inputs that are an object", `{"inputs":{}}`, "inputs: is an object, not a list"},
		{"an input that is null", `{"inputs":[null]}`, "inputs[0]: is null, not an object"},
		{"two inputs, neither the text", `{"inputs":[{"name":"a"},{"name":"b"}]}`, "inputs: 2 are given, none of them the text that the model takes"},
		{"many inputs", `{"inputs":[{}` + strings.Repeat(`,{}`, 64) + `]}`, "inputs[64]: are more than 64 inputs"},
		{"a name that is null", `{"inputs":[{"name":null}]}`, "inputs[0].name: is null, not a string"},

		{"no datatype", input(`"shape":[1],"data":["a"]`), `inputs[0].datatype: is "", but texts are BYTES`},
		{"numbers", input(`"datatype":"FP32","shape":[1],"data":[1]`), `inputs[0].datatype: is "FP32", but texts are BYTES`},
		{"a datatype in small letters", input(`"datatype":"bytes","shape":[1],"data":["a"]`), `inputs[0].datatype: is "bytes", but texts are BYTES`},
		{"a datatype that is a number", input(`"datatype":1`), "inputs[0].datatype: is a number, not a string"},

		{"no shape", input(`"datatype":"BYTES","data":["a"]`), "inputs[0].shape: is [], but n texts are [n] or [n,1]"},
		{"a shape that is a number", shaped(`2`), "inputs[0].shape: is a number, not a list"},
		{"a row", shaped(`[1,2]`), "inputs[0].shape: is [1,2], but n texts are [n] or [n,1]"},
		{"three dimensions", shaped(`[2,1,1]`), "inputs[0].shape: is [2,1,1], but n texts are [n] or [n,1]"},
		{"many dimensions", shaped(`[1` + strings.Repeat(`,1`, 64) + `]`), "inputs[0].shape[64]: are more than 64 dimensions"},
		{"none", shaped(`[0]`), "inputs[0].shape: is [0]: no text"},
		{"fewer than none", shaped(`[-1]`), "inputs[0].shape: is [-1]: no text"},
		{"a fraction", shaped(`[2.5]`), "inputs[0].shape[0]: is 2.5, not a whole number"},
		{"a whole number with a point", shaped(`[2.0]`), "inputs[0].shape[0]: is 2.0, not a whole number"},
		{"a large number", shaped(`[9223372036854775808]`), "inputs[0].shape[0]: is 9223372036854775808, not a whole number"},
		{"more than there are", shaped(`[9223372036854775807]`), "inputs[0]: has 2 elements, but its shape is [9223372036854775807]"},
		{"a text as a number", shaped(`["2"]`), "inputs[0].shape[0]: is a string, not a number"},
		{"too few", shaped(`[3]`), "inputs[0]: has 2 elements, but its shape is [3]"},
		{"too many", shaped(`[1]`), "inputs[0]: has more elements than its shape, [1]"},

		{"no data", input(`"datatype":"BYTES","shape":[1]`), "inputs[0].data: is missing"},
		{"data that are null", texts(`null`), "inputs[0].data: is missing"},
		{"a text", texts(`"a"`), "inputs[0].data: is a string, not a list"},
		{"an object", texts(`{"a":"b"}`), "inputs[0].data: is an object, not a list"},
		{"an empty list", texts(`[]`), "inputs[0]: has 0 elements, but its shape is [2]"},
		{"a number among texts", texts(`["a",1]`), "inputs[0].data[1]: is a number, not a string"},
		{"null among texts", texts(`[["a"],[null]]`), "inputs[0].data[1][0]: is null, not a string"},
		{"nested twice", texts(`[[["a"]]]`), "inputs[0].data[0][0]: is a list, not a string"},

		{"outputs that are an object", `{"outputs":{}}`, "outputs: is an object, not a list"},
		{"an output that is a text", `{"outputs":["scores"]}`, "outputs[0]: is a string, not an object"},
		{"an output whose name is a number", `{"outputs":[{"name":1}]}`, "outputs[0].name: is a number, not a string"},
		{"many outputs", `{"outputs":[{}` + strings.Repeat(`,{}`, 64) + `]}`, "outputs[64]: are more than 64 outputs"},
		{"parameters of an output that are a list", `{"outputs":[{"parameters":[]}]}`, "outputs[0].parameters: is a list, not an object"},
		{"binary_data that is a text", `{"outputs":[{"parameters":{"binary_data":"true"}}]}`, "outputs[0].parameters.binary_data: is a string, not a boolean"},
		{"a classification of none", `{"outputs":[{"parameters":{"classification":0}}]}`, "outputs[0].parameters.classification: is less than 1"},
		{"a classification that is a fraction", `{"outputs":[{"parameters":{"classification":1.5}}]}`, "outputs[0].parameters.classification: is 1.5, not a whole number"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := parse([]byte(test.body), -1)
			if err == nil {
				t.Fatal("it is read")
			}
			if diff := cmp.Diff(err.Error(), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is wrong with binary data is said, and in which element.
func TestBinaryErrors(t *testing.T) {
	sized := func(shape, size string) string {
		return `{"inputs":[{"name":"text","datatype":"BYTES","shape":` + shape + `,"parameters":{"binary_data_size":` + size + `}}]}`
	}
	of := func(elements ...string) (document, data string) {
		data = tensor(elements...)
		return sized(fmt.Sprintf("[%d]", len(elements)), strconv.Itoa(len(data))), data
	}
	notUTF8, notUTF8Data := of("a", "b", "\xffc")
	surrogate, surrogateData := of("\xed\xa0\x80")
	tests := []struct {
		name, document, data string
		header               int // 0 is the length of the document
		want                 string
	}{
		{"a header beyond the body", "{}", "", 3, "Inference-Header-Content-Length is 3, but the body has 2 bytes"},
		{"a header within the JSON", sized("[1]", "5"), tensor("a"), 10, "the JSON ends too early"},
		{"no header", sized("[1]", "5"), "", -1, "inputs[0].parameters.binary_data_size: is 5, but only 0 bytes of binary data are left"},
		{"a size beyond the body", sized("[1]", "6"), tensor("a"), 0, "inputs[0].parameters.binary_data_size: is 6, but only 5 bytes of binary data are left"},
		{"a size beyond what is left", `{"inputs":[{"name":"a","parameters":{"binary_data_size":4}},{"name":"text","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":5}}]}`, tensor("a"), 0, "inputs[1].parameters.binary_data_size: is 5, but only 1 bytes of binary data are left"},
		{"bytes of no input", sized("[1]", "5"), tensor("a") + "x", 0, "the body has 6 bytes of binary data, the inputs have 5 of them"},
		{"no input has binary data", `{"inputs":[{"data":["a"],"datatype":"BYTES","shape":[1]}]}`, "x", 0, "the body has 1 bytes of binary data, the inputs have 0 of them"},
		{"a size below zero", sized("[1]", "-1"), "", 0, "inputs[0].parameters.binary_data_size: is below zero"},
		{"a size that is a text", sized("[1]", `"5"`), tensor("a"), 0, "inputs[0].parameters.binary_data_size: is a string, not a number"},
		{"a size that is too large", sized("[1]", "18446744073709551621"), tensor("a"), 0, "inputs[0].parameters.binary_data_size: is 18446744073709551621, not a whole number"},
		{"nothing", sized("[1]", "0"), "", 0, "inputs[0]: has 0 elements, but its shape is [1]"},
		{"half of a length", sized("[2]", "8"), tensor("a") + "\x01\x00\x00", 0, "element 1 of the binary data of inputs[0]: has 3 bytes of the 4 of its length"},
		{"an element beyond its input", sized("[2]", "9"), tensor("a") + "\x01\x00\x00\x00", 0, "element 1 of the binary data of inputs[0]: has a length of 1, but only 0 bytes are left"},
		{"the longest length", sized("[1]", "5"), "\xff\xff\xff\xffa", 0, "element 0 of the binary data of inputs[0]: has a length of 4294967295, but only 1 bytes are left"},
		{"a length that is big endian", sized("[1]", "5"), "\x00\x00\x00\x01a", 0, "element 0 of the binary data of inputs[0]: has a length of 16777216, but only 1 bytes are left"},
		{"no UTF-8", notUTF8, notUTF8Data, 0, "element 2 of the binary data of inputs[0]: is not UTF-8"},
		{"a surrogate", surrogate, surrogateData, 0, "element 0 of the binary data of inputs[0]: is not UTF-8"},
		{"too few", sized("[2]", "5"), tensor("a"), 0, "inputs[0]: has 1 elements, but its shape is [2]"},
		{"too many", sized("[1]", "10"), tensor("a", "b"), 0, "inputs[0]: has more elements than its shape, [1]"},
		{"JSON as well", strings.Replace(sized("[1]", "5"), `"shape"`, `"data":["a"],"shape"`, 1), tensor("a"), 0, "inputs[0]: has both data and a binary_data_size"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := test.header
			if header == 0 {
				header = len(test.document)
			}
			_, _, err := parse([]byte(test.document+test.data), header)
			if err == nil {
				t.Fatal("it is read")
			}
			if diff := cmp.Diff(err.Error(), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An error of add gets the place of the text, and ends the reading.
func TestAddRefuses(t *testing.T) {
	data := tensor("a", "b", "c")
	binaryDocument := fmt.Sprintf(`{"inputs":[{"datatype":"BYTES","shape":[3],"parameters":{"binary_data_size":%d}}]}`, len(data))
	for _, test := range []struct{ document, data, want string }{
		{`{"inputs":[{"datatype":"BYTES","shape":[3],"data":["a","b","c"]}]}`, "", "inputs[0].data[1]: is no good"},
		{`{"inputs":[{"datatype":"BYTES","shape":[3],"data":[["a"],["b"],["c"]]}]}`, "", "inputs[0].data[1][0]: is no good"},
		{binaryDocument, data, "element 1 of the binary data of inputs[0]: is no good"},
	} {
		asked := 0
		_, err := oip.Parse([]byte(test.document+test.data), len(test.document), func(string) error {
			if asked++; asked == 2 {
				return &jsonread.Error{What: "is no good"}
			}
			return nil
		})
		if err == nil || err.Error() != test.want || asked != 2 {
			t.Errorf("got %v after %d texts, want %s", err, asked, test.want)
		}
	}
}
