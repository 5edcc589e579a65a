package sockets

import (
	"context"
	"io"
	"net"
	"net/http"

	"tagifai/internal/memory"
)

// Drain reads a body that nobody wants before it is answered, so that its connection can
// serve the next request. It gives up where net/http would, which takes eight times as many
// steps: of an overloaded service's throughput that is a tenth.
func Drain(r *http.Request) {
	if r.ContentLength > drained || r.Header.Get("Expect") != "" { // whose client has not sent it
		return
	}
	left := int64(drained)
	if c := connOf(r); c != nil && r.ContentLength > 0 && skips {
		left = skip(r.Body, r.ContentLength)
	}
	discard(r.Body, left)
}

// nowhere is where bytes are read to that nobody wants: a conn takes them from the kernel
// and writes none. So it can be read to by all at once, and takes no memory.
var nowhere [drained]byte

// skip reads a body of so many bytes to nowhere, and returns how many are left. These
// are fewer than net/http would read at once, which may be followed by the next request.
func skip(body io.Reader, length int64) (left int64) {
	buffer := memory.GetBuffer(readAtOnce)
	defer memory.PutBuffer(buffer, *buffer)
	into := (*buffer)[:cap(*buffer)] // what net/http has read with the header is copied
	for left = length; left >= readAtOnce; into = nowhere[:min(left, drained)] {
		n, err := body.Read(into)
		if left -= int64(n); err != nil {
			return 0
		}
	}
	return left
}

// readAtOnce is the size of the buffer that net/http reads to. What is to be read to a
// larger one goes past it.
const readAtOnce = 4 << 10

// Read reads from the connection, and takes what is to go nowhere from the kernel without
// a copy.
func (c *conn) Read(p []byte) (int, error) {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && skips && len(p) > 0 && &p[0] == &nowhere[0] {
		return skipReceived(tcp, len(p))
	}
	return c.Conn.Read(p)
}

// connKey is the key of a conn in the contexts of its requests.
type connKey struct{}

// withConn is the ConnContext of a server. Over TLS its connections are none of ours.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*conn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// connOf returns the connection that a request has for itself, and nil over TLS and HTTP/2.
func connOf(r *http.Request) *conn {
	if r.ProtoMajor > 1 {
		return nil
	}
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}
