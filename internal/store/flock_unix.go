//go:build unix

package store

import (
	"os"
	"syscall"
)

// tryLock locks the file if nobody has locked it.
var tryLock = func(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
