// Package invocations reads the body of POST /invocations, as MLflow's scoring server takes
// it, for a model that classifies texts. It knows no HTTP.
//
// Source: mlflow/pyfunc/scoring_server/__init__.py and mlflow/utils/proto_json_utils.py.
package invocations

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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

// tensor reads texts, each alone, in a list or in a record, or a column of them by its name.
func (p *parser) tensor(named bool) error {
	switch kind := p.d.Kind(); {
	case named && kind == '"':
		return p.text()
	case kind == '{':
		return p.columns()
	}
	return p.d.Array(func(int) error {
		switch p.d.Kind() {
		case '{':
			return p.record()
		case '[':
			return p.d.Array(func(i int) error {
				if i > 0 {
					return p.d.Errorf("is a second value of a row, but the model takes one text")
				}
				return p.text()
			})
		}
		return p.text()
	})
}

// columns reads columns by their names, of which one has the texts.
func (p *parser) columns() error {
	taken := ""
	err := p.d.Object(func(name string) error {
		isText := name == p.column
		if p.column == "" {
			isText = true
			if taken != "" {
				return p.ambiguous(taken, name)
			}
		}
		if !isText {
			return p.d.Skip()
		}
		taken = name
		if p.d.Kind() == '"' {
			return p.text()
		}
		return p.tensor(false)
	})
	if err == nil && taken == "" {
		err = p.missing()
	}
	return err
}

// record reads a row whose values have names.
func (p *parser) record() error {
	var text, of string
	found := false
	err := p.d.Object(func(name string) (err error) {
		switch {
		case p.column != "" && name != p.column, p.column == "" && p.d.Kind() != '"':
			return p.d.Skip()
		case found && p.column == "":
			return p.ambiguous(of, name)
		}
		found, of = true, name
		text, err = p.d.String()
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return p.missing()
	}
	p.column = of
	return p.give(text)
}

// split reads a data frame whose columns, index and rows are apart.
func (p *parser) split() error {
	var columns []string
	hasColumns := false
	var rows []byte // that came before the names of the columns
	where := ""
	err := p.d.Object(func(name string) error {
		switch name {
		case "columns":
			hasColumns, columns = true, nil
			return p.d.Array(func(int) error {
				if p.d.Kind() != '"' { // pandas names columns by numbers if nobody does
					value, err := p.d.Raw()
					columns = append(columns, string(value))
					return err
				}
				column, err := p.d.String()
				columns = append(columns, column)
				return err
			})
		case "data":
			if hasColumns {
				return p.rows(columns)
			}
			where = p.d.Where()
			value, err := p.d.Raw()
			rows = bytes.Clone(value)
			return err
		}
		return p.d.Skip()
	})
	if err != nil || rows == nil {
		return err
	}
	outer := p.d
	p.d = jsonread.New(rows, where)
	err = p.rows(columns)
	p.d = outer
	return err
}

// rows reads the rows of a data frame with these columns.
func (p *parser) rows(columns []string) error {
	at := -1
	switch {
	case p.column != "":
		if at = slices.Index(columns, p.column); at < 0 {
			return p.missing()
		}
	case len(columns) == 1:
		at = 0
	}
	return p.d.Array(func(int) error {
		var text string
		found := -1
		values := 0
		err := p.d.Array(func(i int) (err error) {
			values++
			switch {
			case at >= 0 && i != at, at < 0 && p.d.Kind() != '"':
				return p.d.Skip()
			case found >= 0:
				return p.ambiguous(nameOf(columns, found), nameOf(columns, i))
			}
			found = i
			text, err = p.d.String()
			return err
		})
		switch {
		case err != nil:
			return err
		case len(columns) > 0 && values != len(columns):
			return p.d.Errorf("has %d values for %d columns", values, len(columns))
		case found < 0:
			return p.missing()
		}
		at = found
		return p.give(text)
	})
}

func nameOf(columns []string, i int) string {
	if i < len(columns) {
		return columns[i]
	}
	return strconv.Itoa(i)
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

// parseCSV reads a table whose first line names the columns.
func (r *Reader) parseCSV(body []byte, add func(string) error) error {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return &jsonread.Error{What: "the body is not UTF-8"}
	}
	table := csv.NewReader(bytes.NewReader(body))
	table.ReuseRecord = true
	names, err := table.Read()
	if errors.Is(err, io.EOF) {
		return &jsonread.Error{What: "the body has no line with the names of the columns"}
	}
	if err != nil {
		return csvError(err)
	}
	names = slices.Clone(names)
	at := -1
	switch {
	case r.Column != "":
		if at = slices.Index(names, r.Column); at < 0 {
			return &jsonread.Error{Where: "line 1", What: fmt.Sprintf("has no column %.80q", r.Column)}
		}
	case len(names) == 1:
		at = 0
	}
	for {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		line, _ := table.FieldPos(0)
		where := "line " + strconv.Itoa(line)
		if at < 0 {
			if at, err = textColumn(names, row); err != nil {
				return err
			}
			if at < 0 {
				return &jsonread.Error{Where: where, What: "has no text"}
			}
		}
		text := row[at]
		if len(row) > 1 {
			text = strings.Clone(text) // the row is one string
		}
		if err := add(text); err != nil {
			if wrong, ok := err.(*jsonread.Error); ok && wrong.Where == "" { //nolint:errorlint // add's own
				return &jsonread.Error{Where: where, What: wrong.What}
			}
			return err
		}
	}
}

// textColumn returns the column of a row that has text and not a number, -1 if none has.
func textColumn(names, row []string) (int, error) {
	at := -1
	for i, value := range row {
		if _, err := strconv.ParseFloat(value, 64); err == nil || value == "" {
			continue
		}
		if at >= 0 {
			return 0, &jsonread.Error{What: ambiguous(names[at], names[i])}
		}
		at = i
	}
	return at, nil
}

func csvError(err error) error {
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		return &jsonread.Error{Where: "line " + strconv.Itoa(wrong.Line), What: wrong.Err.Error()}
	}
	return &jsonread.Error{What: "the body is not CSV"}
}
