package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Object is a JSON object as a file wrote it: its keys keep their order and
// its numbers their digits. White space is gone and strings are escaped no more
// than JSON demands. The zero value is the empty object. An Object is immutable.
type Object struct {
	raw     jsontext.Value
	members []member
}

type member struct {
	key   string
	value jsontext.Value
}

// ParseObject reads one JSON object. Of a key that occurs twice the last value
// counts, as it does in Python. NaN, Infinity and -Infinity, which Python writes
// and JSON has not, are read as null.
func ParseObject(data []byte) (Object, error) {
	value := jsontext.Value(nullNonNumbers(data))
	err := value.Format(jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(false), jsontext.EscapeForHTML(false))
	if err != nil {
		return Object{}, err
	}
	if value.Kind() != '{' {
		return Object{}, fmt.Errorf("a JSON object is wanted, not a value that starts with %q", value.Kind())
	}
	var object Object
	decoder := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true))
	if _, err := decoder.ReadToken(); err != nil {
		return Object{}, err
	}
	index := make(map[string]int)
	for decoder.PeekKind() == '"' {
		key, err := decoder.ReadToken()
		if err != nil {
			return Object{}, err
		}
		name := key.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return Object{}, err
		}
		if i, twice := index[name]; twice {
			object.members[i].value = value.Clone()
			continue
		}
		index[name] = len(object.members)
		object.members = append(object.members, member{name, value.Clone()})
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
	for _, m := range o.members {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
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

// nullNonNumbers returns a copy of data in which each NaN, Infinity and -Infinity
// outside strings is null.
func nullNonNumbers(data []byte) []byte {
	nonNumbers := [...]string{"NaN", "-Infinity", "Infinity"}
	clean := make([]byte, 0, len(data))
	inString := false
next:
	for i := 0; i < len(data); {
		c := data[i]
		switch {
		case inString && c == '\\' && i+1 < len(data): // what follows ends no string
			clean = append(clean, c, data[i+1])
			i += 2
			continue
		case c == '"':
			inString = !inString
		case !inString:
			for _, word := range nonNumbers {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					clean = append(clean, "null"...)
					i += len(word)
					continue next
				}
			}
		}
		clean = append(clean, c)
		i++
	}
	return clean
}
