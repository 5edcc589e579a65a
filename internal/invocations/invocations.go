// Package invocations reads the body of POST /invocations, as MLflow's scoring server takes
// it, for a model that classifies texts. It knows no HTTP.
//
// Source: mlflow/pyfunc/scoring_server/__init__.py and mlflow/utils/proto_json_utils.py.
package invocations

import (
	"fmt"
	"mime"
	"slices"
	"strings"

	"tagifai/internal/jsonread"
)

// The types of bodies.
const (
	JSON = "application/json"
	CSV  = "text/csv"
)

// The formats of a JSON body.
const (
	dataframeSplit   = "dataframe_split"
	dataframeRecords = "dataframe_records"
	instances        = "instances"
	inputs           = "inputs"
)

var formats = []string{dataframeSplit, dataframeRecords, instances, inputs}

// TypeOf returns the type of a body with this Content-Type, and whether it is one that is
// read.
func TypeOf(contentType string) (kind string, ok bool) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || kind != JSON && kind != CSV {
		return "", false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return "", false
		}
	}
	return kind, true
}

// maxColumns is how many columns a table may have.
const maxColumns = 10_000

// A Reader reads bodies.
type Reader struct {
	// Column is the column that has the texts. If it is empty, it is the only column, or the
	// only one that has text.
	Column string
}

// Parse reads a body of a type. Each text is given to add, whose error says what is wrong
// with it. It returns whether the probabilities are wanted, in place of the tags. What is
// wrong with the body is a [jsonread.Error].
func (r *Reader) Parse(kind string, body []byte, add func(text string) error) (probabilities bool, err error) {
	if kind == CSV {
		return false, r.parseCSV(body, add)
	}
	p := parser{d: jsonread.New(body, ""), column: r.Column, add: add}
	format := ""
	err = p.d.Object(func(name string) error {
		switch {
		case name == "params":
			probabilities, err = p.params()
			return err
		case !slices.Contains(formats, name):
			return p.d.Skip()
		case format != "":
			return &jsonread.Error{What: fmt.Sprintf("the body has %s and %s, but takes one of them", format, name)}
		}
		format = name
		switch name {
		case dataframeSplit:
			return p.split()
		case dataframeRecords:
			return p.d.Array(func(int) error { return p.record() })
		default:
			return p.tensor(name == inputs)
		}
	})
	switch {
	case err != nil:
		return false, err
	case format == "":
		return false, &jsonread.Error{What: "the body has none of " + strings.Join(formats, ", ")}
	}
	return probabilities, p.d.End()
}

// parser is the state of reading a JSON body.
type parser struct {
	d      *jsonread.Decoder
	column string // that has the texts; "" is not known yet
	add    func(string) error
}

// params reads the parameters of a prediction.
func (p *parser) params() (probabilities bool, err error) {
	if p.d.Kind() == 'n' {
		return false, p.d.Skip()
	}
	err = p.d.Object(func(name string) error {
		if name != "predict_method" {
			return p.d.Skip()
		}
		method, err := p.d.String()
		if err != nil {
			return err
		}
		if probabilities = method == "predict_proba"; !probabilities && method != "predict" {
			return p.d.Errorf("is %.40q; there are predict and predict_proba", method)
		}
		return nil
	})
	return probabilities, err
}

// text reads a text.
func (p *parser) text() error {
	text, err := p.d.String()
	if err != nil {
		return err
	}
	return p.give(text)
}

// give gives a text to add, and says where it is if something is wrong with it.
func (p *parser) give(text string) error {
	err := p.add(text)
	if wrong, ok := err.(*jsonread.Error); ok && wrong.Where == "" { //nolint:errorlint // add's own
		return &jsonread.Error{Where: p.d.Where(), What: wrong.What}
	}
	return err
}

// within has read read a part of the document, which is at a place.
func (p *parser) within(part []byte, where string, read func() error) error {
	outer := p.d
	p.d = jsonread.New(part, where)
	err := read()
	p.d = outer
	return err
}

func (p *parser) ambiguous(one, other string) error {
	return &jsonread.Error{What: ambiguous(one, other)}
}

func ambiguous(one, other string) string {
	return fmt.Sprintf("the columns %.80q and %.80q have text: send one of them, or name it with the setting mlflow-column of the service", one, other)
}

func (p *parser) missing() error {
	if p.column == "" {
		return p.d.Errorf("has no text")
	}
	return p.d.Errorf("has no column %.80q", p.column)
}
