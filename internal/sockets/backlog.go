package sockets

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A backlog is a listener that loses no connection when it closes. To a client, a
// connection is there before we accept it, and closing the socket would reset those that
// wait. So, to end, the backlog has the kernel begin no more of them, accepts those that
// have begun, and closes when nothing waits. A client that comes in between tries again
// after a second, as if its packet were lost, and is then refused.
//
// A socket that is inherited stays open without us: what waits is for the next process.
type backlog struct {
	*net.TCPListener
	inherited bool
	closing   atomic.Pointer[time.Time] // when to close at the latest
}

// settling is how long a connection that has begun may take to be set up.
const settling = 100 * time.Millisecond

// maxEmptying is how long connections may go on to arrive faster than they are accepted,
// and then how long the last of them may take to send a request; over TLS, maxSecuring.
const (
	maxEmptying = time.Second
	maxSecuring = 3 * time.Second
)

// empty makes Accept return what waits, and then [net.ErrClosed].
func (b *backlog) empty() {
	latest := time.Now().Add(maxEmptying)
	b.closing.Store(&latest)
	if b.inherited {
		_ = b.SetDeadline(time.Now())
		return
	}
	dropNew(b.TCPListener)
	_ = b.SetDeadline(time.Now().Add(settling))
}

// Accept returns the next connection.
func (b *backlog) Accept() (net.Conn, error) {
	conn, err := b.TCPListener.Accept()
	if err == nil || b.closing.Load() == nil {
		return conn, err
	}
	if !b.inherited && time.Now().Before(*b.closing.Load()) {
		if conn := acceptOrShut(b.TCPListener); conn != nil {
			return conn, nil
		}
	}
	return nil, errors.Join(net.ErrClosed, b.TCPListener.Close())
}

// newcomers are the connections that have not sent a request yet. A server drops those
// when it shuts down, even if the request arrives in the same moment.
type newcomers struct {
	count atomic.Int64 // of conns, so that others need no lock
	mu    sync.Mutex
	conns map[net.Conn]bool // true if it has begun to speak HTTP/2
}

// note is the ConnState of a server.
func (n *newcomers) note(conn net.Conn, state http.ConnState) {
	if state != http.StateNew && n.count.Load() == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	begun, known := n.conns[conn]
	switch {
	case state == http.StateNew:
		if n.conns == nil {
			n.conns = make(map[net.Conn]bool)
		}
		n.conns[conn] = false
	// A connection of HTTP/2 is active for an instant before its first request.
	case known && state == http.StateActive && !begun && speaksHTTP2(conn):
		n.conns[conn] = true
	case known && state == http.StateIdle && begun:
	default:
		delete(n.conns, conn)
	}
	n.count.Store(int64(len(n.conns)))
}

func speaksHTTP2(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}

// wait returns when all have sent their requests, or have had the time to.
func (n *newcomers) wait(ctx context.Context, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	const pause = 2 * time.Millisecond
	for n.count.Load() > 0 && ctx.Err() == nil {
		time.Sleep(pause)
	}
	time.Sleep(pause) // from the note of the last request to its handler
}
