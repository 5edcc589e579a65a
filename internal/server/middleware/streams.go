package middleware

import (
	"errors"
	"net/http"

	"tagifai/internal/server/exchange"
	"tagifai/internal/sockets"
)

// ErrStreams is the answer to a request of HTTP/2 beyond the number of connections that may
// be open.
var ErrStreams = errors.New("too many requests share connections")

// Streams bounds what requests of HTTP/2 hold, and how slowly their answers may leave. It does
// nothing if streams is nil.
func Streams(streams *sockets.Streams) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if streams == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor == 2 {
				e := exchange.Of(w)
				paced, ok := streams.Begin(e.ResponseWriter, e.Start)
				defer streams.End()
				e.ResponseWriter = paced
				if !ok {
					exchange.Fail(w, r, ErrStreams)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}
