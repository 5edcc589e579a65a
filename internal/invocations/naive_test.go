package invocations_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"

	"tagifai/internal/invocations"
	"tagifai/internal/jsonread/jsonreadtest"
)

// A reading is what a body says.
type reading struct {
	texts         []string
	probabilities bool
	ok            bool // the body is as it should be
}

// naive reads a body as [invocations.Reader] does, from a tree of the whole document. It does
// not know what a body means in which a name occurs twice in an object.
func naive(kind string, body []byte, column string) (r reading, known bool) {
	if kind == invocations.CSV {
		r.texts, r.ok = naiveCSV(body, column)
		return r, true
	}
	document, valid, known := jsonreadtest.Tree(body)
	if !valid {
		return r, known
	}
	object, isObject := document.(map[string]any)
	if !isObject {
		return r, true
	}
	r.probabilities, r.ok = naiveParams(object["params"])
	formats := 0
	for _, name := range []string{"dataframe_split", "dataframe_records", "instances", "inputs"} {
		value, there := object[name]
		if !there {
			continue
		}
		formats++
		var ok bool
		switch name {
		case "dataframe_split":
			r.texts, ok = naiveSplit(value, column)
		case "dataframe_records":
			rows, isList := value.([]any)
			r.texts, ok = naiveRows(rows, column, false)
			ok = ok && isList
		default:
			r.texts, ok = naiveTensor(value, column, name == "inputs")
		}
		r.ok = r.ok && ok
	}
	r.ok = r.ok && formats == 1
	return r, true
}

func naiveParams(params any) (probabilities, ok bool) {
	if params == nil {
		return false, true
	}
	object, isObject := params.(map[string]any)
	method, there := object["predict_method"]
	return method == "predict_proba", isObject && (!there || method == "predict" || method == "predict_proba")
}

// naiveTensor reads the value of instances or inputs.
func naiveTensor(value any, column string, named bool) (texts []string, ok bool) {
	switch value := value.(type) {
	case string:
		return []string{value}, named
	case []any:
		return naiveRows(value, column, true)
	case map[string]any:
		var columns []any
		for name, of := range value {
			if name == column || column == "" && startsWithText(of) {
				columns = append(columns, of)
			}
		}
		if len(columns) != 1 {
			return nil, false
		}
		if text, isText := columns[0].(string); isText {
			return []string{text}, true
		}
		rows, isList := columns[0].([]any)
		for _, row := range rows {
			if _, isRecord := row.(map[string]any); isRecord {
				return nil, false
			}
		}
		texts, ok = naiveRows(rows, column, true)
		return texts, ok && isList
	}
	return nil, false
}

func startsWithText(value any) bool {
	switch value := value.(type) {
	case string:
		return true
	case []any:
		return len(value) > 0 && startsWithText(value[0])
	}
	return false
}

// naiveRows reads rows that are records or, where alone says so, texts.
func naiveRows(rows []any, column string, alone bool) (texts []string, ok bool) {
	for _, row := range rows {
		switch row := row.(type) {
		case map[string]any:
			if column == "" {
				named := 0
				for name, value := range row {
					if _, isText := value.(string); isText {
						column = name
						named++
					}
				}
				if named != 1 {
					return nil, false
				}
			}
			text, isText := row[column].(string)
			if !isText {
				return nil, false
			}
			texts = append(texts, text)
		case []any:
			if len(row) != 1 || !alone {
				return nil, false
			}
			text, isText := row[0].(string)
			if !isText {
				return nil, false
			}
			texts = append(texts, text)
		case string:
			if !alone {
				return nil, false
			}
			texts = append(texts, row)
		default:
			return nil, false
		}
	}
	return texts, true
}

// naiveSplit reads a data frame whose columns and rows are apart.
func naiveSplit(value any, column string) (texts []string, ok bool) {
	object, isObject := value.(map[string]any)
	if !isObject {
		return nil, false
	}
	var names []string
	if columns, there := object["columns"]; there {
		list, isList := columns.([]any)
		if !isList {
			return nil, false
		}
		for _, name := range list {
			text, isText := name.(string)
			if !isText {
				b, err := json.Marshal(name)
				if err != nil {
					return nil, false
				}
				text = string(b)
			}
			names = append(names, text)
		}
	}
	data, there := object["data"]
	if !there {
		return nil, true
	}
	rows, isList := data.([]any)
	at := -1
	if column != "" {
		at = slices.Index(names, column)
	} else if len(names) == 1 {
		at = 0
	}
	if !isList || column != "" && at < 0 {
		return nil, false
	}
	for _, row := range rows {
		values, isList := row.([]any)
		if !isList || len(names) > 0 && len(values) != len(names) {
			return nil, false
		}
		if at < 0 {
			for i, value := range values {
				if _, isText := value.(string); !isText {
					continue
				}
				if at >= 0 {
					return nil, false
				}
				at = i
			}
		}
		if at < 0 || at >= len(values) {
			return nil, false
		}
		text, isText := values[at].(string)
		if !isText {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

func naiveCSV(body []byte, column string) (texts []string, ok bool) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil || len(rows) == 0 || !utf8.Valid(body) {
		return nil, false
	}
	names, rows := rows[0], rows[1:]
	at := -1
	switch {
	case column != "":
		if at = slices.Index(names, column); at < 0 {
			return nil, false
		}
	case len(names) == 1:
		at = 0
	case len(rows) > 0:
		for i, value := range rows[0] {
			if _, err := strconv.ParseFloat(value, 64); err == nil || value == "" {
				continue
			}
			if at >= 0 {
				return nil, false
			}
			at = i
		}
		if at < 0 {
			return nil, false
		}
	}
	for _, row := range rows {
		texts = append(texts, row[at])
	}
	return texts, true
}
