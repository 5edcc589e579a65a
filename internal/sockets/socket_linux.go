package sockets

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dropNew has the kernel drop what would begin a connection, as if it were lost on the
// way. Connections that clients have begun before are still set up.
func dropNew(l *net.TCPListener) {
	raw, err := l.SyscallConn()
	if err != nil {
		return // it is closed
	}
	const (
		flags    = 13 // offset in the TCP header
		syn, ack = 0x02, 0x10
	)
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},      // drop it
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff}, // keep it
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program) // without it, a few connections may be reset
	})
}

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
				_ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) // the caller closes
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
// also when the answer has been written or the connection closed.
func setUserTimeout(tcp *net.TCPConn, d time.Duration) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // it is closed
	}
	_ = raw.Control(func(fd uintptr) {
		// An error leaves what the kernel has by default.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(d.Milliseconds()))
	})
}

// Skip reads up to n bytes, at least one, that nobody wants, and is otherwise like Read. The
// kernel drops them without a copy: a body of 75 kB is refused in a quarter less time, the
// client's included (BenchmarkRefused).
func (c *conn) Skip(n int) (skipped int, err error) {
	tcp, ok := c.Conn.(*net.TCPConn)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	waited := raw.Read(func(fd uintptr) bool {
		for err = unix.EINTR; errors.Is(err, unix.EINTR); {
			skipped, _, err = unix.Recvfrom(int(fd), nowhere[:min(n, len(nowhere))], unix.MSG_TRUNC)
		}
		return !errors.Is(err, unix.EAGAIN)
	})
	switch {
	case waited != nil:
		return 0, waited
	case err != nil:
		return 0, os.NewSyscallError("recvfrom", err)
	case skipped == 0:
		return 0, io.EOF
	}
	return skipped, nil
}

// nowhere is what is read to with MSG_TRUNC, with which nothing is written (tcp(7)). So all may
// read to it at once, and it takes no memory.
var nowhere [256 << 10]byte
