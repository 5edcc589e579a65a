// Package sockets serves HTTP on a TCP address, by net/http and package http1. What those leave to
// whoever uses them is here: no more than a number of connections are open at once, a client that
// sends or reads too slowly is cut off, the kernel's memory for each connection is bounded, and
// when the service stops, no client that has connected is turned away.
package sockets

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"tagifai/internal/config"
	"tagifai/internal/http1"
)

// A Listener is an HTTP server and the address it serves at. Make it with [New] or
// [NewLimited].
type Listener struct {
	HTTP http.Server // to be set up before Listen; it serves TLS if it has settings for it

	addr      string
	inherited *net.TCPListener // in place of the address; nil if there is none
	secure    bool             // Serve serves TLS; net/http makes settings for it in any case
	served    chan error       // what Serve of the server returned; nil before Listen

	mu      sync.Mutex // guards backlog
	backlog *backlog

	newcomers   newcomers
	connections *connections            // nil if they have no limits
	server      *http1.Server           // nil before Listen
	cut         context.CancelCauseFunc // ends the contexts of all requests; nil before Listen
}

// ErrStopped is the cause of the end of a request's context if Stop waits for it no longer.
var ErrStopped = errors.New("the listener stops and waits no longer")

// lastAnswers is how long requests that Stop waits for no longer have to say so.
const lastAnswers = 100 * time.Millisecond

// New returns a listener for an address, such as 127.0.0.1:8000, that does not listen yet.
// Its connections have no limits: it is for the few that an operator makes.
func New(addr string) *Listener { return &Listener{addr: addr} }

// NewLimited returns one whose connections have limits. It calls cutOff for each that
// it closes because the client takes too little of an answer.
func NewLimited(addr string, limits config.Limits, cutOff func()) *Listener {
	return &Listener{addr: addr, connections: newConnections(limits, cutOff)}
}

// Inherit makes the listener use a socket that is open already, and stays open without it.
// It is for a listener that does not listen yet.
func (l *Listener) Inherit(socket *net.TCPListener) { l.inherited = socket }

// Listen takes the address, unless it has been taken already.
func (l *Listener) Listen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backlog != nil {
		return nil
	}
	socket := l.inherited
	if socket == nil {
		// Multipath TCP, Go's default, takes no filter, which the end of the backlog needs.
		var config net.ListenConfig
		config.SetMultipathTCP(false)
		listening, err := config.Listen(context.Background(), "tcp", l.addr)
		if err != nil {
			return err
		}
		socket = listening.(*net.TCPListener) //nolint:forcetypeassert // what Listen returns for tcp
	}
	l.backlog = &backlog{TCPListener: socket, inherited: l.inherited != nil}
	l.served = make(chan error, 1)
	l.HTTP.ConnState = l.newcomers.note
	base, cut := context.WithCancelCause(context.Background())
	l.HTTP.BaseContext = func(net.Listener) context.Context { return base }
	l.cut = cut
	if l.secure = l.HTTP.TLSConfig != nil; l.secure {
		l.HTTP.TLSConfig.NextProtos = []string{"h2", "http/1.1"} // or net/http would not serve HTTP/2
	}
	if l.connections != nil {
		l.connections.Listener = l.backlog
	}
	l.server = http1.New(&l.HTTP)
	return nil
}

// Addr returns the address that was taken, and "" before that.
func (l *Listener) Addr() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backlog == nil {
		return ""
	}
	return l.backlog.Addr().String()
}

// Scarce reports whether so many connections are open that they are not to stay open
// between requests.
func (l *Listener) Scarce() bool { return l.connections != nil && l.connections.scarce() }

// Close gives the address back, if it was taken. It is for a listener that does not serve.
func (l *Listener) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backlog != nil {
		_ = l.backlog.Close() // it may be closed already
	}
}

// Serve serves until Stop is called.
func (l *Listener) Serve() {
	var listening net.Listener = l.backlog
	if l.connections != nil {
		listening = l.connections
	}
	if l.secure {
		listening = tls.NewListener(listening, l.HTTP.TLSConfig.Clone()) // as net/http changes the settings
	}
	l.served <- l.server.Serve(listening)
}

// Failed receives the error if Serve ends by itself.
func (l *Listener) Failed() <-chan error { return l.served }

// Stop accepts what clients have already connected to, then nothing more, and waits for
// the requests in flight until ctx ends. Then it ends their contexts, with the cause
// [ErrStopped], and soon after their connections. What waits at an inherited socket it leaves
// there.
func (l *Listener) Stop(ctx context.Context) error {
	l.backlog.empty()
	if l.connections != nil {
		l.connections.unbind()
	}
	served := <-l.served
	if errors.Is(served, net.ErrClosed) {
		served = nil
	}
	most := maxEmptying
	if l.secure {
		most = maxSecuring
	}
	l.newcomers.wait(ctx, most)
	if err := l.server.Shutdown(ctx); err != nil {
		l.cut(ErrStopped)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswers)
		defer cancel()
		_ = l.server.Shutdown(last) // what it could tell, the first has told
		return errors.Join(served, fmt.Errorf("requests still in flight: %w", err), l.server.Close())
	}
	return served
}
