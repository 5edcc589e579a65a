package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A listener is an HTTP server and the address it serves at.
type listener struct {
	addr   string
	http   http.Server
	served chan error // what Serve returned; nil before listen

	mu      sync.Mutex // guards backlog
	backlog *backlog

	newcomers   newcomers
	connections *connections // nil for the admin's, which are few
}

// listen takes the address, unless it has been taken already.
func (l *listener) listen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backlog != nil {
		return nil
	}
	// Multipath TCP, Go's default, takes no filter, which the end of the backlog needs.
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	listening, err := config.Listen(context.Background(), "tcp", l.addr)
	if err != nil {
		return err
	}
	l.backlog = &backlog{TCPListener: listening.(*net.TCPListener)} //nolint:forcetypeassert // what Listen returns for tcp
	l.served = make(chan error, 1)
	l.http.ConnState = l.newcomers.note
	if l.connections != nil {
		l.connections.Listener = l.backlog
	}
	return nil
}

// listensOn returns the address that was taken, and "" before that.
func (l *listener) listensOn() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backlog == nil {
		return ""
	}
	return l.backlog.Addr().String()
}

// close gives the address back, if it was taken.
func (l *listener) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backlog != nil {
		_ = l.backlog.Close() // it may be closed already
	}
}

// serve serves until stop is called.
func (l *listener) serve() {
	if l.connections != nil {
		l.served <- l.http.Serve(l.connections)
	} else {
		l.served <- l.http.Serve(l.backlog)
	}
}

// stop accepts what clients have already connected to, then nothing more, and waits for
// the requests in flight until ctx ends.
func (l *listener) stop(ctx context.Context) error {
	l.backlog.empty()
	if l.connections != nil {
		l.connections.unbind()
	}
	served := <-l.served
	if errors.Is(served, net.ErrClosed) {
		served = nil
	}
	l.newcomers.wait(ctx)
	if err := l.http.Shutdown(ctx); err != nil {
		return errors.Join(served, fmt.Errorf("requests still in flight: %w", err), l.http.Close())
	}
	return served
}

// A backlog is a listener that loses no connection when it closes. To a client, a
// connection is there before we accept it, and closing the socket would reset those that
// wait. So, to end, the backlog has the kernel begin no more of them, accepts those that
// have begun, and closes when nothing waits. A client that comes in between tries again
// after a second, as if its packet were lost, and is then refused.
type backlog struct {
	*net.TCPListener
	closing atomic.Pointer[time.Time] // when to close at the latest
}

// settling is how long a connection that has begun may take to be set up.
const settling = 100 * time.Millisecond

// maxEmptying is how long connections may go on to arrive faster than they are accepted,
// and then how long the last of them may take to send a request.
const maxEmptying = time.Second

// empty makes Accept return what waits, and then [net.ErrClosed].
func (b *backlog) empty() {
	latest := time.Now().Add(maxEmptying)
	b.closing.Store(&latest)
	dropNew(b.TCPListener)
	_ = b.SetDeadline(time.Now().Add(settling))
}

// Accept returns the next connection.
func (b *backlog) Accept() (net.Conn, error) {
	conn, err := b.TCPListener.Accept()
	if err == nil || b.closing.Load() == nil {
		return conn, err
	}
	if time.Now().Before(*b.closing.Load()) {
		if conn := acceptOrShut(b.TCPListener); conn != nil {
			return conn, nil
		}
	}
	return nil, errors.Join(net.ErrClosed, b.TCPListener.Close())
}

// Close is called by net/http again, once all is over.
func (b *backlog) Close() error {
	if err := b.TCPListener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// newcomers are the connections that have not sent a request yet. net/http drops those
// when it shuts down, even if the request arrives in the same moment.
type newcomers struct {
	count atomic.Int64 // of conns, so that others need no lock
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// note is the ConnState of a server.
func (n *newcomers) note(conn net.Conn, state http.ConnState) {
	if state != http.StateNew && n.count.Load() == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if state != http.StateNew {
		delete(n.conns, conn)
	} else {
		if n.conns == nil {
			n.conns = make(map[net.Conn]struct{})
		}
		n.conns[conn] = struct{}{}
	}
	n.count.Store(int64(len(n.conns)))
}

// wait returns when all have sent their requests, or have had the time to.
func (n *newcomers) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, maxEmptying)
	defer cancel()
	const pause = 2 * time.Millisecond
	for n.count.Load() > 0 && ctx.Err() == nil {
		time.Sleep(pause)
	}
	time.Sleep(pause) // from the note of the last request to its handler
}
