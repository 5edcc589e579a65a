//go:build unix

package server

import (
	"errors"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
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

// tcpUserTimeout is Linux's TCP_USER_TIMEOUT, which package syscall does not have.
const tcpUserTimeout = 0x12

// setUserTimeout has the kernel end a connection whose client takes nothing for so long,
// also when the answer has been written or the connection closed. Only Linux can.
func setUserTimeout(tcp *net.TCPConn, d time.Duration) {
	if runtime.GOOS != "linux" {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // it is closed
	}
	_ = raw.Control(func(fd uintptr) {
		// An error leaves what the kernel has by default.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(d.Milliseconds()))
	})
}
