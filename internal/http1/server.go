// Package http1 answers ordinary requests of HTTP/1.1 and leaves all others to net/http.
//
// A request is ordinary if it is a GET or a POST in the plainest form that HTTP has: what
// common clients and proxies send. Whatever is longer, rarer or malformed is not looked at
// twice: its connection goes to net/http, with all that has been read of it, and stays there.
// So there is one place that knows the whole of HTTP, and it is not here.
//
// net/http starts a goroutine for each request to see whether the client goes away, and parses
// and writes headers as general as they can be. Without that a request of two texts takes a
// quarter less of the processor. TestAnswers, FuzzHead and FuzzServe compare the two.
//
// Handlers see few differences. The header of a request is theirs only until they return. The
// context of a request learns that the client has gone away if somebody waits for it, asks for
// its error often, or reads or writes. Answers have no trailers, and none comes before the last,
// such as 103. No connection can be hijacked.
package http1

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Server serves connections, over TLS if its listener returns those of [tls.NewListener]. The
// settings of HTTP count, but for SetKeepAlivesEnabled, and so do its hooks: BaseContext,
// ConnContext, and ConnState until the first request of a connection has come. To them a connection
// that goes to net/http ends as hijacked, and begins anew.
type Server struct {
	HTTP *http.Server // which serves what is not ordinary

	others   handover
	stopping atomic.Bool

	mu          sync.Mutex
	connections map[*connection]bool
}

// New returns a server whose handler and settings are those of h.
func New(h *http.Server) *Server {
	return &Server{
		HTTP:        h,
		others:      handover{conns: make(chan net.Conn), closed: make(chan struct{})},
		connections: make(map[*connection]bool),
	}
}

// Serve accepts connections and serves them until l returns an error, which it returns. Who
// stops a server closes l, waits for Serve, and then calls [Server.Shutdown].
func (s *Server) Serve(l net.Listener) error {
	ctx := context.Background()
	if s.HTTP.BaseContext != nil {
		ctx = s.HTTP.BaseContext(l)
	}
	ctx = context.WithValue(ctx, http.ServerContextKey, s.HTTP)
	s.others.addr = l.Addr()
	go func() { _ = s.HTTP.Serve(&s.others) }() // until Shutdown
	pause := time.Duration(0)
	for {
		accepted, err := l.Accept()
		if err != nil {
			if !passes(err) {
				return err
			}
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.logf("http: Accept error: %v; retrying in %v", err, pause)
			time.Sleep(pause)
			continue
		}
		pause = 0
		c := s.newConnection(ctx, accepted)
		go c.serve()
	}
}

// passes reports whether Accept can go on after an error, such as too many open files.
func passes(err error) bool {
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary()
}

// headTimeout is how long the head of a request may take.
func (s *Server) headTimeout() time.Duration {
	return cmp.Or(s.HTTP.ReadHeaderTimeout, s.HTTP.ReadTimeout)
}

func (s *Server) logf(format string, args ...any) {
	if s.HTTP.ErrorLog != nil {
		s.HTTP.ErrorLog.Printf(format, args...)
	} else {
		log.Printf(format, args...)
	}
}

// Shutdown closes the connections that wait for a request, and each other one after its
// answer, as that of net/http does. It returns when none is left, or the error of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	others := make(chan error, 1)
	go func() { others <- s.HTTP.Shutdown(ctx) }()
	err := s.shutdown(ctx)
	return cmp.Or(err, <-others)
}

func (s *Server) shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	for pause := time.Millisecond; s.closeIdle() > 0; pause = min(2*pause, 100*time.Millisecond) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

// closeIdle closes the connections that wait, and returns how many there are.
func (s *Server) closeIdle() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.connections {
		if c.state.CompareAndSwap(idle, closed) {
			go c.net.Close() // which waits, over TLS, until the client has room for the news
		}
	}
	return len(s.connections)
}

// Close closes all connections, whatever they do.
func (s *Server) Close() error {
	s.stopping.Store(true)
	s.mu.Lock()
	for c := range s.connections {
		go c.net.Close() // as closeIdle does
	}
	s.mu.Unlock()
	return s.HTTP.Close()
}

func (s *Server) add(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections[c] = true
}

func (s *Server) remove(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.connections, c)
}

// note tells the ConnState of net/http's server, if it has one.
func (s *Server) note(c net.Conn, state http.ConnState) {
	if s.HTTP.ConnState != nil {
		s.HTTP.ConnState(c, state)
	}
}

// handOver gives a connection to net/http, to which it is a new one.
func (s *Server) handOver(c net.Conn) {
	select {
	case s.others.conns <- c:
	case <-s.others.closed:
		s.note(c, http.StateClosed)
		_ = c.Close()
	}
}

// A handover is the listener of the connections that net/http is to serve.
type handover struct {
	conns  chan net.Conn
	addr   net.Addr
	once   sync.Once
	closed chan struct{}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handover) Addr() net.Addr { return h.addr }

// A resumed connection is one of which something has been read.
type resumed struct {
	net.Conn
	read []byte
}

// resume returns a connection from which read is read again.
func resume(c net.Conn, read []byte) net.Conn {
	if secure, ok := c.(*tls.Conn); ok {
		return &resumedTLS{resumed{c, read}, secure}
	}
	return &resumed{c, read}
}

func (r *resumed) Read(p []byte) (int, error) {
	if len(r.read) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.read)
	if r.read = r.read[n:]; len(r.read) == 0 {
		r.read = nil // and its memory is free
	}
	return n, nil
}

// CloseWrite lets net/http tell the client that nothing more comes.
func (r *resumed) CloseWrite() error { return closeWrite(r.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// A resumedTLS is a resumed connection over TLS. net/http asks it for what r.TLS is to be.
type resumedTLS struct {
	resumed
	secure *tls.Conn
}

func (r *resumedTLS) ConnectionState() tls.ConnectionState { return r.secure.ConnectionState() }
