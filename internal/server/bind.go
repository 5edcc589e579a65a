package server

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

// An invalidError says all that is wrong with a query and a body, in order of
// position.
type invalidError struct {
	items  []Item
	syntax bool // of the body: it is no JSON, which is the one item
}

func (e *invalidError) Error() string { return fmt.Sprintf("%d errors in the request", len(e.items)) }

// limits are what a body may be at most.
type limits struct {
	maxBody  int64 // bytes
	maxItems int   // in a list
	maxText  int   // characters of a text; 0 is as many as a body has room for
}

// A binder reads the body of a request into a T, a struct.
type binder[T any] struct {
	limits
	plan     plan
	validate *validator.Validate
}

func newBinder[T any](limits limits) *binder[T] {
	validate := validator.New(validator.WithRequiredStructEnabled())
	// So that errors name fields as the client does.
	validate.RegisterTagNameFunc(func(field reflect.StructField) string {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		return name
	})
	// The limit is a setting and the rule is in the tag of its field.
	maxText := "omitempty" // which holds for all, and counts no characters
	if limits.maxText > 0 {
		maxText = "max=" + strconv.Itoa(limits.maxText)
	}
	validate.RegisterAlias("max_text", maxText)
	body := newPlan(reflect.TypeFor[T](), maxText)
	body.none = fieldRequired // a body of null is no body
	return &binder[T]{limits, body, validate}
}

// parse returns what the body of r, which is read, holds. The error is one that
// problemOf knows.
func (b *binder[T]) parse(r *http.Request, body []byte) (*T, error) {
	if len(body) == 0 {
		return nil, invalid(fieldRequired)
	}
	if err := b.checkType(r); err != nil {
		return nil, err
	}
	doc, err := decodeText(body)
	if err != nil {
		return nil, err
	}
	return b.decode(doc)
}

// checkType refuses a body that is not to be read as JSON.
func (b *binder[T]) checkType(r *http.Request) error {
	given := first(r.Header, "Content-Type")
	if isJSON(given) {
		return nil
	}
	item := b.plan.wrong
	item.Ctx = contentTypeCtx{Given: given, Wanted: "application/json"}
	return invalid(item)
}

// invalid returns the error of a body that is wrong as a whole.
func invalid(item Item) error {
	item.Loc = []any{"body"}
	return &invalidError{items: []Item{item}}
}

// read appends the body of r to buf. What the header alone shows to be too large,
// compressed or of another type is refused unread, so that a client that sends "Expect:
// 100-continue" does not send it. As the body arrives, hold is told how much of it is
// here, and may refuse the rest.
func (b *binder[T]) read(buf []byte, r *http.Request, hold func(bytes int) error) ([]byte, error) {
	if encoding := first(r.Header, "Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return buf, errEncoded
	}
	if r.ContentLength > b.maxBody {
		return buf, &http.MaxBytesError{Limit: b.maxBody}
	}
	// The type of an empty body does not matter, and only reading it shows that a body
	// of unknown length is empty. Who waits to be told to go on has something to send.
	if r.ContentLength > 0 || r.ContentLength < 0 && r.Header.Get("Expect") != "" {
		if err := b.checkType(r); err != nil {
			return buf, err
		}
	}
	for {
		buf = slices.Grow(buf, 512) // doubles what is full
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > b.maxBody {
			return buf, &http.MaxBytesError{Limit: b.maxBody}
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
			return buf, fmt.Errorf("%w: %w", errUnreadable, err)
		}
	}
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

// decode reads a document and applies the rules of T to it.
func (b *binder[T]) decode(doc string) (*T, error) {
	if strings.Trim(doc, " \t\r\n") == `""` {
		doc = "{}" // to Python an object can be made of an empty string
	}
	value := new(T)
	d := decoder{doc: doc, maxItems: b.maxItems}
	if err := d.decode(&b.plan, reflect.ValueOf(value).Elem()); err != nil {
		if syntax, ok := errors.AsType[*syntaxError](err); ok {
			return nil, &invalidError{items: []Item{syntax.item(doc)}, syntax: true}
		}
		return nil, err
	}
	faults := d.faults
	if !d.broken && len(faults) == 0 && !b.plan.others { // then all rules hold
		return value, nil
	}
	if err := b.validate.Struct(value); err != nil {
		broken, ok := errors.AsType[validator.ValidationErrors](err)
		if !ok {
			return nil, err
		}
		for _, rule := range broken {
			faults = append(faults, b.plan.fault(rule))
		}
	}
	if len(faults) > 0 {
		return nil, &invalidError{items: items(doc, faults)}
	}
	return value, nil
}
