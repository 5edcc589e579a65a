// Package jsonbody reads the body of a request as FastAPI reads it: the text encodings
// of Python's json module, the same positions of errors of syntax, and items that say
// what is wrong with a value in the words of pydantic 1.
package jsonbody

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
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
	Syntax bool // The body is not JSON, which is the one item.
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

// New returns a Reader. It panics if T has a field that no payload can have.
//
// The fields of a struct carry tags: json for the key, and with omitempty also that the
// field may be absent; validate for the rules, of which max_text stands for
// [Limits.Text]; message for what to say when a rule fails, if it is not the rule's own
// message; fastapi:"optional" that FastAPI takes the
// field absent or null.
func New[T any](limits Limits) *Reader[T] {
	validate := validator.New(validator.WithRequiredStructEnabled())
	// So that errors name fields as the client does.
	validate.RegisterTagNameFunc(func(field reflect.StructField) string {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		return name
	})
	// The limit is a setting and the rule is in the tag of its field.
	maxText := "omitempty" // which holds for all, and counts no characters
	if limits.Text > 0 {
		maxText = "max=" + strconv.Itoa(limits.Text)
	}
	validate.RegisterAlias("max_text", maxText)
	body := newPlan(reflect.TypeFor[T](), maxText)
	body.none = fieldRequired // a body of null is no body
	return &Reader[T]{limits, body, validate}
}

// Read appends the body of a request to buf. What the header alone shows to be too large,
// compressed or of another type is refused unread, so that a client that sends "Expect:
// 100-continue" does not send it. As the body arrives, hold is told how much of it is
// here, and may refuse the rest. The error is [ErrEncoded], an [http.MaxBytesError], an
// [InvalidError], [os.ErrDeadlineExceeded] or hold's, or it wraps [ErrUnreadable].
func (r *Reader[T]) Read(buf []byte, request *http.Request, hold func(bytes int) error) ([]byte, error) {
	if encoding := request.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return buf, ErrEncoded
	}
	if request.ContentLength > r.limits.Body {
		return buf, &http.MaxBytesError{Limit: r.limits.Body}
	}
	// The type of an empty body does not matter, and only reading it shows that a body
	// of unknown length is empty. Who waits to be told to go on has something to send.
	if request.ContentLength > 0 || request.ContentLength < 0 && request.Header.Get("Expect") != "" {
		if err := r.checkType(request.Header.Get("Content-Type")); err != nil {
			return buf, err
		}
	}
	for {
		buf = slices.Grow(buf, 512) // doubles what is full
		n, err := request.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > r.limits.Body {
			return buf, &http.MaxBytesError{Limit: r.limits.Body}
		}
		if err := hold(len(buf)); err != nil {
			return buf, err
		}
		switch {
		case err == nil:
		case err == io.EOF:
			return buf, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return buf, err
		default: // it broke off, or its chunks are malformed
			return buf, fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
	}
}

// Parse returns what a body of this Content-Type holds. The error is an [InvalidError] or
// wraps [ErrUnreadable].
func (r *Reader[T]) Parse(contentType string, body []byte) (*T, error) {
	if len(body) == 0 {
		return nil, invalid(fieldRequired)
	}
	if err := r.checkType(contentType); err != nil {
		return nil, err
	}
	doc, err := decodeText(body)
	if err != nil {
		return nil, err
	}
	return r.decode(doc)
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

// checkType refuses a body that is not to be read as JSON.
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
func (r *Reader[T]) decode(doc string) (*T, error) {
	if strings.Trim(doc, " \t\r\n") == `""` {
		doc = "{}" // to Python an object can be made of an empty string
	}
	value := new(T)
	d := decoder{doc: doc, maxItems: r.limits.Items}
	if err := d.decode(&r.plan, reflect.ValueOf(value).Elem()); err != nil {
		if syntax, ok := errors.AsType[*syntaxError](err); ok {
			return nil, &InvalidError{Items: []Item{syntax.item(doc)}, Syntax: true}
		}
		return nil, err
	}
	faults := d.faults
	if d.broken || r.plan.others {
		if err := r.validate.Struct(value); err != nil {
			broken, ok := errors.AsType[validator.ValidationErrors](err)
			if !ok {
				return nil, err
			}
			for _, rule := range broken {
				faults = append(faults, r.plan.fault(rule))
			}
		}
	}
	switch {
	case len(faults) > 0:
		return nil, &InvalidError{Items: items(faults)}
	case d.unpaired > 0: // such a document is no text
		unpaired := &syntaxError{"the string that starts here has half of a surrogate pair", d.unpaired}
		return nil, &InvalidError{Items: []Item{unpaired.item(doc)}}
	}
	return value, nil
}
