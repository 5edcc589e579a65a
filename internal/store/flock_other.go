//go:build !unix

package store

import (
	"errors"
	"os"
)

var tryLock = func(*os.File) error { return errors.ErrUnsupported }
