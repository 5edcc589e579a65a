package jsonread_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/jsonread"
	"tagifai/internal/jsonread/jsonreadtest"
)

// read reads the next value, whatever it is, as encoding/json does into an any.
func read(d *jsonread.Decoder) (value any, err error) {
	switch d.Kind() {
	case '{':
		members := map[string]any{}
		return members, d.Object(func(name string) (err error) {
			members[name], err = read(d)
			return err
		})
	case '[':
		elements := []any{}
		return elements, d.Array(func(i int) error {
			if i != len(elements) {
				return fmt.Errorf("element %d comes as %d", len(elements), i)
			}
			element, err := read(d)
			elements = append(elements, element)
			return err
		})
	case '"':
		return d.String()
	case 't', 'f':
		return d.Bool()
	}
	raw, err := d.Raw() // null, a number, or no JSON
	if err != nil || raw.Kind() == 'n' {
		return nil, err
	}
	return json.Number(raw), nil
}

// document reads a whole document.
func document(body []byte) (any, error) {
	d := jsonread.New(body, "")
	value, err := read(d)
	if err == nil {
		err = d.End()
	}
	return value, err
}

// What a decoder reads is what encoding/json does, and it refuses what is no JSON: each
// document's beginnings, and those with a byte more.
func TestDecoder(t *testing.T) {
	documents := []string{
		`null`, `true`, `false`, `0`, `-1.5e-3`, `12345678901234567890`, `""`, `{}`, `[]`, ` [ ] `,
		`"a \"quoted\" \u00e9\ud83d\ude00 text\n"`,
		`[[],[[]],{},{"":{}}]`,
		`{"a":[1,"2",true,null,{"b":false}],"é":"ü","\u0061b":[]}`,
		"\t{\"a\" :\r\n[ 1 , 2 ] }\n",
	}
	for _, text := range documents {
		got, err := document([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		want, _, known := jsonreadtest.Tree([]byte(text))
		if !known {
			t.Fatalf("the twin does not know %s", text)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: (-got +want)\n%s", text, diff)
		}
		for i := range text {
			for _, body := range []string{text[:i], text[:i] + "\xff" + text[i:], text[:i] + "]" + text[i:], text[:i] + ",1"} {
				_, err := document([]byte(body))
				if valid := jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)); valid != (err == nil) {
					t.Errorf("%q: got the error %v, but valid is %v", body, err, valid)
				}
				if _, ok := errors.AsType[*jsonread.Error](err); err != nil && !ok {
					t.Errorf("%q: got an error of another kind, %v", body, err)
				}
			}
		}
	}
}

// If a name occurs twice, each is read.
func TestTwice(t *testing.T) {
	got, err := document([]byte(`{"a":1,"a":{"b":2}}`))
	if diff := cmp.Diff(got, any(map[string]any{"a": map[string]any{"b": json.Number("2")}})); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

// An error says where in the document something is wrong, and what.
func TestErrors(t *testing.T) {
	long := strings.Repeat("n", 100)
	tests := []struct {
		name, body, want string
		read             func(*jsonread.Decoder) error
	}{
		{"another kind", `{"a":[{"b":1}]}`, `above.a[0].b: is a number, not a string`, nil},
		{"null", `{"a":[{"b":null}]}`, `above.a[0].b: is null, not a string`, nil},
		{"the second element", `{"a":[{"b":"x"},[]]}`, `above.a[1]: is a list, not an object`, nil},
		{"a list", `{"a":{}}`, `above.a: is an object, not a list`, nil},
		{"the document", `"a"`, `above: is a string, not an object`, nil},
		{"cut off", `{"a":[{"b":"x"`, `above: the JSON ends too early`, nil},
		{"empty", ``, `above: the JSON ends too early`, nil},
		{"no JSON", `{"a":[{"b":x}]}`, `above: not JSON at byte 11: invalid character 'x' at start of value`, nil},
		{"more", `{"a":[]} 1`, `above: more follows the end of the JSON`, nil},
		{"a long name", `{"` + long + `":[1]}`, `above.` + long[:80] + `…[0]: is a number, not an object`, nil},
		{"not whole", `1.5`, `above: is 1.5, not a whole number`, func(d *jsonread.Decoder) error { _, err := d.Int(); return err }},
		{"too large", `12345678901234567890`, `above: is 12345678901234567890, not a whole number`, func(d *jsonread.Decoder) error { _, err := d.Int(); return err }},
		{"no number", `"1"`, `above: is a string, not a number`, func(d *jsonread.Decoder) error { _, err := d.Int(); return err }},
		{"no boolean", `1`, `above: is a number, not a boolean`, func(d *jsonread.Decoder) error { _, err := d.Bool(); return err }},
		{"the caller's own", `[1,2]`, `above[1]: is no good`, func(d *jsonread.Decoder) error {
			return d.Array(func(i int) error {
				if i == 1 {
					return d.Errorf("is no %s", "good")
				}
				return d.Skip()
			})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := jsonread.New([]byte(test.body), "above")
			if test.read == nil { // an object of lists of objects of strings
				test.read = func(d *jsonread.Decoder) error {
					err := d.Object(func(string) error {
						return d.Array(func(int) error {
							return d.Object(func(string) error {
								_, err := d.String()
								return err
							})
						})
					})
					if err == nil {
						err = d.End()
					}
					return err
				}
			}
			if got := fmt.Sprint(test.read(d)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// What is read and what is skipped moves the offset alike.
func TestOffset(t *testing.T) {
	const body = ` {"a": [1, {}], "b": 2} `
	d := jsonread.New([]byte(body), "")
	var offsets []int
	err := d.Object(func(name string) error {
		if name == "a" {
			err := d.Skip()
			offsets = append(offsets, d.Offset())
			return err
		}
		n, err := d.Int()
		offsets = append(offsets, n, d.Offset())
		return err
	})
	if diff := cmp.Diff(offsets, []int{len(` {"a": [1, {}]`), 2, len(` {"a": [1, {}], "b": 2`)}); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}
