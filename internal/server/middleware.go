package server

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/sockets"
)

// requestID is the header that names a request to both sides.
const requestID = "X-Request-Id"

// exchanges makes the exchange of each request. Its id is the client's, if that
// is fit for a log, and goes back with the answer.
func (s *Server) exchanges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &exchange{ResponseWriter: w, dialect: s.dialectOf(r.URL.Path), start: time.Now()}
		if id := first(r.Header, requestID); isRequestID(id) {
			e.values[0] = id
		} else {
			e.values[0] = newRequestID(&e.newID)
		}
		header := w.Header()
		header[requestID] = e.values[0:1:1]
		header["X-Content-Type-Options"] = noSniff
		// What comes in chunks may also have had a length, which net/http has dropped: an
		// attempt to smuggle a request in behind it. RFC 9112, 6.1.
		chunked := len(r.TransferEncoding) > 0
		// While the service stops, the client's next request is to go to another.
		if chunked || s.draining.Load() || s.public.Scarce() {
			header["Connection"] = closeConnection
		}
		e.body = sockets.SetPace(w, r, s.pace, e.start.Add(s.readTimeout))
		defer s.release(e)
		next.ServeHTTP(e, r)
		if e.body != nil && e.body.AnsweredEarly() {
			s.release(e)
			e.body.Linger(s.lingerBytes)
		}
	})
}

// newRequestID returns an id that no other request has, whose bytes it writes. It is no
// secret.
func newRequestID(text *[32]byte) string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	hex.Encode(text[:], id[:])
	return inPlace(text[:])
}

// first returns the first value of a header, whose name is in the canonical form. Get
// would look at the form each time.
func first(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Values of headers, which all answers share.
var (
	closeConnection = []string{"close"}
	noSniff         = []string{"nosniff"}
)

// RequestIDPattern is the form of a request's id. A client's own id is kept if it
// matches: UUIDs, ULIDs and base64 do, and "Root=1-67891233-abcdef012345678912345678".
// None of its characters has to be escaped in a log, a shell or a query.
const RequestIDPattern = `^[A-Za-z0-9._:;,=+/-]{1,128}$`

// isRequestID reports whether s matches [RequestIDPattern]. A regular expression would
// take longer than the rest of the middleware.
func isRequestID(s string) bool {
	if len(s) == 0 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("._:;,=+/-", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// logAccess writes one line for each request. It never holds a text: those are
// the clients' own.
func (s *Server) logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Deferred, as the recoverer lets http.ErrAbortHandler pass.
		defer func() {
			e := exchangeOf(w)
			e.took = time.Since(e.start)
			if r.Method == http.MethodHead { // net/http leaves the body out
				e.bytes = 0
			}
			route := chi.RouteContext(r.Context()).RoutePattern()
			if isProbe(route) && !s.logProbes {
				return
			}
			line := s.access.Info().
				Time(zerolog.TimestampFieldName, e.start.Add(e.took)). // what time it is costs less once
				Str("id", e.id()).
				Str("method", r.Method).
				Str("route", route).
				Int("status", e.status).
				Int64("us", e.took.Microseconds()).
				Int64("bytes", e.bytes).
				Str("remote", e.remote).
				Int("texts", e.texts)
			if e.principal != nil {
				line.Str("principal", e.principal.ID())
			}
			if e.reason != "" {
				line.Str("reason", e.reason)
			}
			if e.status == http.StatusNotFound {
				line.Str("path", clip(r.URL.Path, maxLoggedPath))
			}
			if trace, span, ok := parseTraceParent(first(r.Header, traceParent)); ok {
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
			e := exchangeOf(w)
			s.log.Error().Str("id", e.id()).Str("panic", fmt.Sprint(cause)).Bytes("stack", debug.Stack()).Msg("panic")
			if e.status != 0 {
				panic(http.ErrAbortHandler)
			}
			s.refuse(w, r, internal)
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
		ExposedHeaders: []string{requestID, "Retry-After", "RateLimit", "RateLimit-Policy"},
		MaxAge:         600,
	})
}
