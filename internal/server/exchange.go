package server

import (
	"context"
	"fmt"
	"net/http"
	"time"
	"unsafe"

	"tagifai/internal/auth"
	"tagifai/internal/gate"
	"tagifai/internal/memory"
	"tagifai/internal/registry"
	"tagifai/internal/sockets"
)

// An exchange is what is known of one request and its answer while it is served.
// It is the ResponseWriter that handlers see, maybe wrapped by middleware: as a value of
// the request's context it would cost a copy of the request.
type exchange struct {
	http.ResponseWriter
	dialect *dialectPath // of the answer; a pointer, as the exchange just fits in 320 bytes

	start  time.Time
	took   time.Duration // until it was answered; set by logAccess
	status int           // 0 until the header is written
	bytes  int64         // of the body
	texts  int           // classified
	reason string        // for which the request was rejected; "" if it was not

	principal *auth.Principal   // who asks; nil until it is known, and without a guard
	version   *registry.Version // that answers; nil until it is known

	gate  *gate.Gate    // that the request has a place of; nil if it has none
	share memory.Share  // of the allowance
	body  *sockets.Body // nil if it is short

	// How the client sees the service, and who it is; see front.
	scheme, host string // "": as the request has them
	prefix       string // before the paths of the routes: "", or one without a slash at its end
	remote       string

	// The values of two headers, and their bytes: four allocations less. The bytes are
	// written once.
	values [2]string
	newID  [32]byte
	length [20]byte
}

// id returns the name of the request, which is also the value of a header.
func (e *exchange) id() string { return e.values[0] }

// inPlace returns bytes as a string without a copy. Nobody may change them any more.
func inPlace(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// exchangeOf returns the exchange that w is, or that middleware has wrapped.
func exchangeOf(w http.ResponseWriter) *exchange {
	if e, ok := w.(*exchange); ok {
		return e
	}
	return unwrapExchange(w)
}

func unwrapExchange(w http.ResponseWriter) *exchange {
	for inner := w; ; {
		wrapper, ok := inner.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			panic(fmt.Sprintf("server: a ResponseWriter of middleware has no Unwrap: %T in %T", inner, w))
		}
		inner = wrapper.Unwrap()
		if e, ok := inner.(*exchange); ok {
			return e
		}
	}
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

// enter waits until it is the turn of the request at g. A place that it has of another gate is
// given back before; this one is when the answer is ready to be sent.
func (e *exchange) enter(ctx context.Context, g *gate.Gate) error {
	e.leaveGate()
	err := g.Enter(ctx)
	if err == nil {
		e.gate = g
	}
	return err
}

// leaveGate gives the place of the request to the next, if it has one.
func (e *exchange) leaveGate() {
	if e.gate != nil {
		e.gate.Leave()
		e.gate = nil
	}
}

// hold notes that the request of e holds so many bytes, if there is room for them.
func (s *Server) hold(e *exchange, bytes int) error { return s.allowance.Resize(&e.share, bytes) }

// release gives back what a request has taken from others.
func (s *Server) release(e *exchange) {
	e.leaveGate()
	_ = s.hold(e, 0) // there is always room for less
	if e.version != nil {
		e.version.Release()
		e.version = nil
	}
}

// Unwrap lets an [http.ResponseController] reach the connection.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }
