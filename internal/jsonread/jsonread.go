// Package jsonread reads JSON documents value by value, and says where something is wrong.
// It keeps nothing of a document but what its callers take.
package jsonread

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// An Error says what is wrong with the body of a request, and where.
type Error struct{ Where, What string }

func (e *Error) Error() string {
	if e.Where == "" {
		return e.What
	}
	return e.Where + ": " + e.What
}

// A Decoder reads one document. If a name occurs twice in an object, each occurrence is read.
type Decoder struct {
	tokens *jsontext.Decoder
	above  string // where the document is, if it is a part of another
	path   []step // to the value that is read
}

// A step leads to a member of an object or to an element of an array.
type step struct {
	name  string
	index int // -1 for a member
}

// New returns a decoder of a document, which must not change while it is read. The errors
// have above in front of their places.
func New(document []byte, above string) *Decoder {
	return &Decoder{
		// The other default, to refuse names that occur twice, keeps all names in memory.
		tokens: jsontext.NewDecoder(bytes.NewBuffer(document), jsontext.AllowDuplicateNames(true)),
		above:  above,
	}
}

// Where returns the place of the value that is read, such as "inputs[0].name".
func (d *Decoder) Where() string {
	where := []byte(d.above)
	for _, s := range d.path {
		switch {
		case s.index >= 0:
			where = append(strconv.AppendInt(append(where, '['), int64(s.index), 10), ']')
		case len(where) == 0:
			where = append(where, short(s.name)...)
		default:
			where = append(append(where, '.'), short(s.name)...)
		}
	}
	return string(where)
}

// short returns a name as an error shows it.
func short(name string) string {
	const most = 80
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// Errorf returns an [Error] at the value that is read.
func (d *Decoder) Errorf(format string, args ...any) error {
	return &Error{d.Where(), fmt.Sprintf(format, args...)}
}

// kinds are the names of the kinds of values.
var kinds = map[jsontext.Kind]string{
	'n': "null", 'f': "a boolean", 't': "a boolean", '"': "a string", '0': "a number", '{': "an object", '[': "a list",
}

// Kind returns the kind of the next value: n, t, f, ", 0, { or [. It is 0 if the document is
// not JSON here, which the next read reports.
func (d *Decoder) Kind() jsontext.Kind { return d.tokens.PeekKind() }

// next reads the next token, which must be of a kind.
func (d *Decoder) next(wanted jsontext.Kind) (jsontext.Token, error) {
	if got := d.tokens.PeekKind(); got != wanted && kinds[got] != "" {
		return jsontext.Token{}, d.Errorf("is %s, not %s", kinds[got], kinds[wanted])
	}
	token, err := d.tokens.ReadToken()
	return token, d.syntax(err)
}

// syntax turns an error of the JSON itself into an [Error].
func (d *Decoder) syntax(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{d.above, "the JSON ends too early"}
	}
	if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return &Error{d.above, fmt.Sprintf("not JSON at byte %d: %s", wrong.ByteOffset, strings.TrimPrefix(wrong.Err.Error(), "jsontext: "))}
	}
	return &Error{d.above, "not JSON"}
}

// Object reads an object. It calls member before each value, which member must read.
func (d *Decoder) Object(member func(name string) error) error {
	if _, err := d.next('{'); err != nil {
		return err
	}
	d.path = append(d.path, step{index: -1})
	for d.tokens.PeekKind() == '"' {
		name, err := d.tokens.ReadToken()
		if err != nil {
			return d.syntax(err)
		}
		key := name.String()
		d.path[len(d.path)-1].name = key
		if err := member(key); err != nil {
			return err
		}
	}
	d.path = d.path[:len(d.path)-1]
	_, err := d.tokens.ReadToken()
	return d.syntax(err)
}

// Array reads an array. It calls element before each value, which element must read.
func (d *Decoder) Array(element func(i int) error) error {
	if _, err := d.next('['); err != nil {
		return err
	}
	d.path = append(d.path, step{})
	for i := 0; ; i++ {
		if kind := d.tokens.PeekKind(); kind == ']' || kinds[kind] == "" {
			break
		}
		d.path[len(d.path)-1].index = i
		if err := element(i); err != nil {
			return err
		}
	}
	d.path = d.path[:len(d.path)-1]
	_, err := d.tokens.ReadToken()
	return d.syntax(err)
}

// String reads a string.
func (d *Decoder) String() (string, error) {
	token, err := d.next('"')
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

// Int reads a whole number.
func (d *Decoder) Int() (int, error) {
	if got := d.tokens.PeekKind(); got != '0' && kinds[got] != "" {
		return 0, d.Errorf("is %s, not a number", kinds[got])
	}
	value, err := d.tokens.ReadValue()
	if err != nil {
		return 0, d.syntax(err)
	}
	n, err := strconv.Atoi(string(value))
	if err != nil {
		return 0, d.Errorf("is %.40s, not a whole number", value)
	}
	return n, nil
}

// Bool reads true or false.
func (d *Decoder) Bool() (bool, error) {
	wanted := jsontext.Kind('t')
	if d.tokens.PeekKind() == 'f' {
		wanted = 'f'
	}
	token, err := d.next(wanted)
	if err != nil {
		return false, err
	}
	return token.Bool(), nil
}

// Raw reads any value. What it returns is valid until the next read.
func (d *Decoder) Raw() (jsontext.Value, error) {
	value, err := d.tokens.ReadValue()
	return value, d.syntax(err)
}

// Skip reads any value and drops it.
func (d *Decoder) Skip() error { return d.syntax(d.tokens.SkipValue()) }

// Offset returns how many bytes have been read.
func (d *Decoder) Offset() int { return int(d.tokens.InputOffset()) }

// End checks that nothing but white space follows.
func (d *Decoder) End() error {
	if _, err := d.tokens.ReadToken(); err == nil || !errors.Is(err, io.EOF) {
		return &Error{d.above, "more follows the end of the JSON"}
	}
	return nil
}
