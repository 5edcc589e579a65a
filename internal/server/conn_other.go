//go:build !linux

package server

import (
	"net"
	"time"
)

// setUserTimeout does nothing: only Linux knows how.
func setUserTimeout(*net.TCPConn, time.Duration) {}
