// Package exchange is a request and its answer, while it is served.
//
// [Exchanges.Begin], the first of the middleware, makes the [Exchange] of a request. It goes
// through the rest of the middleware to a [Handler], which returns a value or an error, and
// [Serve] writes the answer in the [Dialect] of the path: a value, a [List] part by part, an
// error as the [Refusal] that it is to the client. A request gives its place at a gate back
// before its answer is sent, and what it holds of the memory at its end.
package exchange

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tagifai/internal/auth"
	"tagifai/internal/gate"
	"tagifai/internal/memory"
	"tagifai/internal/registry"
	"tagifai/internal/sockets"
)

// An Exchange is what is known of one request and its answer while it is served.
// It is the ResponseWriter that handlers see, maybe wrapped by middleware: as a value of
// the request's context it would cost a copy of the request.
type Exchange struct {
	http.ResponseWriter
	all     *Exchanges
	dialect *At // of the answer

	Start  time.Time
	Took   time.Duration // until it was answered; set by the access log
	Status int           // 0 until the header is written
	Bytes  int64         // of the body of the answer
	Texts  int           // classified
	Reason string        // for which the request was rejected; "" if it was not

	Principal *auth.Principal   // who asks; nil until it is known, and without a guard
	Version   *registry.Version // that answers; nil until it is known. It is released at the end

	gate  *gate.Gate    // that the request has a place of; nil if it has none
	share memory.Share  // of the allowance
	body  *sockets.Body // nil if it is short

	// How the client sees the service, and who it is; set by the middleware Forwarded.
	Scheme, Host string // "": as the request has them
	Prefix       string // before the paths of the routes: "", or one without a slash at its end
	Remote       string

	headers headers
}

// headers are the values of two headers, and their bytes: four allocations less. The bytes are
// written once for each request.
type headers struct {
	values [2]string
	id     [longestID]byte
	length [20]byte
}

// ID returns the name of the request, which is also the value of a header. It holds until the
// request ends.
func (e *Exchange) ID() string { return e.headers.values[0] }

// Of returns the exchange that w is, or that middleware has wrapped. It panics if a wrapper
// has no method Unwrap.
func Of(w http.ResponseWriter) *Exchange {
	if e, ok := w.(*Exchange); ok {
		return e
	}
	return unwrap(w)
}

func unwrap(w http.ResponseWriter) *Exchange {
	for inner := w; ; {
		wrapper, ok := inner.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			panic(fmt.Sprintf("exchange: a ResponseWriter of middleware has no Unwrap: %T in %T", inner, w))
		}
		inner = wrapper.Unwrap()
		if e, ok := inner.(*Exchange); ok {
			return e
		}
	}
}

// WriteHeader notes the status of the answer.
func (e *Exchange) WriteHeader(status int) {
	if e.Status == 0 && status >= http.StatusOK { // a 1xx is not the answer yet
		e.Status = status
	}
	e.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the answer.
func (e *Exchange) Write(p []byte) (int, error) {
	if e.Status == 0 {
		e.Status = http.StatusOK
	}
	n, err := e.ResponseWriter.Write(p)
	e.Bytes += int64(n)
	return n, err
}

// Unwrap lets an [http.ResponseController] reach the connection.
func (e *Exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// Enter waits until it is the turn of the request at g, unless it has a place there. A place
// that it has of another gate is given back before; this one is when the answer is ready to be
// sent. The errors are those of [gate.Gate.Enter].
func (e *Exchange) Enter(ctx context.Context, g *gate.Gate) error {
	if e.gate == g {
		return nil
	}
	e.leaveGate()
	err := g.Enter(ctx)
	if err == nil {
		e.gate = g
	}
	return err
}

// leaveGate gives the place of the request to the next, if it has one.
func (e *Exchange) leaveGate() {
	if e.gate != nil {
		e.gate.Leave()
		e.gate = nil
	}
}

// Hold notes that the request holds so many bytes, if there is room for them. The errors are
// those of [memory.Allowance.Resize].
func (e *Exchange) Hold(bytes int) error { return e.all.Allowance.Resize(&e.share, bytes) }

// Held returns how many bytes the request holds.
func (e *Exchange) Held() int { return e.share.Held() }

// Likely reports whether the request would find room for so many bytes now.
func (e *Exchange) Likely(bytes int64) bool { return e.all.Allowance.Likely(bytes) }

// MayUse reports whether who asks may use a model.
func (e *Exchange) MayUse(model string) bool { return e.Principal == nil || e.Principal.MayUse(model) }

// release gives back what the request has taken from others.
func (e *Exchange) release() {
	e.leaveGate()
	_ = e.Hold(0) // there is always room for less
	if e.Version != nil {
		e.Version.Release()
		e.Version = nil
	}
}

// end is the end of the request. A connection that waits for its next one holds nothing of
// this one but the headers, which are not yet written if the answer is short.
func (e *Exchange) end() {
	e.release()
	*e = Exchange{headers: e.headers}
}
