package http1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"tagifai/internal/memory"
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
	begun  time.Time // when the request began to come
	until  time.Time // the deadline for reading
	head   head
	answer answer

	watched chan struct{} // closed when nobody watches the client any more; nil if nobody does
}

func (s *Server) newConnection(ctx context.Context, accepted net.Conn) *connection {
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, accepted.LocalAddr())
	if s.HTTP.ConnContext != nil {
		ctx = s.HTTP.ConnContext(ctx, accepted)
	}
	c := &connection{server: s, net: accepted, context: ctx}
	c.head.header = make(http.Header)
	c.answer = answer{c: c, header: make(http.Header)}
	c.template = &http.Request{
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.head.header, RemoteAddr: accepted.RemoteAddr().String(),
	}
	s.note(accepted, http.StateNew)
	s.add(c)
	return c
}

// serve answers requests until the connection ends or goes to net/http.
func (c *connection) serve() {
	end := (*connection).close
	defer func() { end(c) }()
	for first := true; ; first = false {
		if first {
			c.readUntil(after(time.Now(), c.server.HTTP.ReadHeaderTimeout))
		} else if c.n == 0 {
			c.await(c.server.HTTP.IdleTimeout)
		}
		size, p := c.receive(first)
		switch {
		case p == incomplete: // the client is gone, or too slow
			return
		case p == foreign || !c.head.parse(string(c.read[:size])):
			end = (*connection).handOver
			return
		}
		if first {
			c.server.note(c.net, http.StateActive)
		}
		if !c.handle(size) {
			return
		}
		if !c.state.CompareAndSwap(active, idle) || c.server.stopping.Load() {
			return
		}
	}
}

// close is the end of a connection.
func (c *connection) close() {
	c.server.note(c.net, http.StateClosed)
	_ = c.net.Close()
	c.server.remove(c)
}

// handOver is its end here.
func (c *connection) handOver() {
	_ = c.net.SetDeadline(time.Time{}) // net/http sets its own
	read := c.read[:c.n]
	if c.head.method == http.MethodPost { // behind a body, net/http lets old clients have an empty line
		first := min(4, c.n)
		read = read[first-len(bytes.TrimLeft(read[:first], "\r\n")):]
	}
	c.server.handOver(c.net, bytes.Clone(read))
	c.server.remove(c)
}

// await sets the deadline for the next request, which may take so long to come, and up to an
// eighth longer: then few requests have to set one.
func (c *connection) await(wait time.Duration) {
	now := time.Now()
	if wait <= 0 || c.until.Before(now.Add(wait)) {
		c.readUntil(after(now, wait+wait/8))
	}
}

// receive reads until the head of a request is complete, or it is certain that it is not
// ordinary. It is incomplete if no more of it comes.
func (c *connection) receive(first bool) (size int, p progress) {
	c.begun = time.Time{}
	for {
		if c.n > 0 {
			if size, p = c.begin(first); p != incomplete {
				return size, p
			}
		}
		n, err := c.net.Read(c.read[c.n:])
		c.n += n
		switch {
		case n > 0 || err == nil:
		case errors.Is(err, io.EOF) && c.n > 0:
			return 0, foreign // net/http answers half a request
		default:
			return 0, incomplete
		}
	}
}

// begin looks at what has been read of a request. Its head has its time from the first byte, or
// from when the connection was accepted.
func (c *connection) begin(first bool) (size int, p progress) {
	size, p = look(c.read[:c.n])
	if !c.begun.IsZero() {
		return size, p
	}
	if !c.state.CompareAndSwap(idle, active) {
		return 0, incomplete // and closed
	}
	c.begun = time.Now()
	if p == incomplete && !first {
		c.readUntil(after(c.begun, c.server.HTTP.ReadHeaderTimeout))
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

// readUntil sets the deadline for reading.
func (c *connection) readUntil(deadline time.Time) {
	c.until = deadline
	_ = c.net.SetReadDeadline(deadline) // an error means that it is closed, which Read finds
}

// handle has the handler answer a request, whose head has been read, and reports whether the
// connection can serve another.
func (c *connection) handle(size int) (again bool) {
	settings := c.server.HTTP
	x := &request{Context: c.context, url: c.head.url, body: body{c: c, left: c.head.length}}
	r := c.template.WithContext(x)
	r.Method, r.URL, r.RequestURI, r.Host = c.head.method, &x.url, c.head.target, c.head.host
	r.ContentLength, r.Body = c.head.length, http.NoBody
	if c.head.length > 0 {
		r.Body = &x.body
	}
	c.use(size)
	if c.head.length > int64(c.n) {
		c.readUntil(after(c.begun, settings.ReadTimeout))
	}
	_ = c.net.SetWriteDeadline(after(c.begun, settings.WriteTimeout))
	c.answer.reset(&x.body)
	defer func() {
		x.end()
		x.body.closed = true
		c.unwatch()
		if cause := recover(); cause != nil {
			if cause != http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
				c.server.logf("http: panic serving %v: %v\n%s", c.template.RemoteAddr, cause, debug.Stack())
			}
			again = false
		}
		c.answer.release()
	}()
	settings.Handler.ServeHTTP(&c.answer, r)
	return c.answer.end()
}

// use drops the first bytes of what has been read.
func (c *connection) use(size int) { c.n = copy(c.read[:], c.read[size:c.n]) }

// skip reads up to n bytes that nobody wants.
func (c *connection) skip(n int) (int, error) {
	if skipper, ok := c.net.(interface{ Skip(n int) (int, error) }); ok {
		return skipper.Skip(n)
	}
	buffer := memory.GetBuffer(min(n, 16<<10))
	defer memory.PutBuffer(buffer, *buffer)
	return c.net.Read((*buffer)[:min(n, cap(*buffer))])
}
