package exchange

import (
	"net/http"
	"strings"
)

// A Dialect is how a protocol writes its answers. It only writes: the status and the words
// of an error are the same in all dialects.
type Dialect interface {
	// AppendOpening appends what comes before the value of a success.
	AppendOpening(b []byte, e *Exchange, r *http.Request, status int) []byte
	// AppendClosing appends what comes after it.
	AppendClosing(b []byte) []byte
	// AppendRefusal appends the whole answer to an error.
	AppendRefusal(b []byte, e *Exchange, r *http.Request, refused Refusal) []byte
	// Compresses reports whether clients can read a compressed answer with value, which is
	// nil for an error, where they accept one.
	Compresses(value any) bool
}

// At says which dialect a path and all paths below it have, whether there is a
// route or not.
type At struct {
	Path string
	Dialect
}

// dialectOf returns the dialect of a path, which is that of the envelope where no other is.
func (all *Exchanges) dialectOf(path string) *At {
	for i := range all.Dialects {
		d := &all.Dialects[i]
		if rest, ok := strings.CutPrefix(path, d.Path); ok && (rest == "" || rest[0] == '/') {
			return d
		}
	}
	return everywhereElse
}

var everywhereElse = &At{Dialect: envelope{}}

// Bare is the part of a dialect whose success is the value alone.
type Bare struct{}

// AppendOpening appends nothing.
func (Bare) AppendOpening(b []byte, _ *Exchange, _ *http.Request, _ int) []byte { return b }

// AppendClosing appends nothing.
func (Bare) AppendClosing(b []byte) []byte { return b }

// Compresses reports that clients can read any compressed answer.
func (Bare) Compresses(any) bool { return true }
