//go:build unix

package batch

import (
	"os"
	"syscall"
)

// lockFile keeps other runs away from a file until it is closed.
func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
