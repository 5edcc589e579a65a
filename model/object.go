package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Object is a JSON object that keeps the order of its keys and the digits of its
// numbers. It has no white space, and its strings have no escapes but those that JSON
// demands. The zero value is the empty object. An Object is immutable.
//
// Python's json module also writes NaN, Infinity and -Infinity, which are not JSON. An
// Object has null in their place; [Object.Check] tells.
type Object struct {
	raw     jsontext.Value
	members []member
}

type member struct {
	key   string
	value jsontext.Value
	err   *NonNumberError // the first in the value, or nil
}

// A NonNumberError reports a NaN, an Infinity or a -Infinity in an [Object].
type NonNumberError struct {
	Path string // the keys and indices that lead to it, joined by dots
	Word string // as the file has it: "NaN"
}

func (e *NonNumberError) Error() string {
	return e.Path + " is " + e.Word + ", which JSON cannot represent"
}

// ParseObject reads one JSON object. If a key occurs twice, the last value counts, as
// in Python.
func ParseObject(data []byte) (Object, error) {
	text, words := nullNonNumbers(data)
	decoder := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	if kind := decoder.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
		return Object{}, fmt.Errorf("a JSON object is wanted, not a value that starts with %q", kind)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return Object{}, err
	}
	var object Object
	index := make(map[string]int)
	for decoder.PeekKind() == '"' {
		key, err := decoder.ReadToken()
		if err != nil {
			return Object{}, err
		}
		m := member{key: key.String()}
		value, err := decoder.ReadValue()
		if err != nil {
			return Object{}, err
		}
		if len(words) > 0 {
			m.err = words.find(value, decoder.InputOffset()-int64(len(value)), m.key)
		}
		m.value = value.Clone()
		if err := m.value.Format(jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(false), jsontext.EscapeForHTML(false)); err != nil {
			return Object{}, err
		}
		if i, twice := index[m.key]; twice {
			object.members[i] = m
			continue
		}
		index[m.key] = len(object.members)
		object.members = append(object.members, m)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return Object{}, err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return Object{}, fmt.Errorf("more follows the object: %w", err)
	}
	return object, object.render()
}

// render writes raw from the members.
func (o *Object) render() error {
	raw := []byte{'{'}
	for i, m := range o.members {
		if i > 0 {
			raw = append(raw, ',')
		}
		var err error
		if raw, err = jsontext.AppendQuote(raw, m.key); err != nil {
			return err
		}
		raw = append(raw, ':')
		raw = append(raw, m.value...)
	}
	raw = append(raw, '}')
	o.raw = raw
	return nil
}

// Get returns the JSON text of the value of key, and whether there is one. The
// caller must not change it.
func (o Object) Get(key string) (jsontext.Value, bool) {
	if i := o.index(key); i >= 0 {
		return o.members[i].value, true
	}
	return nil, false
}

// Check returns a [*NonNumberError] if the value of a key has a NaN, an Infinity or a
// -Infinity in it. Without keys it looks at all values.
func (o Object) Check(keys ...string) error {
	for _, m := range o.members {
		if m.err != nil && (len(keys) == 0 || slices.Contains(keys, m.key)) {
			return m.err
		}
	}
	return nil
}

// With returns the object with value, a JSON value, in place of that of key, or behind
// all others if there is no such key.
func (o Object) With(key string, value []byte) (Object, error) {
	m := member{key: key, value: bytes.Clone(value)}
	if err := m.value.Format(); err != nil {
		return Object{}, err
	}
	changed := Object{members: slices.Clone(o.members)}
	if i := changed.index(key); i >= 0 {
		changed.members[i] = m
	} else {
		changed.members = append(changed.members, m)
	}
	return changed, changed.render()
}

func (o Object) index(key string) int {
	return slices.IndexFunc(o.members, func(m member) bool { return m.key == key })
}

// Keys returns the keys in their order.
func (o Object) Keys() []string {
	keys := make([]string, len(o.members))
	for i, m := range o.members {
		keys[i] = m.key
	}
	return keys
}

// JSON returns the whole object as JSON text. The caller must not change it.
func (o Object) JSON() jsontext.Value {
	if o.raw == nil {
		return jsontext.Value("{}")
	}
	return o.raw
}

// MarshalJSON makes an Object part of a larger answer as it stands.
func (o Object) MarshalJSON() ([]byte, error) { return o.JSON(), nil }

// nonNumbers are the words that Python writes and JSON does not have.
var nonNumbers = [...]string{"NaN", "-Infinity", "Infinity"}

// words are the non-numbers of a text, by the offset of the null in their place.
type words map[int64]string

// nullNonNumbers returns data with null in place of each NaN, Infinity and -Infinity
// outside strings, and where these were. It changes a copy.
func nullNonNumbers(data []byte) ([]byte, words) {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data, nil
	}
	clean := make([]byte, 0, len(data))
	var found words
	inString := false
next:
	for i := 0; i < len(data); {
		c := data[i]
		switch {
		case inString && c == '\\' && i+1 < len(data): // an escaped quote does not end the string
			clean = append(clean, c, data[i+1])
			i += 2
			continue
		case c == '"':
			inString = !inString
		case !inString:
			for _, word := range nonNumbers {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					if found == nil {
						found = make(words)
					}
					found[int64(len(clean))] = word
					clean = append(clean, "null"...)
					i += len(word)
					continue next
				}
			}
		}
		clean = append(clean, c)
		i++
	}
	return clean, found
}

// find returns an error for the first of the words in value, which is that of key and
// begins at offset of the text; nil if there is none.
func (w words) find(value jsontext.Value, offset int64, key string) *NonNumberError {
	decoder := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true))
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return nil //nolint:nilerr // the value is valid, so this is its end
		}
		if token.Kind() != 'n' {
			continue
		}
		if word, ok := w[offset+decoder.InputOffset()-int64(len("null"))]; ok {
			path := slices.Insert(slices.Collect(decoder.StackPointer().Tokens()), 0, key)
			return &NonNumberError{Path: strings.Join(path, "."), Word: word}
		}
	}
}
