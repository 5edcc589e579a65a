//go:build unix

package server

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// acceptOrShut returns a connection that waits to be accepted. If none does, it shuts
// the socket in the same moment and returns nil.
func acceptOrShut(l *net.TCPListener) net.Conn {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil
	}
	accepted := -1
	err = raw.Control(func(fd uintptr) {
		for {
			accepted, _, err = syscall.Accept(int(fd))
			switch {
			case err == nil:
				return
			case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.ECONNABORTED): // the next may be well
			default:
				_ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) // only Linux knows it here; the caller closes
				return
			}
		}
	})
	if err != nil || accepted < 0 {
		return nil
	}
	file := os.NewFile(uintptr(accepted), "")
	defer func() { _ = file.Close() }() // FileConn has its own
	conn, err := net.FileConn(file)
	if err != nil {
		return nil
	}
	return conn
}
