package sockets

import (
	"io"
	"net"
	"net/http"

	"tagifai/internal/memory"
)

// drained is how much of a body net/http reads on after an answer.
const drained = 256 << 10

// Drain reads a body that nobody wants before it is answered, so that its connection can
// serve the next request. It gives up where net/http would, which takes eight times as many
// steps.
func Drain(r *http.Request) {
	if r.ContentLength > drained || r.Header.Get("Expect") != "" { // whose client has not sent it
		return
	}
	left := int64(drained)
	if r.ContentLength > 0 && r.ProtoMajor == 1 && skips && connOf(r) != nil {
		left = skip(r.Body, r.ContentLength)
	}
	discard(r.Body, left)
}

// discard reads a body until it ends or most bytes have come.
func discard(body io.Reader, most int64) {
	buffer := memory.GetBuffer(16 << 10)
	defer memory.PutBuffer(buffer, *buffer)
	room := (*buffer)[:cap(*buffer)]
	for most > 0 {
		n, err := body.Read(room)
		if err != nil {
			return
		}
		most -= int64(n)
	}
}

// nowhere is where bytes are read to that nobody wants. A conn takes them from the kernel
// without a copy: a body of 75 kB is refused in a quarter less time, the client's included
// (BenchmarkDrain). Nothing is ever written here, so all may read to it at once, and it takes
// no memory.
var nowhere [drained]byte

// skip reads a body of so many bytes to nowhere, and returns how many are left: none, or
// fewer than net/http reads at once, as it may then read the next request with them.
func skip(body io.Reader, length int64) (left int64) {
	buffer := memory.GetBuffer(readAtOnce)
	defer memory.PutBuffer(buffer, *buffer)
	into := (*buffer)[:cap(*buffer)] // for what net/http has read with the header
	for left = length; left >= readAtOnce; into = nowhere[:left] {
		n, err := body.Read(into)
		if err != nil {
			return 0
		}
		left -= int64(n)
	}
	return left
}

// readAtOnce is the size of the buffer of net/http, which reads to a larger one go past.
const readAtOnce = 4 << 10

// read is Read without a deadline of its own.
func (c *conn) read(p []byte) (int, error) {
	if len(p) > 0 && &p[0] == &nowhere[0] {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			return skipReceived(tcp, len(p))
		}
	}
	return c.Conn.Read(p)
}
