package registry

import (
	"errors"
	"fmt"
)

// ErrNotReady is the error of a registry that has no version to answer with, or one
// that does not pass its check.
var ErrNotReady = errors.New("the model is not ready")

// ErrBusy is the error of a request that would be one too many of those that wait for a
// load.
var ErrBusy = errors.New("too many requests wait for a version to be loaded")

// A NotFoundError says that nothing is served under a [Ref], and what is.
type NotFoundError struct{ text string }

func (e *NotFoundError) Error() string { return e.text }

// An UnavailableError says that a version cannot be served now. Its text is for clients,
// and the error that it wraps for the log.
type UnavailableError struct {
	text string
	err  error
}

func (e *UnavailableError) Error() string { return e.text }

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.err }

// unavailable returns the error of a version that cannot be loaded.
func unavailable(k key, err error) error {
	return &UnavailableError{fmt.Sprintf("%v cannot be served; GET /models/%s says why", k, k.model), err}
}

// A RefusedError says why a version is not served, or a change not made.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Err }

// An InvalidError says what is wrong with a name, a number or an upload.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *InvalidError) Unwrap() error { return e.Err }
