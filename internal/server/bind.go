package server

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
	body := newPlan(reflect.TypeFor[T]())
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
	given := r.Header.Get("Content-Type")
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

// read reads the body of r. What the header alone shows to be too large, compressed
// or of another type is refused unread, so that a client that sends "Expect:
// 100-continue" does not send it. The bytes are taken from the allowance.
func (b *binder[T]) read(buffer io.ReaderFrom, r *http.Request, from *allowance) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return errEncoded
	}
	if r.ContentLength > b.maxBody {
		return &http.MaxBytesError{Limit: b.maxBody}
	}
	// The type of an empty body does not matter, and only reading it shows that a body
	// of unknown length is empty. Who waits to be told to go on has something to send.
	if r.ContentLength > 0 || r.ContentLength < 0 && r.Header.Get("Expect") != "" {
		if err := b.checkType(r); err != nil {
			return err
		}
	}
	body := http.MaxBytesReader(nil, r.Body, b.maxBody)
	_, err := buffer.ReadFrom(&heldReader{from: body, held: &exchangeOf(r.Context()).held, allowance: from})
	switch {
	case err == nil, as[*http.MaxBytesError](err), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errHeldBytes):
		return err
	default: // it broke off, or its chunks are malformed
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
}

// isJSON reports whether a body of this Content-Type is read as JSON.
func isJSON(contentType string) bool {
	if strings.TrimSpace(contentType) == "" {
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
