package sockets

import "net/http"

// Keep returns a T for r, which may be that of the requests before on the same connection, as
// they left it: the header of an answer is written when its handler has returned, and then
// nothing reads the T any more. A tenth of the garbage of a short request is saved that way.
//
// Only requests that come one after the other keep one: those of HTTP/2 and those over TLS get
// a T of their own. All callers have to ask for the same T.
func Keep[T any](r *http.Request) *T {
	if r.ProtoMajor > 1 {
		return new(T)
	}
	c := connOf(r)
	if c == nil {
		return new(T)
	}
	kept, ok := c.kept.(*T)
	if !ok {
		kept = new(T)
		c.kept = kept
	}
	return kept
}
