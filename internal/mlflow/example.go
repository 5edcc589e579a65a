package mlflow

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/model"
	"tagifai/model/linear"
)

const (
	maxExample      = 16 << 20 // bytes
	mostExampleRows = 100      // that are tried
)

// tryExample has the model predict the texts of the input example that was logged with
// it, if it has texts. A model that cannot answer to its own example is refused.
func (d *description) tryExample(fsys fs.FS, w *linear.Weights) error {
	for _, name := range []string{d.Example.Serving, d.Example.File} {
		if name == "" || !fs.ValidPath(name) {
			continue
		}
		data, err := model.ReadFile(fsys, name, maxExample)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if texts := exampleTexts(data); len(texts) > 0 {
			return tryTexts(name, texts[:min(len(texts), mostExampleRows)], w)
		}
	}
	return nil
}

func tryTexts(name string, texts []string, w *linear.Weights) error {
	m, err := model.New(&model.Artifact{Weights: w})
	if err != nil {
		return err
	}
	for i, p := range m.PredictAll(texts) {
		for k, x := range p.Probabilities {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%s: the model cannot answer to text %d of its own example: the probability of %q is %v", name, i+1, w.Classes[k], x)
			}
		}
	}
	return nil
}

// exampleTexts returns the texts of an input example, in any of the ways in which MLflow
// writes one: a list, columns and rows of a data frame, or one of these in an object
// with the name of the way. It returns nil for anything but one column of texts.
func exampleTexts(data []byte) []string {
	var object map[string]jsontext.Value
	if json.Unmarshal(data, &object) == nil {
		for _, name := range []string{"dataframe_split", "dataframe_records", "inputs", "instances"} {
			if value, ok := object[name]; ok {
				return exampleTexts(value)
			}
		}
		if rows, ok := object["data"]; ok {
			return exampleTexts(rows)
		}
		if len(object) == 1 { // a column by its name
			for _, column := range object {
				return exampleTexts(column)
			}
		}
		return nil
	}
	var rows []jsontext.Value
	if json.Unmarshal(data, &rows) != nil {
		return nil
	}
	var texts []string
	for _, row := range rows {
		text, ok := cellText(row)
		if !ok {
			return nil
		}
		texts = append(texts, text)
	}
	return texts
}

// cellText returns the text of a row: it alone, or in a list or object of one.
func cellText(row jsontext.Value) (text string, ok bool) {
	switch row = bytes.TrimSpace(row); row.Kind() {
	case '"':
		return text, json.Unmarshal(row, &text) == nil
	case '[':
		var cells []jsontext.Value
		if json.Unmarshal(row, &cells) != nil || len(cells) != 1 || cells[0].Kind() != '"' {
			return "", false
		}
		return cellText(cells[0])
	case '{':
		var cells map[string]jsontext.Value
		if json.Unmarshal(row, &cells) != nil || len(cells) != 1 {
			return "", false
		}
		for _, cell := range cells {
			if cell.Kind() == '"' {
				return cellText(cell)
			}
		}
	}
	return "", false
}
