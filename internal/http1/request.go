package http1

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// A request is what a request has for itself: its context, its URL and its body.
type request struct {
	context.Context // of the connection
	url             url.URL
	body            body

	mu     sync.Mutex
	own    context.Context // nil until somebody asks when it is over
	cancel context.CancelFunc
	ended  bool
}

// Done returns what is closed when the request ends, or the client goes away. Few requests wait
// for anything, so that the client is watched only from now on.
func (r *request) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.own == nil {
		r.own, r.cancel = context.WithCancel(r.Context)
		if r.ended {
			r.cancel()
		} else {
			r.body.c.watch(r)
		}
	}
	return r.own.Done()
}

// Err returns an error once Done is closed.
func (r *request) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.own != nil:
		return r.own.Err()
	case r.ended:
		return context.Canceled
	}
	return r.Context.Err()
}

// end is the end of the request.
func (r *request) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	if r.own != nil {
		r.cancel()
	}
}

// watch reads on behind the body of r, to learn when the client goes away. What comes belongs to
// the next request.
func (c *connection) watch(r *request) {
	if r.body.left > 0 || c.n == len(c.read) || c.watched != nil {
		return
	}
	c.watched = make(chan struct{})
	c.readUntil(time.Time{})
	gone := r.cancel
	go func() {
		defer close(c.watched)
		n, err := c.net.Read(c.read[c.n:])
		c.n += n
		if err != nil {
			gone() // unless the request has ended
		}
	}()
}

// unwatch ends what watch has begun.
func (c *connection) unwatch() {
	if c.watched != nil {
		c.readUntil(longAgo)
		<-c.watched
		c.watched = nil
	}
}

var longAgo = time.Unix(1, 0)

// A body is that of a request.
type body struct {
	c      *connection
	left   int64 // bytes
	err    error // of reading it
	closed bool
}

// Read reads from the body as that of net/http does.
func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case b.err != nil:
		return 0, b.err
	case b.left == 0:
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.c.readBody(p)
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case err == io.EOF: //nolint:errorlint // what Read returns
		err = io.ErrUnexpectedEOF
	}
	b.err = err
	return n, err
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

// Close ends the body for the handler.
func (b *body) Close() error {
	b.closed = true
	return nil
}

// drain reads what is left of a body that is short, so that the connection can serve the next
// request. It is false if it cannot.
func (b *body) drain() bool {
	if b.left > Drained || b.left > 0 && b.closed {
		return false
	}
	n := int(min(b.left, int64(b.c.n)))
	b.c.use(n)
	b.left -= int64(n)
	for b.left > 0 && b.err == nil {
		n, b.err = b.c.skip(int(b.left))
		b.left -= int64(n)
	}
	return b.left == 0
}
