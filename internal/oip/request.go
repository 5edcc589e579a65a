package oip

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/jsonread"
)

// A Request is a request for an inference without its texts.
type Request struct {
	ID         string
	HasID      bool
	Parameters jsontext.Value // an object; nil if there are none
	Outputs    []Output       // nil if none are named

	binary bool // outputs that do not say otherwise are sent as binary data
}

// An Output is what a request asks for.
type Output struct {
	Name           string
	Classification int // how many classes to name; 0 is no classification

	binary    bool
	hasBinary bool // the request says whether it is binary
}

// input is what the JSON says of an input.
type input struct {
	name, datatype string
	shape          []int
	start, end     int // of the data in the body
	size           int // of the binary data; -1 if there is none
}

// No request needs more than so many inputs, outputs and dimensions.
const most = 64

// Parse reads the body of a request for an inference. The JSON has so many bytes, and binary
// data may follow; -1 is a body without binary data. Each text is given to add, whose error
// says what is wrong with it. What is wrong with the request is a [jsonread.Error].
func Parse(body []byte, header int, add func(text string) error) (*Request, error) {
	if header > len(body) {
		return nil, &jsonread.Error{What: fmt.Sprintf("Inference-Header-Content-Length is %d, but the body has %d bytes", header, len(body))}
	}
	data := []byte(nil)
	if header >= 0 {
		body, data = body[:header], body[header:]
	}
	r := new(Request)
	inputs, err := r.parse(body)
	if err != nil {
		return nil, err
	}
	if len(inputs) == 0 {
		return nil, &jsonread.Error{Where: "inputs", What: "none is given, but the model takes one, " + Text}
	}
	chosen := 0
	if len(inputs) > 1 {
		if chosen = slices.IndexFunc(inputs, func(in input) bool { return in.name == Text }); chosen < 0 {
			return nil, &jsonread.Error{Where: "inputs", What: fmt.Sprintf("%d are given, none of them the %s that the model takes", len(inputs), Text)}
		}
	}
	data, err = binaryOf(inputs, chosen, data)
	if err != nil {
		return nil, err
	}
	return r, inputs[chosen].texts("inputs["+strconv.Itoa(chosen)+"]", body, data, add)
}

// parse reads the JSON.
func (r *Request) parse(document []byte) (inputs []input, err error) {
	d := jsonread.New(document, "")
	err = d.Object(func(name string) (err error) {
		if d.Kind() == 'n' { // some clients send what they leave out as null
			return d.Skip()
		}
		switch name {
		case "id":
			r.HasID = true
			r.ID, err = d.String()
		case "parameters":
			err = r.parseParameters(d)
		case "inputs":
			inputs = nil
			err = d.Array(func(i int) error {
				if i == most {
					return d.Errorf("are more than %d inputs", most)
				}
				in, err := parseInput(d)
				inputs = append(inputs, in)
				return err
			})
		case "outputs":
			r.Outputs = nil
			err = d.Array(func(i int) error {
				if i == most {
					return d.Errorf("are more than %d outputs", most)
				}
				out, err := parseOutput(d)
				r.Outputs = append(r.Outputs, out)
				return err
			})
		default:
			err = d.Skip()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return inputs, d.End()
}

// parseParameters reads the parameters of the request.
func (r *Request) parseParameters(d *jsonread.Decoder) error {
	if d.Kind() != '{' {
		return d.Object(nil) // says that it is none
	}
	value, err := d.Raw()
	if err != nil {
		return err
	}
	r.Parameters = value.Clone()
	r.binary = false
	own := jsonread.New(r.Parameters, d.Where())
	return own.Object(func(name string) (err error) {
		if name == "binary_data_output" {
			r.binary, err = own.Bool()
			return err
		}
		return own.Skip()
	})
}

func parseInput(d *jsonread.Decoder) (input, error) {
	in := input{size: -1}
	err := d.Object(func(name string) (err error) {
		switch name {
		case "name":
			in.name, err = d.String()
		case "datatype":
			in.datatype, err = d.String()
		case "shape":
			in.shape = nil
			err = d.Array(func(i int) error {
				if i == most {
					return d.Errorf("are more than %d dimensions", most)
				}
				n, err := d.Int()
				in.shape = append(in.shape, n)
				return err
			})
		case "data":
			if d.Kind() == 'n' {
				return d.Skip()
			}
			value, err := d.Raw()
			in.end = d.Offset()
			in.start = in.end - len(value)
			return err
		case "parameters":
			if d.Kind() == 'n' {
				return d.Skip()
			}
			err = d.Object(func(name string) (err error) {
				if name != "binary_data_size" {
					return d.Skip()
				}
				if in.size, err = d.Int(); err == nil && in.size < 0 {
					err = d.Errorf("is below zero")
				}
				return err
			})
		default:
			err = d.Skip()
		}
		return err
	})
	return in, err
}

func parseOutput(d *jsonread.Decoder) (Output, error) {
	var out Output
	err := d.Object(func(name string) (err error) {
		switch {
		case name == "name":
			out.Name, err = d.String()
		case name == "parameters" && d.Kind() != 'n':
			err = d.Object(func(name string) (err error) {
				switch name {
				case "binary_data":
					out.hasBinary = true
					out.binary, err = d.Bool()
				case "classification":
					if out.Classification, err = d.Int(); err == nil && out.Classification < 1 {
						err = d.Errorf("is less than 1")
					}
				default:
					err = d.Skip()
				}
				return err
			})
		default:
			err = d.Skip()
		}
		return err
	})
	return out, err
}

// binaryOf returns the binary data of an input, nil if it has none. The sizes must add up to
// the data that there is.
func binaryOf(inputs []input, chosen int, data []byte) (own []byte, err error) {
	rest := data
	for i, in := range inputs {
		if in.size < 0 {
			continue
		}
		if in.size > len(rest) {
			return nil, &jsonread.Error{
				Where: "inputs[" + strconv.Itoa(i) + "].parameters.binary_data_size",
				What:  fmt.Sprintf("is %d, but only %d bytes of binary data are left", in.size, len(rest)),
			}
		}
		if i == chosen {
			own = rest[:in.size:in.size]
		}
		rest = rest[in.size:]
	}
	if len(rest) > 0 {
		return nil, &jsonread.Error{What: fmt.Sprintf("the body has %d bytes of binary data, the inputs have %d of them", len(data), len(data)-len(rest))}
	}
	return own, nil
}

// texts gives the elements of the input to add.
func (in *input) texts(where string, body, data []byte, add func(string) error) error {
	switch {
	case in.datatype != bytesType:
		return &jsonread.Error{Where: where + ".datatype", What: fmt.Sprintf("is %.40q, but texts are BYTES", in.datatype)}
	case len(in.shape) != 1 && (len(in.shape) != 2 || in.shape[1] != 1):
		return &jsonread.Error{Where: where + ".shape", What: fmt.Sprintf("is %s, but n texts are [n] or [n,1]", shapeText(in.shape))}
	case in.shape[0] < 1:
		return &jsonread.Error{Where: where + ".shape", What: fmt.Sprintf("is %s: no text", shapeText(in.shape))}
	case in.size >= 0 && in.end > 0:
		return &jsonread.Error{Where: where, What: "has both data and a binary_data_size"}
	case in.size < 0 && in.end == 0:
		return &jsonread.Error{Where: where + ".data", What: "is missing"}
	}
	n := 0
	numbered := func(text string) error {
		if n >= in.shape[0] {
			return &jsonread.Error{Where: where, What: fmt.Sprintf("has more elements than its shape, %s", shapeText(in.shape))}
		}
		n++
		return add(text)
	}
	var err error
	if in.size >= 0 {
		err = eachBinary(where, data, numbered)
	} else {
		err = eachJSON(jsonread.New(body[in.start:in.end], where+".data"), numbered)
	}
	if err == nil && n < in.shape[0] {
		err = &jsonread.Error{Where: where, What: fmt.Sprintf("has %d elements, but its shape is %s", n, shapeText(in.shape))}
	}
	return err
}

func shapeText(shape []int) string {
	return strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
}

// eachJSON calls add with the elements of a list, or of the lists in it.
func eachJSON(d *jsonread.Decoder, add func(string) error) error {
	one := func() error {
		text, err := d.String()
		if err != nil {
			return err
		}
		return at(d, add(text))
	}
	return d.Array(func(int) error {
		if d.Kind() != '[' {
			return one()
		}
		return d.Array(func(int) error { return one() })
	})
}

// at adds to an error without a place that of the value that is read.
func at(d *jsonread.Decoder, err error) error {
	if wrong, ok := err.(*jsonread.Error); ok && wrong.Where == "" { //nolint:errorlint // add's own
		return &jsonread.Error{Where: d.Where(), What: wrong.What}
	}
	return err
}

// eachBinary calls add with the elements of a binary tensor: each is its length, as four
// bytes, and so many bytes.
func eachBinary(where string, data []byte, add func(string) error) error {
	for i := 0; len(data) > 0; i++ {
		element := func(format string, args ...any) error {
			return &jsonread.Error{Where: fmt.Sprintf("element %d of the binary data of %s", i, where), What: fmt.Sprintf(format, args...)}
		}
		if len(data) < 4 {
			return element("has %d bytes of the 4 of its length", len(data))
		}
		length := binary.LittleEndian.Uint32(data)
		data = data[4:]
		if int64(length) > int64(len(data)) {
			return element("has a length of %d, but only %d bytes are left", length, len(data))
		}
		text := data[:length]
		data = data[length:]
		if !utf8.Valid(text) {
			return element("is not UTF-8")
		}
		if err := add(string(text)); err != nil {
			if wrong, ok := err.(*jsonread.Error); ok && wrong.Where == "" { //nolint:errorlint // add's own
				return element("%s", wrong.What)
			}
			return err
		}
	}
	return nil
}
