package http1

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// oftenAsked is how often a handler asks for the error of its context, until it is taken for one
// that works for long. The client is watched from then on, which takes some microseconds.
const oftenAsked = 64

// A request is what a request has for itself: its context, its URL and its body. As a context it
// is over when the handler has returned, or the client has gone away.
type request struct {
	context.Context // of the connection
	c               *connection
	url             url.URL
	body            body

	asked atomic.Int32
	own   atomic.Pointer[ownContext] // nil until it matters whether the client goes away

	mu    sync.Mutex  // for changes of the following
	over  atomic.Bool // the context is
	whole bool        // no more of the body comes: what is read next is not of this request
}

type ownContext struct {
	context.Context // with that of the connection as its parent
	cancel          context.CancelFunc
}

// watched returns the context of the request, and has its client watched from now on. Few
// requests wait for anything, so that most need none.
func (r *request) watched() *ownContext {
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.own.Load()
	if own == nil {
		own = new(ownContext)
		own.Context, own.cancel = context.WithCancel(r.Context)
		r.own.Store(own)
		if r.over.Load() {
			own.cancel()
		} else if r.whole {
			r.c.watch(own.cancel)
		}
	}
	return own
}

// Done returns what is closed when the context is over.
func (r *request) Done() <-chan struct{} { return r.watched().Done() }

// Err returns an error when it is over. Who asks once or twice need not be told that the client
// has gone away.
func (r *request) Err() error {
	own := r.own.Load()
	if own == nil && (r.over.Load() || r.asked.Add(1) > oftenAsked) {
		own = r.watched()
	}
	if own != nil {
		return own.Err()
	}
	return r.Context.Err()
}

// Value returns what the contexts of the connection have. Package context looks for the own
// context with it, to learn the cause of its end, and to end those that are derived from it.
func (r *request) Value(key any) any {
	if own := r.own.Load(); own != nil {
		return own.Value(key)
	}
	return r.Context.Value(key)
}

// end is the end of the context.
func (r *request) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over.Store(true)
	if own := r.own.Load(); own != nil {
		own.cancel()
	}
}

// bodyEnds notes that the body has come.
func (r *request) bodyEnds() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.whole = true
	if own := r.own.Load(); own != nil && !r.over.Load() {
		r.c.watch(own.cancel)
	}
}

// watch reads on behind a request, to learn when the client goes away. What comes belongs to the
// next request. Until unwatch nothing else reads, or looks at what has been read.
func (c *connection) watch(gone func()) {
	watched := make(chan struct{})
	c.watched = watched
	_ = c.readUntil(time.Time{})
	go func() {
		defer close(watched)
		n, err := c.net.Read(c.read[c.n:])
		c.n += n
		if err != nil {
			gone() // unless the request is over
		}
	}()
}

// unwatch ends what watch has begun. The request is over.
func (c *connection) unwatch() {
	if c.watched != nil {
		_ = c.readUntil(longAgo)
		<-c.watched
		c.watched = nil
	}
}

var longAgo = time.Unix(1, 0)

// fill makes r a request of net/http with the head h.
func (r *request) fill(template *http.Request, h *head) *http.Request {
	filled := template.WithContext(r)
	filled.Method, filled.URL, filled.RequestURI, filled.Host = h.method, &r.url, h.target, h.host
	filled.ContentLength, filled.Body = h.length, http.NoBody
	if h.length > 0 {
		filled.Body = &r.body
	}
	return filled
}
