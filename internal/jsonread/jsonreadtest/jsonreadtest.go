// Package jsonreadtest reads JSON for the naive twins of what package jsonread reads: a
// whole document, by encoding/json.
package jsonreadtest

import (
	"bytes"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// Tree returns a document as [json.Unmarshal] makes one into an any, with its numbers as
// they are written. It is valid if it is JSON. It is not known if a name occurs twice in an
// object, as every package makes something else of that.
func Tree(body []byte) (document any, valid, known bool) {
	if !jsontext.Value(body).IsValid() {
		return nil, false, !jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true))
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err := d.Decode(&document)
	return document, err == nil, err == nil
}
