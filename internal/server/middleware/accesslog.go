// Package middleware is what is done around every request, one concern a file. It comes behind
// [exchange.Exchanges.Begin]; the routes of the server say in which order, and why.
package middleware

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"

	"tagifai/internal/server/exchange"
)

// AccessLog writes one line for each request, unless its route is to be skipped. The line
// never holds a text: those are the clients' own.
func AccessLog(log zerolog.Logger, skip func(route string) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return &accessLog{next, log, skip} }
}

type accessLog struct {
	next http.Handler
	log  zerolog.Logger
	skip func(route string) bool
}

func (m *accessLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer m.note(w, r) // deferred, as the recoverer lets http.ErrAbortHandler pass
	m.next.ServeHTTP(w, r)
}

// note logs a request that was answered.
func (m *accessLog) note(w http.ResponseWriter, r *http.Request) {
	e := exchange.Of(w)
	e.Took = time.Since(e.Start)
	if r.Method == http.MethodHead { // net/http leaves the body out
		e.Bytes = 0
	}
	if route := chi.RouteContext(r.Context()).RoutePattern(); !m.skip(route) {
		logRequest(&m.log, e, r, route)
	}
}

func logRequest(log *zerolog.Logger, e *exchange.Exchange, r *http.Request, route string) {
	line := log.Info().
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
}

// maxLoggedPath is how many bytes of a path are logged at which there is nothing.
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
