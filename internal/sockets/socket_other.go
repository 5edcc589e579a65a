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

// yieldToConnections reports that only Linux knows how.
func yieldToConnections() bool { return false }
