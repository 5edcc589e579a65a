package golden

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Tag is what scikit-learn's predict gives: the name of a class or, where the classes
// are numbers and label_encoder.json has their names, the number of one.
type Tag struct {
	Name   string
	Number bool // Name is the text of a number
}

func (t Tag) String() string {
	if t.Number {
		return t.Name
	}
	return strconv.Quote(t.Name)
}

// class returns the index of the class that t means, -1 if it is none of them.
func (t Tag) class(classes []string) int {
	if index := slices.Index(classes, t.Name); index >= 0 || !t.Number {
		return index
	}
	index, err := strconv.Atoi(t.Name)
	if err != nil || index < 0 || index >= len(classes) {
		return -1
	}
	return index
}

// MarshalJSONTo writes a string or a number.
func (t Tag) MarshalJSONTo(enc *jsontext.Encoder) error {
	if t.Number {
		return enc.WriteValue(jsontext.Value(t.Name))
	}
	return enc.WriteToken(jsontext.String(t.Name))
}

// UnmarshalJSONFrom reads a string or a whole number.
func (t *Tag) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case '"':
		*t = Tag{Name: token.String()}
		return nil
	case '0':
		if _, err := strconv.Atoi(token.String()); err == nil {
			*t = Tag{Name: token.String(), Number: true}
			return nil
		}
	}
	return fmt.Errorf("%s is neither the name nor the number of a class", token)
}

// Scores are the decision values of one text.
type Scores []float64

// UnmarshalJSONFrom reads a list of numbers, or the single one that scikit-learn has for
// a text if there are two classes.
func (s *Scores) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case '0':
		*s = Scores{0}
		return json.UnmarshalDecode(dec, &(*s)[0])
	case '[':
		return json.UnmarshalDecode(dec, (*[]float64)(s))
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	return errors.New("a number or a list of numbers is wanted")
}
