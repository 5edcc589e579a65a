//go:build unix

package store_test

import (
	"syscall"
	"testing"
)

func fifo(t testing.TB, name string) {
	t.Helper()
	if err := syscall.Mkfifo(name, 0o644); err != nil {
		t.Fatal(err)
	}
}
