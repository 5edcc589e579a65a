package http1

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// States of a connection.
const (
	idle   int32 = iota // it waits for a request
	active              // a request has begun to come
	closed              // by Shutdown
)

// A connection is one that has had ordinary requests only.
type connection struct {
	server   *Server
	net      net.Conn
	context  context.Context
	template *http.Request // of all requests
	state    atomic.Int32

	read   [maxHead]byte // what has come and is not used yet: n bytes
	n      int
	begun  time.Time    // when the request began to come
	until  atomic.Int64 // the deadline for reading, in nanoseconds since 1970; 0 is none
	served bool         // it has had a request
	head   head
	answer answer
	kept   any // what Keep has made; nil before

	watched chan struct{} // closed when nobody watches the client any more; nil if nobody has
}

func (s *Server) newConnection(ctx context.Context, accepted net.Conn) *connection {
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, accepted.LocalAddr())
	if s.HTTP.ConnContext != nil {
		ctx = s.HTTP.ConnContext(ctx, accepted)
	}
	c := &connection{server: s, net: accepted}
	c.context = context.WithValue(ctx, connectionKey{}, c)
	c.head.header = make(http.Header)
	c.answer = answer{c: c, header: make(http.Header)}
	c.template = &http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: c.head.header}
	if addr := accepted.RemoteAddr(); addr != nil { // which it has not if the client was gone before
		c.template.RemoteAddr = addr.String()
	}
	s.note(accepted, http.StateNew)
	s.add(c)
	return c
}

// serve answers requests until the connection ends or goes to net/http.
func (c *connection) serve() {
	end := (*connection).close
	defer func() {
		if cause := recover(); cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
			c.server.logf("http: panic serving %v: %v\n%s", c.template.RemoteAddr, cause, debug.Stack())
		}
		end(c)
	}()
	if !c.handshake() {
		end = (*connection).handOverWhole
		return
	}
	for {
		size, p := c.receive()
		switch {
		case p == incomplete: // the client is gone, or too slow
			return
		case p == foreign || !c.head.parse(string(c.read[:size])):
			end = (*connection).handOver
			return
		case !c.served:
			c.server.note(c.net, http.StateActive)
			c.served = true
		}
		if !c.handle(size) {
			return
		}
		c.state.Store(idle)
	}
}

// close is the end of a connection.
func (c *connection) close() {
	c.server.note(c.net, http.StateClosed)
	_ = c.net.Close()
	c.server.remove(c)
}

// handshake agrees with the client on TLS, if the connection is one of TLS. It reports whether
// HTTP/1.1 is spoken over it.
func (c *connection) handshake() bool {
	secure, ok := c.net.(*tls.Conn)
	if !ok {
		return true
	}
	_ = secure.SetDeadline(after(time.Now(), c.server.headTimeout()))
	if secure.HandshakeContext(c.context) != nil {
		return false
	}
	state := secure.ConnectionState()
	c.template.TLS = &state
	return state.NegotiatedProtocol != "h2"
}

// handOverWhole is the end here of a connection of which nothing has been read. If the handshake
// has failed, net/http gets the error again, logs it, and tells a client that does not speak TLS.
func (c *connection) handOverWhole() {
	c.server.handOver(c.net)
	c.server.remove(c)
}

// handOver is the end here of any other.
func (c *connection) handOver() {
	_ = c.net.SetDeadline(time.Time{}) // net/http sets its own
	read := c.read[:c.n]
	if c.head.method == http.MethodPost { // behind a body, net/http lets old clients have an empty line
		first := min(4, c.n)
		read = read[first-len(bytes.TrimLeft(read[:first], "\r\n")):]
	}
	resumed := resume(c.net, bytes.Clone(read))
	c.server.note(resumed, http.StateNew)
	c.server.note(c.net, http.StateHijacked)
	c.server.handOver(resumed)
	c.server.remove(c)
}

// receive waits for a request, and reads until its head is complete, or it is certain that it is
// not ordinary. The request is incomplete if no more of it comes.
func (c *connection) receive() (size int, p progress) {
	c.begun = time.Time{}
	_ = c.net.SetWriteDeadline(time.Time{}) // that of the last answer is not for what TLS writes by itself
	if c.n > 0 {
		if size, p = c.begin(); p != incomplete {
			return size, p
		}
	} else {
		c.await()
	}
	for {
		n, err := c.net.Read(c.read[c.n:])
		c.n += n
		if n > 0 {
			if size, p = c.begin(); p != incomplete {
				return size, p
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && c.n > 0:
			return 0, foreign // net/http answers half a request
		default:
			return 0, incomplete
		}
	}
}

// await sets the deadline for the first head, or for the beginning of the next request. That may
// come up to an eighth later, so that few requests set a deadline.
func (c *connection) await() {
	now := time.Now()
	if !c.served {
		_ = c.readUntil(after(now, c.server.headTimeout()))
		return
	}
	wait := cmp.Or(c.server.HTTP.IdleTimeout, c.server.HTTP.ReadTimeout)
	if late := c.until.Load() - nanoseconds(after(now, wait)); late < 0 || late > int64(wait)/8 {
		_ = c.readUntil(after(now, wait+wait/8))
	}
}

// begin looks at what has been read of a request. Its head has its time from the first byte.
func (c *connection) begin() (size int, p progress) {
	size, p = look(c.read[:c.n])
	if !c.begun.IsZero() {
		return size, p
	}
	if !c.state.CompareAndSwap(idle, active) {
		return 0, incomplete // and closed
	}
	c.begun = time.Now()
	if p == incomplete && c.served {
		_ = c.readUntil(after(c.begun, c.server.headTimeout()))
	}
	return size, p
}

// after is the deadline for what may take so long; zero is for ever.
func after(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return t.Add(d)
}

// nanoseconds returns a deadline as nanoseconds since 1970; 0 is none.
func nanoseconds(deadline time.Time) int64 {
	if deadline.IsZero() {
		return 0
	}
	return deadline.UnixNano()
}

// readUntil sets the deadline for reading. An error means that the connection is closed, which
// Read finds.
func (c *connection) readUntil(deadline time.Time) error {
	c.until.Store(nanoseconds(deadline))
	return c.net.SetReadDeadline(deadline)
}

// handle has the handler answer a request, whose head has been read, and reports whether the
// connection can serve another.
func (c *connection) handle(size int) (again bool) {
	settings := c.server.HTTP
	x := &request{Context: c.context, c: c, url: c.head.url, whole: c.head.length == 0}
	x.body.of, x.body.left = x, c.head.length
	r := x.fill(c.template, &c.head)
	c.use(size)
	if c.head.length > int64(c.n) {
		_ = c.readUntil(after(c.begun, settings.ReadTimeout))
	}
	_ = c.net.SetWriteDeadline(after(c.begun, settings.WriteTimeout))
	c.answer.reset(x)
	defer func() {
		x.end()
		c.unwatch()
		c.answer.release()
		c.head.release()
		if r.MultipartForm != nil {
			_ = r.MultipartForm.RemoveAll()
		}
	}()
	settings.Handler.ServeHTTP(&c.answer, r)
	return c.answer.end()
}

// use drops the first bytes of what has been read.
func (c *connection) use(size int) { c.n = copy(c.read[:], c.read[size:c.n]) }
