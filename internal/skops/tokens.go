package skops

import (
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// object reads an object of JSON. The function reads the value of each name, which it
// gets as JSON.
func (s *schemaReader) object(field func(name []byte) error) error {
	if err := s.begin('{'); err != nil {
		return err
	}
	for s.json.PeekKind() != '}' {
		name, err := s.json.ReadValue()
		if err != nil {
			return err
		}
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := s.json.ReadToken()
	return err
}

// array reads an array of JSON. The function reads each item.
func (s *schemaReader) array(item func() error) error {
	if err := s.begin('['); err != nil {
		return err
	}
	for s.json.PeekKind() != ']' {
		if err := item(); err != nil {
			return err
		}
	}
	_, err := s.json.ReadToken()
	return err
}

func (s *schemaReader) begin(kind jsontext.Kind) error {
	t, err := s.json.ReadToken()
	if err == nil && t.Kind() != kind {
		err = fmt.Errorf("%v where %v belongs", t.Kind(), kind)
	}
	return err
}

// name reads a text that many nodes have.
func (s *schemaReader) name() (string, error) {
	quoted, err := s.json.ReadValue()
	if err != nil {
		return "", err
	}
	if name, ok := s.names[string(quoted)]; ok {
		return name, nil
	}
	name, err := unquote(quoted)
	if err == nil && len(s.names) < maxNames {
		s.names[string(quoted)] = name
	}
	return name, err
}

// text reads a text.
func (s *schemaReader) text() (string, error) {
	quoted, err := s.json.ReadValue()
	if err != nil {
		return "", err
	}
	return unquote(quoted)
}

func unquote(quoted jsontext.Value) (string, error) {
	if quoted.Kind() != '"' {
		return "", fmt.Errorf("%v where a name belongs", quoted.Kind())
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	return string(text), err
}

func (s *schemaReader) integer() (int64, error) {
	number, err := s.json.ReadValue()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s where an integer belongs", shown(string(number)))
	}
	return n, nil
}

// A tokenLimit keeps the decoder from reading far beyond what it has returned: it holds
// a text as a whole.
type tokenLimit struct {
	r    io.Reader
	read int64
	json *jsontext.Decoder
}

func (t *tokenLimit) Read(p []byte) (int, error) {
	if t.json != nil && t.read-t.json.InputOffset() > maxToken {
		return 0, fmt.Errorf("a text of more than %d bytes", maxToken)
	}
	n, err := t.r.Read(p)
	t.read += int64(n)
	return n, err
}
