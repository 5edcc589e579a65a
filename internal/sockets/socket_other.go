//go:build !linux

package sockets

import (
	"net"
	"time"
)

// dropNew does nothing: only Linux knows how.
func dropNew(*net.TCPListener) {}

// acceptOrShut returns nil: here nothing tells whether a connection waits.
func acceptOrShut(*net.TCPListener) net.Conn { return nil }

// setUserTimeout does nothing: only Linux knows how.
func setUserTimeout(*net.TCPConn, time.Duration) {}

// skips says that bytes can be taken from the kernel without a copy: only Linux does that.
const skips = false

// skipReceived is not called.
func skipReceived(tcp *net.TCPConn, n int) (int, error) { return tcp.Read(nowhere[:n]) }

// yieldToConnections reports that only Linux knows how.
func yieldToConnections() bool { return false }
