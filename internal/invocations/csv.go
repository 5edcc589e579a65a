package invocations

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tagifai/internal/jsonread"
)

// parseCSV reads a table whose first line names the columns.
func (r *Reader) parseCSV(body []byte, add func(string) error) error {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return &jsonread.Error{What: "the body is not UTF-8"}
	}
	if line := tooWide(body); line > 0 {
		return &jsonread.Error{Where: "line " + strconv.Itoa(line), What: fmt.Sprintf("has more than %d columns", maxColumns)}
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

// tooWide returns the first line of a row with more than maxColumns fields, 0 if there is none.
// [csv.Reader] tells it only when it has made the fields, of which each takes fifty times the
// memory of its comma.
func tooWide(body []byte) int {
	if bytes.Count(body, []byte{','}) < maxColumns {
		return 0
	}
	row, line, commas, quoted := 1, 1, 0, false
	for _, c := range body {
		switch {
		case c == '"': // one in a field is two, or an error
			quoted = !quoted
		case c == '\n':
			line++
			if !quoted {
				row, commas = line, 0
			}
		case c == ',' && !quoted:
			if commas++; commas == maxColumns {
				return row
			}
		}
	}
	return 0
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
