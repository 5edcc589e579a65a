// Package jsonbody reads the JSON body of a request as FastAPI with pydantic 1 does: it
// takes the same text encodings, finds errors of syntax at the same positions, and says
// what is wrong with a value in the same words.
package jsonbody

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
)

var (
	// ErrUnreadable is the error of a body that is not text, or that stopped before its end.
	ErrUnreadable = errors.New("the body is not text or stopped before its end")
	// ErrEncoded is the error of a body with a Content-Encoding.
	ErrEncoded = errors.New("the body has a content encoding")
)

// An InvalidError says all that is wrong with a body, in order of position.
type InvalidError struct {
	Items  []Item
	Syntax bool // The body is not JSON. There is one item, which says where.
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%d errors in the request", len(e.Items)) }

// Limits are what a body may be at most.
type Limits struct {
	Body  int64 // bytes
	Items int   // in a list
	Text  int   // characters of a text with the rule max_text; 0 is no limit
}

// A Reader reads the body of a request into a T, a struct. It may be used by many
// goroutines at once. Make it with [New].
type Reader[T any] struct {
	limits   Limits
	plan     plan
	validate *validator.Validate
}

// New returns a Reader. It panics if T cannot be a payload.
//
// Every field of a struct has tags:
//   - json is its key. With omitempty the field may be absent or null.
//   - validate has its rules. The rule max_text stands for [Limits.Text].
//   - message is what to say when a rule is broken, in place of the rule's own words.
//   - fastapi is "optional" if FastAPI lets the field be absent or null and the
//     application then fails. That is reported only if nothing else is wrong.
func New[T any](limits Limits) *Reader[T] {
	validate := validator.New(validator.WithRequiredStructEnabled())
	// Errors name a field by its JSON key.
	validate.RegisterTagNameFunc(func(field reflect.StructField) string {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		return name
	})
	maxText := "omitempty" // without a limit: a rule that everything keeps
	if limits.Text > 0 {
		maxText = "max=" + strconv.Itoa(limits.Text)
	}
	validate.RegisterAlias("max_text", maxText)
	body := newPlan(reflect.TypeFor[T](), maxText)
	body.none = fieldRequired // a body of null is no body
	if body.deepest() > maxPath {
		panic(fmt.Sprintf("jsonbody: %T is nested too deeply", *new(T)))
	}
	return &Reader[T]{limits, body, validate}
}

// Read appends the body of a request to buf, as [Raw.Read] does. It does not read a body whose
// header shows that it is not JSON, so that a client that waits for "100 Continue" does not
// send it. The error may also be an [InvalidError].
func (r *Reader[T]) Read(buf []byte, request *http.Request, grow func(full []byte) ([]byte, error)) ([]byte, error) {
	if err := checkHeader(request, r.limits.Body); err != nil {
		return buf, err
	}
	// The type of an empty body does not matter. Whether a body of unknown length is empty
	// shows when it is read; a client that expects "100 Continue" has something to send.
	if request.ContentLength > 0 || request.ContentLength < 0 && first(request.Header, "Expect") != "" {
		if err := r.checkType(first(request.Header, "Content-Type")); err != nil {
			return buf, err
		}
	}
	return read(buf, request, r.limits.Body, grow)
}

// A Raw reads bodies of any type that have at most so many bytes.
type Raw int64

// Read appends the body of a request to buf. It does not read a body whose header shows that
// it is too large or compressed, so that a client that waits for "100 Continue" does not send
// it. When buf is full, Read calls grow, which returns the same bytes with more room behind
// them; an error of grow ends the reading.
//
// The error is [ErrEncoded], [http.MaxBytesError], [os.ErrDeadlineExceeded] or an error of
// grow, or it wraps [ErrUnreadable].
func (limit Raw) Read(buf []byte, request *http.Request, grow func(full []byte) ([]byte, error)) ([]byte, error) {
	if err := checkHeader(request, int64(limit)); err != nil {
		return buf, err
	}
	return read(buf, request, int64(limit), grow)
}

// checkHeader returns an error if the header of a request shows that its body is not to be
// read.
func checkHeader(request *http.Request, limit int64) error {
	if encoding := first(request.Header, "Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return ErrEncoded
	}
	if request.ContentLength > limit {
		return &http.MaxBytesError{Limit: limit}
	}
	return nil
}

func read(buf []byte, request *http.Request, limit int64, grow func(full []byte) ([]byte, error)) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			larger, err := grow(buf)
			if err != nil {
				return buf, err
			}
			buf = larger
		}
		n, err := request.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limit {
			return buf, &http.MaxBytesError{Limit: limit}
		}
		switch {
		case err == nil:
		case err == io.EOF:
			_ = request.Body.Close() // or net/http looks for more of it before it answers
			return buf, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return buf, err
		default: // the connection broke, or a chunk is malformed
			return buf, fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
	}
}

// Parse decodes a body of the given Content-Type and checks the rules of T. The error is an
// [InvalidError] or wraps [ErrUnreadable].
func (r *Reader[T]) Parse(contentType string, body []byte) (*T, error) {
	value := new(T)
	if err := r.ParseInto(value, contentType, body); err != nil {
		return nil, err
	}
	return value, nil
}

// ParseInto is [Reader.Parse] into a value that is zero, but for slices without items that
// may have room for some. After an error it is not to be used.
func (r *Reader[T]) ParseInto(value *T, contentType string, body []byte) error {
	if len(body) == 0 {
		return invalid(fieldRequired)
	}
	if err := r.checkType(contentType); err != nil {
		return err
	}
	doc, err := decodeText(body)
	if err != nil {
		return err
	}
	return r.decode(doc, value)
}

// first returns the first value of a header, or "". The name has its canonical form, in
// which Get would put it each time.
func first(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// isJSON reports whether a body of this Content-Type is read as JSON.
func isJSON(contentType string) bool {
	if contentType == "application/json" || strings.TrimSpace(contentType) == "" {
		return true
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	main, sub, _ := strings.Cut(strings.ToLower(strings.TrimSpace(mediaType)), "/")
	return main == "application" && (sub == "json" || strings.HasSuffix(sub, "+json")) && !strings.Contains(sub, "/")
}

// checkType returns an error if a body of this Content-Type is not read as JSON.
func (r *Reader[T]) checkType(contentType string) error {
	if isJSON(contentType) {
		return nil
	}
	item := r.plan.wrong
	item.Ctx = contentTypeCtx{Given: contentType, Wanted: "application/json"}
	return invalid(item)
}

// invalid returns the error of a body that is wrong as a whole.
func invalid(item Item) error {
	item.Loc = []any{"body"}
	return &InvalidError{Items: []Item{item}}
}

// decode reads a document and applies the rules of T to it.
func (r *Reader[T]) decode(doc string, value *T) error {
	var d decoder
	d.doc, d.maxItems = doc, r.limits.Items
	if err := d.decode(&r.plan, reflect.ValueOf(value).Elem()); err != nil {
		return d.unreadable(err)
	}
	if len(d.faults) > 0 || d.unpaired > 0 || d.broken || r.plan.others {
		return r.judge(&d, value)
	}
	return nil
}

// unreadable returns what an error of [decoder.decode] is to the caller.
func (d *decoder) unreadable(err error) error {
	if syntax, ok := errors.AsType[*syntaxError](err); ok {
		return &InvalidError{Items: []Item{syntax.item(d.doc)}, Syntax: true}
	}
	return err
}

// judge applies the rules of T to a value, and returns all that is wrong with it.
func (r *Reader[T]) judge(d *decoder, value *T) error {
	faults := d.faults
	if d.broken || r.plan.others {
		if err := r.validate.Struct(value); err != nil {
			broken, ok := errors.AsType[validator.ValidationErrors](err)
			if !ok {
				return err
			}
			for _, rule := range broken {
				faults = append(faults, r.plan.fault(rule))
			}
		}
	}
	switch {
	case len(faults) > 0:
		return &InvalidError{Items: items(faults)}
	case d.unpaired > 0:
		unpaired := &syntaxError{"the string that starts here has half of a surrogate pair", d.unpaired}
		return &InvalidError{Items: []Item{unpaired.item(d.doc)}}
	}
	return nil
}
