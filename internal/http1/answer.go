package http1

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// mostKept is how much is kept of an answer without a length until it is known.
	mostKept = 2 << 10
	// lingering is how long a client that has not sent all of its request has to read the
	// answer, which it could lose if the connection were closed at once. It is net/http's.
	lingering = 500 * time.Millisecond
)

// An answer is the ResponseWriter of the requests of a connection, one after the other.
type answer struct {
	c       *connection
	request *request
	header  http.Header
	final   http.Header // as it was when the status was set; nil if nobody can have changed it since

	status int   // 0 until it is known
	left   int64 // of its body, to be written; unknown if it comes in chunks
	begun  bool  // the header has been written to out
	early  bool  // it does not wait for the body of the request
	closes bool  // the connection ends with it
	err    error // of the connection
	kept   buffer
	out    buffer // to be sent
}

const unknown = -1

// reset makes it the answer of the next request.
func (a *answer) reset(r *request) { *a = answer{c: a.c, header: a.header, request: r} }

// release is the end of its request.
func (a *answer) release() {
	a.kept.put()
	a.out.put()
	clear(a.header)
}

// Header returns the header, which can be changed until the status is set.
func (a *answer) Header() http.Header {
	if a.status != 0 && !a.begun && a.final == nil {
		a.final = a.header.Clone()
	}
	return a.header
}

// fields returns the header as it is to be sent.
func (a *answer) fields() http.Header {
	if a.final != nil {
		return a.final
	}
	return a.header
}

// WriteHeader sets the status. Those that come before the status of the answer are not sent.
func (a *answer) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("http1: WriteHeader of the status %d, which is none", status))
	}
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

// bodiless reports whether HTTP has no body with the status.
func (a *answer) bodiless() bool {
	return a.status == http.StatusNoContent || a.status == http.StatusNotModified
}

// Write writes to the body of the answer. Its errors are those of the connection,
// [http.ErrBodyNotAllowed] and [http.ErrContentLength].
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	switch {
	case len(p) == 0:
		return 0, nil
	case a.bodiless():
		return 0, http.ErrBodyNotAllowed
	case !a.begun && a.keeps(p):
		return len(p), nil
	case !a.begun:
		a.begin(p, false)
	}
	if a.left != unknown && int64(len(p)) > a.left {
		return 0, http.ErrContentLength
	}
	if a.writeBody(p); a.err != nil {
		return 0, a.err
	}
	return len(p), nil
}

// keeps keeps the beginning of a body without a length, which may turn out to be all of it.
func (a *answer) keeps(p []byte) bool {
	if a.fields()["Content-Length"] != nil || len(a.kept.b)+len(p) > mostKept {
		return false
	}
	if a.kept.from == nil {
		a.kept.get(mostKept)
	}
	a.kept.b = append(a.kept.b, p...)
	return true
}

// begin writes the header and what was kept of the body. The next that comes is p, or nothing
// if it is over.
func (a *answer) begin(p []byte, over bool) {
	a.begun = true
	a.closes = a.c.server.stopping.Load() || slices.ContainsFunc(a.fields()["Connection"], isClose)
	if !a.early && !a.closes && !a.request.body.drain() {
		a.closes = true
	}
	a.measure(over)
	a.out.get(int(min(AtOnce, headerRoom+max(a.left, 0))))
	kept := a.kept.b
	if len(kept) > 0 {
		p = kept
	}
	a.out.b = a.appendHeader(a.out.b, p)
	a.writeBody(kept)
}

// writeBody writes a part of the body that fits in.
func (a *answer) writeBody(p []byte) {
	switch {
	case len(p) == 0:
	case a.left == unknown:
		a.writeChunk(p)
	default:
		a.left -= int64(len(p))
		a.write(p)
	}
}

func isClose(option string) bool { return strings.EqualFold(option, "close") }

// measure sets how long the body is.
func (a *answer) measure(over bool) {
	if a.bodiless() {
		return
	}
	a.left = unknown
	if over {
		a.left = int64(len(a.kept.b))
	}
	if declared := a.fields()["Content-Length"]; len(declared) > 0 {
		length, err := strconv.ParseInt(declared[0], 10, 64)
		if err == nil && length >= int64(len(a.kept.b)) {
			a.left = length
		}
	}
}

// end sends what is left, and reports whether the connection can serve another request.
func (a *answer) end() (again bool) {
	a.WriteHeader(http.StatusOK)
	if !a.begun {
		a.begin(nil, true)
	}
	if a.left == unknown {
		a.write([]byte("0\r\n\r\n"))
	}
	a.send()
	if a.err != nil || a.left > 0 {
		return false
	}
	if a.request.body.drain() {
		return !a.closes
	}
	if !a.request.body.ended() {
		_ = closeWrite(a.c.net)
		time.Sleep(lingering)
	}
	return false
}

// Flush sends what has been written.
func (a *answer) Flush() { _ = a.FlushError() }

// FlushError sends what has been written. It is for an [http.ResponseController], as the three
// below.
func (a *answer) FlushError() error {
	a.WriteHeader(http.StatusOK)
	if !a.begun {
		a.begin(nil, false)
	}
	a.send()
	return a.err
}

// SetReadDeadline sets the deadline for the body of the request.
func (a *answer) SetReadDeadline(deadline time.Time) error { return a.c.readUntil(deadline) }

// SetWriteDeadline sets the deadline for the answer.
func (a *answer) SetWriteDeadline(deadline time.Time) error {
	return a.c.net.SetWriteDeadline(deadline)
}

// EnableFullDuplex lets the answer begin before all of the request has come.
func (a *answer) EnableFullDuplex() error {
	a.early = true
	return nil
}
