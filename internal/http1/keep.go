package http1

import "net/http"

// connectionKey is the key of a connection in the contexts of its requests.
type connectionKey struct{}

// Keep returns a T for r, which may be that of the requests before on the same connection, as
// they left it: nothing reads the T any more when the answer has been sent. A tenth of the garbage
// of a short request is saved that way.
//
// Only ordinary requests keep one, which come one after the other. Those that net/http serves get
// a T of their own. All callers have to ask for the same T.
func Keep[T any](r *http.Request) *T {
	c, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok {
		return new(T)
	}
	kept, ok := c.kept.(*T)
	if !ok {
		kept = new(T)
		c.kept = kept
	}
	return kept
}
