package oip_test

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"tagifai/internal/jsonread/jsonreadtest"
)

// A reading is what a request says.
type reading struct {
	texts      []string
	id         string
	hasID      bool
	parameters string  // as compact JSON; "" if there are none
	outputs    []asked // empty if none are named
	binary     bool    // outputs that do not say otherwise are binary
	ok         bool    // the request is as it should be
}

// asked is an output that is asked for.
type asked struct {
	name           string
	classification int
	binary         bool // also where the parameters of the request say so
}

// naive reads a request as [oip.Parse] does, from a tree of the whole document. It does not
// know what a request means in which a name occurs twice in an object.
func naive(body []byte, header int) (r reading, known bool) {
	var data []byte
	if header > len(body) {
		return r, true
	}
	if header >= 0 {
		body, data = body[:header], body[header:]
	}
	document, valid, known := jsonreadtest.Tree(body)
	if !valid {
		return r, known
	}
	object, isObject := document.(map[string]any)
	if !isObject {
		return r, true
	}
	ok := true
	if id := object["id"]; id != nil {
		r.id, r.hasID = id.(string)
		ok = r.hasID
	}
	if parameters := object["parameters"]; parameters != nil {
		object, isObject := parameters.(map[string]any)
		b, err := json.Marshal(parameters)
		r.parameters = string(b)
		ok = ok && isObject && err == nil
		if value, there := object["binary_data_output"]; there {
			var isBool bool
			r.binary, isBool = value.(bool)
			ok = ok && isBool
		}
	}
	if value := object["outputs"]; value != nil {
		list, isList := value.([]any)
		ok = ok && isList && len(list) <= 64
		for _, value := range list {
			out, good := naiveOutput(value, r.binary)
			r.outputs = append(r.outputs, out)
			ok = ok && good
		}
	}
	list, isList := object["inputs"].([]any)
	ok = ok && isList && len(list) > 0 && len(list) <= 64
	chosen := -1
	var inputs []naiveInput
	for i, value := range list {
		in, good := readInput(value)
		inputs = append(inputs, in)
		ok = ok && good
		if chosen < 0 && (len(list) == 1 || in.name == "text") {
			chosen = i
		}
	}
	if !ok || chosen < 0 {
		return r, true
	}
	for i, in := range inputs {
		size := max(in.size, 0)
		if size > len(data) {
			return r, true
		}
		if i == chosen {
			inputs[i].bytes = data[:size]
		}
		data = data[size:]
	}
	if len(data) == 0 {
		r.texts, r.ok = inputs[chosen].texts()
	}
	return r, true
}

// whole returns a whole number, as it is written in the document.
func whole(value any) (int, bool) {
	number, isNumber := value.(json.Number)
	n, err := strconv.Atoi(number.String())
	return n, isNumber && err == nil
}

func naiveOutput(value any, binary bool) (out asked, ok bool) {
	object, ok := value.(map[string]any)
	out.binary = binary
	if name, there := object["name"]; there && ok {
		out.name, ok = name.(string)
	}
	if object["parameters"] == nil || !ok {
		return out, ok
	}
	parameters, ok := object["parameters"].(map[string]any)
	if value, there := parameters["binary_data"]; there && ok {
		out.binary, ok = value.(bool)
	}
	if value, there := parameters["classification"]; there && ok {
		out.classification, ok = whole(value)
		ok = ok && out.classification > 0
	}
	return out, ok
}

type naiveInput struct {
	name, datatype string
	shape          []int
	data           any
	size           int // -1 if there is none
	bytes          []byte
}

func readInput(value any) (in naiveInput, ok bool) {
	in.size = -1
	object, ok := value.(map[string]any)
	if name, there := object["name"]; there && ok {
		in.name, ok = name.(string)
	}
	if datatype, there := object["datatype"]; there && ok {
		in.datatype, ok = datatype.(string)
	}
	if shape, there := object["shape"]; there && ok {
		var list []any
		list, ok = shape.([]any)
		ok = ok && len(list) <= 64
		for _, value := range list {
			n, isWhole := whole(value)
			in.shape = append(in.shape, n)
			ok = ok && isWhole
		}
	}
	in.data = object["data"]
	if parameters := object["parameters"]; parameters != nil && ok {
		var object map[string]any
		object, ok = parameters.(map[string]any)
		if size, there := object["binary_data_size"]; there && ok {
			in.size, ok = whole(size)
			ok = ok && in.size >= 0
		}
	}
	return in, ok
}

func (in naiveInput) texts() (texts []string, ok bool) {
	shaped := len(in.shape) == 1 || len(in.shape) == 2 && in.shape[1] == 1
	if in.datatype != "BYTES" || !shaped || in.shape[0] < 1 || (in.data == nil) == (in.size < 0) {
		return nil, false
	}
	if in.data == nil {
		for left := in.bytes; len(left) > 0; {
			if len(left) < 4 || uint64(binary.LittleEndian.Uint32(left)) > uint64(len(left)-4) {
				return nil, false
			}
			n := binary.LittleEndian.Uint32(left)
			texts = append(texts, string(left[4:4+n]))
			left = left[4+n:]
		}
		for _, text := range texts {
			if !utf8.ValidString(text) {
				return nil, false
			}
		}
		return texts, len(texts) == in.shape[0]
	}
	list, isList := in.data.([]any)
	for _, value := range list {
		row, nested := value.([]any)
		if !nested {
			row = []any{value}
		}
		for _, value := range row {
			text, isText := value.(string)
			if !isText {
				return nil, false
			}
			texts = append(texts, text)
		}
	}
	return texts, isList && len(texts) == in.shape[0]
}
