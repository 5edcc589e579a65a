package server

import (
	"net"
	"net/http"
	"sync"
)

// A listener is an HTTP server and the address it serves at.
type listener struct {
	addr string
	http http.Server

	mu       sync.Mutex // guards listener
	listener net.Listener
}

// listen takes the address, unless it has been taken already.
func (l *listener) listen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", l.addr)
	if err != nil {
		return err
	}
	l.listener = listener
	return nil
}

// listensOn returns the address that was taken, and "" before that.
func (l *listener) listensOn() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener == nil {
		return ""
	}
	return l.listener.Addr().String()
}

// close gives the address back, if it was taken.
func (l *listener) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close() // it may be closed already
	}
}
