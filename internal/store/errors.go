package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// The kinds of errors, for [errors.Is]. The text of an error says more, and what to do.
var (
	ErrInvalid  = errors.New("invalid")   // a name, a version or a share that cannot be
	ErrNotFound = errors.New("not found") // no such model, version or alias
	ErrRefused  = errors.New("refused")   // what is in the store does not allow it
	ErrReadOnly = errors.New("read-only") // the store cannot be written to
)

// A kindError is of a kind, whose text it leaves out.
type kindError struct{ kind, err error }

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }

func errorf(kind error, format string, args ...any) error {
	return &kindError{kind, fmt.Errorf(format, args...)}
}

// writeError makes an error of writing [ErrReadOnly] if that is the reason.
func writeError(err error) error {
	if errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		return errorf(ErrReadOnly, "the store is read-only here, and nothing was changed; make the change where the store is kept: %w", err)
	}
	return err
}
