package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/server/exchange"
)

// logAccess writes one line for each request. It never holds a text: those are
// the clients' own.
func (s *Server) logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Deferred, as the recoverer lets http.ErrAbortHandler pass.
		defer func() {
			e := exchange.Of(w)
			e.Took = time.Since(e.Start)
			if r.Method == http.MethodHead { // net/http leaves the body out
				e.Bytes = 0
			}
			route := chi.RouteContext(r.Context()).RoutePattern()
			if isProbe(route) && !s.logProbes {
				return
			}
			line := s.access.Info().
				Time(zerolog.TimestampFieldName, e.Start.Add(e.Took)). // what time it is costs less once
				Str("id", e.ID()).
				Str("method", r.Method).
				Str("route", route).
				Int("status", e.Status).
				Int64("us", e.Took.Microseconds()).
				Int64("bytes", e.Bytes).
				Str("remote", e.Remote).
				Int("texts", e.Texts)
			if e.Principal != nil {
				line.Str("principal", e.Principal.ID())
			}
			if e.Reason != "" {
				line.Str("reason", e.Reason)
			}
			if e.Status == http.StatusNotFound {
				line.Str("path", clip(r.URL.Path, maxLoggedPath))
			}
			if trace, span, ok := parseTraceParent(exchange.First(r.Header, traceParent)); ok {
				line.Str("trace_id", trace).Str("parent_id", span)
			}
			line.Msg("request")
		}()
		next.ServeHTTP(w, r)
	})
}

// maxLoggedPath is how many bytes of a path that no route has are logged.
const maxLoggedPath = 256

// clip returns s, or its beginning and an ellipsis if it has more than n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// traceParent is the header that says what a request is a part of.
const traceParent = "Traceparent"

// parseTraceParent returns the ids of a trace and of the span in it that sent the
// request. Format: W3C Trace Context, 3.2, where a version that is not yet known may
// have more at its end.
func parseTraceParent(s string) (trace, parent string, ok bool) {
	const length = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if len(s) < length || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return "", "", false
	}
	version, trace, parent, flags := s[:2], s[3:35], s[36:52], s[53:length]
	switch {
	case version == "ff", version == "00" && len(s) > length, len(s) > length && s[length] != '-':
		return "", "", false
	case strings.Trim(trace, "0") == "", strings.Trim(parent, "0") == "":
		return "", "", false
	}
	return trace, parent, strings.Trim(version+trace+parent+flags, "0123456789abcdef") == ""
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
			e := exchange.Of(w)
			s.log.Error().Str("id", e.ID()).Str("panic", fmt.Sprint(cause)).Bytes("stack", debug.Stack()).Msg("panic")
			if e.Status != 0 {
				panic(http.ErrAbortHandler)
			}
			exchange.Refuse(w, r, exchange.Internal)
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

// newCORS returns the middleware that lets the scripts of pages of these origins
// read our answers, and answers browsers that ask beforehand. Without any it does
// nothing.
func newCORS(origins []config.Origin) func(http.Handler) http.Handler {
	if len(origins) == 0 { // which the library takes for all
		return func(next http.Handler) http.Handler { return next }
	}
	allowed := make([]string, len(origins))
	for i, origin := range origins {
		allowed[i] = string(origin)
	}
	return cors.Handler(cors.Options{
		AllowedOrigins: allowed,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders: []string{"*"}, // a page that sends a credential was given one; browsers add none
		ExposedHeaders: []string{exchange.RequestIDHeader, "Retry-After", "RateLimit", "RateLimit-Policy"},
		MaxAge:         600,
	})
}
