package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"
)

// An exchange is what is known of one request and its answer while it is served.
// It is the ResponseWriter that handlers see, and the context of the request.
type exchange struct {
	http.ResponseWriter
	context.Context

	id     string
	status int   // 0 until the header is written
	bytes  int64 // of the body
	texts  int   // classified

	// How the client sees the service, and who it is; see front.
	scheme, host string // "": as the request has them
	prefix       string
	remote       string

	values [2]string // of headers, which without this are two allocations
}

type exchangeKey struct{}

// Value gives the exchange to exchangeOf.
func (e *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return e
	}
	return e.Context.Value(key)
}

// exchangeOf returns the exchange that the request of ctx belongs to.
func exchangeOf(ctx context.Context) *exchange {
	return ctx.Value(exchangeKey{}).(*exchange)
}

func (e *exchange) WriteHeader(status int) {
	if e.status == 0 && status >= http.StatusOK { // a 1xx is not the answer yet
		e.status = status
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *exchange) Write(p []byte) (int, error) {
	if e.status == 0 {
		e.status = http.StatusOK
	}
	n, err := e.ResponseWriter.Write(p)
	e.bytes += int64(n)
	return n, err
}

// Unwrap lets an [http.ResponseController] reach the connection.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// requestID is the header that names a request to both sides.
const requestID = "X-Request-Id"

// exchanges makes the exchange of each request. Its id is the client's, if that
// is fit for a log, and goes back with the answer.
func exchanges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestID)
		if !isRequestID(id) {
			id = rand.Text()
		}
		e := &exchange{ResponseWriter: w, Context: r.Context(), id: id}
		e.values[0] = id
		w.Header()[requestID] = e.values[0:1:1]
		next.ServeHTTP(e, r.WithContext(e))
	})
}

func isRequestID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// logAccess writes one line for each request. It never holds a text: those are
// the clients' own.
func (s *Server) logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		// Deferred, as the recoverer lets http.ErrAbortHandler pass.
		defer func() {
			e := exchangeOf(r.Context())
			s.log.Info().
				Str("id", e.id).
				Str("method", r.Method).
				Str("route", chi.RouteContext(r.Context()).RoutePattern()).
				Int("status", e.status).
				Dur("ms", time.Since(start)).
				Int64("bytes", e.bytes).
				Str("remote", e.remote).
				Int("texts", e.texts).
				Msg("request")
		}()
		next.ServeHTTP(w, r)
	})
}

// recoverPanics turns a panic into a logged stack and a 500, or, when part of
// another answer is out already, into a broken connection.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
				panic(cause)
			}
			e := exchangeOf(r.Context())
			s.log.Error().Str("id", e.id).Str("panic", fmt.Sprint(cause)).Bytes("stack", debug.Stack()).Msg("panic")
			if e.status != 0 {
				panic(http.ErrAbortHandler)
			}
			s.write(w, r, http.StatusInternalServerError, detail, http.StatusText(http.StatusInternalServerError))
		}()
		next.ServeHTTP(w, r)
	})
}

// routeDecoded lets the routes match the path as it is once all its escapes are
// resolved, as FastAPI has it: "/%61rgs" is "/args", and an escaped slash is a slash.
func routeDecoded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawPath != "" { // which chi would take instead
			chi.RouteContext(r.Context()).RoutePath = r.URL.Path
		}
		next.ServeHTTP(w, r)
	})
}
