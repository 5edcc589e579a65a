package http1

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"

	"tagifai/internal/memory"
)

// Drained is how much of a body that nobody wants is read, as by net/http, so that the connection
// can serve the next request. Of a longer one the connection is closed.
const Drained = 256 << 10

// A body is that of a request. A handler may leave it to a goroutine that goes on for longer, so
// all of its methods can be called at once.
type body struct {
	of *request

	mu     sync.Mutex
	left   int64 // bytes
	err    error // of reading it
	closed bool
}

// Read reads from the body as that of net/http does.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case b.left == 0:
		return 0, io.EOF
	case b.err != nil:
		return 0, b.err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.of.c.readBody(p)
	b.came(n, err)
	if b.left == 0 {
		return n, io.EOF
	}
	return n, b.err
}

// came notes that n bytes have been read.
func (b *body) came(n int, err error) {
	b.left -= int64(n)
	switch {
	case b.left == 0:
		b.of.bodyEnds()
	case err != nil:
		if err == io.EOF { //nolint:errorlint // what Read returns
			err = io.ErrUnexpectedEOF
		}
		b.err = err
		b.of.end() // the client is gone, or too slow
	}
}

// Close ends the body for the handler.
func (b *body) Close() error {
	b.drain()
	b.close()
	return nil
}

// close is the end of a body, whatever is left of it.
func (b *body) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

// drain ends a body for the handler if what is left of it is short, and reports whether all of it
// has come.
func (b *body) drain() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left > Drained || b.closed {
		return b.left == 0
	}
	for b.left > 0 && b.err == nil {
		b.came(b.of.c.skip(int(b.left)))
	}
	b.closed = b.left == 0
	return b.closed
}

// ended reports whether no more of a body comes, since its client is gone.
func (b *body) ended() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err != nil && !errors.Is(b.err, os.ErrDeadlineExceeded)
}

// readBody reads what has come with the head, and then from the connection.
func (c *connection) readBody(p []byte) (int, error) {
	if c.n > 0 {
		n := copy(p, c.read[:c.n])
		c.use(n)
		return n, nil
	}
	return c.net.Read(p)
}

// skip reads up to n bytes that nobody wants.
func (c *connection) skip(n int) (int, error) {
	if c.n > 0 {
		n = min(n, c.n)
		c.use(n)
		return n, nil
	}
	if skipper, ok := c.net.(interface{ Skip(n int) (int, error) }); ok {
		return skipper.Skip(n)
	}
	buffer := memory.GetBuffer(min(n, 16<<10))
	defer memory.PutBuffer(buffer, *buffer)
	return c.net.Read((*buffer)[:min(n, cap(*buffer))])
}
