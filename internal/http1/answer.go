package http1

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tagifai/internal/memory"
)

const (
	// AtOnce is how much of an answer is sent at a time, with its header. Each Write is a call
	// of the kernel and may wake up the client; of a longer answer they are a small part.
	AtOnce = 16 << 10
	// headerRoom is more than a header as ours takes.
	headerRoom = 512
	// mostKept is how much is kept of an answer without a length until it is known.
	mostKept = 2 << 10
	// Drained is how much of a body that nobody wants is read before its answer, as by
	// net/http. Of a longer one the connection is closed.
	Drained = 256 << 10
	// lingering is how long a client that has not sent all of its request has to read the
	// answer, which it could lose if the connection were closed at once. It is net/http's.
	lingering = 500 * time.Millisecond
)

// An answer is the ResponseWriter of the requests of a connection, one after the other.
type answer struct {
	c      *connection
	header http.Header
	body   *body // of the request

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

// A buffer is one of package memory; empty if it has none.
type buffer struct {
	from *[]byte
	b    []byte
}

func (b *buffer) get(size int) {
	b.from = memory.GetBuffer(size)
	b.b = *b.from
}

func (b *buffer) put() {
	if b.from != nil {
		memory.PutBuffer(b.from, b.b)
		*b = buffer{}
	}
}

// reset makes it the answer of the next request.
func (a *answer) reset(body *body) { *a = answer{c: a.c, header: a.header, body: body} }

// release is the end of its request.
func (a *answer) release() {
	a.kept.put()
	a.out.put()
	clear(a.header)
}

// Header returns the header, which can be changed until the first byte of the body is written.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader sets the status. No handler of ours sends one of those that come before it.
func (a *answer) WriteHeader(status int) {
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
	switch {
	case a.left == unknown:
		a.writeChunk(p)
	case int64(len(p)) > a.left:
		return 0, http.ErrContentLength
	default:
		a.left -= int64(len(p))
		a.write(p)
	}
	if a.err != nil {
		return 0, a.err
	}
	return len(p), nil
}

// keeps keeps the beginning of a body without a length, which may turn out to be all of it.
func (a *answer) keeps(p []byte) bool {
	if a.header["Content-Length"] != nil || len(a.kept.b)+len(p) > mostKept {
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
	a.closes = a.c.server.stopping.Load() || slices.ContainsFunc(a.header["Connection"], isClose)
	if !a.early && !a.closes && !a.body.drain() {
		a.closes = true
	}
	declared := a.measure(over)
	a.out.get(int(min(AtOnce, headerRoom+max(a.left, 0))))
	a.out.b = a.appendHeader(a.out.b, p, declared)
	if kept := a.kept.b; len(kept) > 0 {
		if a.left == unknown {
			a.writeChunk(kept)
		} else {
			a.left -= int64(len(kept))
			a.write(kept)
		}
	}
}

func isClose(option string) bool { return strings.EqualFold(option, "close") }

// measure sets how long the body is, and reports whether the header says so.
func (a *answer) measure(over bool) (declared bool) {
	if a.bodiless() {
		return false
	}
	if lengths := a.header["Content-Length"]; len(lengths) > 0 {
		length, err := strconv.ParseInt(lengths[0], 10, 64)
		if err == nil && length >= int64(len(a.kept.b)) {
			a.left = length
			return true
		}
	}
	a.left = unknown
	if over {
		a.left = int64(len(a.kept.b))
	}
	return false
}

// appendHeader appends the status and the header. The body begins with what was kept and p.
func (a *answer) appendHeader(b, p []byte, declared bool) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(a.status)...)
	b = append(b, "\r\n"...)
	var room [16]string
	names := room[:0]
	for name := range a.header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch name {
		case "Content-Length":
			if !declared {
				continue
			}
		case "Content-Type":
			if a.status == http.StatusNotModified {
				continue
			}
		}
		for _, value := range a.header[name] {
			b = appendField(b, name, value)
		}
	}
	if a.header["Date"] == nil {
		b = append(b, "Date: "...)
		b = time.Now().UTC().AppendFormat(b, http.TimeFormat)
		b = append(b, "\r\n"...)
	}
	if len(a.kept.b) > 0 {
		p = a.kept.b
	}
	if len(p) > 0 && a.header["Content-Type"] == nil && a.header["Content-Encoding"] == nil {
		b = appendField(b, "Content-Type", http.DetectContentType(p))
	}
	if a.closes && a.header["Connection"] == nil {
		b = appendField(b, "Connection", "close")
	}
	switch {
	case declared || a.bodiless():
	case a.left == unknown:
		b = appendField(b, "Transfer-Encoding", "chunked")
	default:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, a.left, 10)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// appendField appends a line of a header. A line break in the value would begin another.
func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	start := len(b)
	b = append(b, value...)
	for i, c := range b[start:] {
		if c == '\r' || c == '\n' {
			b[start+i] = ' '
		}
	}
	return append(b, "\r\n"...)
}

// writeChunk writes a chunk of a body (RFC 9112, 7.1).
func (a *answer) writeChunk(p []byte) {
	var size [18]byte
	a.write(append(strconv.AppendInt(size[:0], int64(len(p)), 16), "\r\n"...))
	a.write(p)
	a.write([]byte("\r\n"))
}

// write writes to out, and sends it whenever it is full.
func (a *answer) write(p []byte) {
	for len(p) > 0 && a.err == nil {
		if len(a.out.b) == 0 && len(p) >= AtOnce {
			_, a.err = a.c.net.Write(p)
			return
		}
		n := min(len(p), max(cap(a.out.b)-len(a.out.b), 0))
		a.out.b = append(a.out.b, p[:n]...)
		if p = p[n:]; len(a.out.b) == cap(a.out.b) {
			a.send()
		}
	}
}

func (a *answer) send() {
	if a.err == nil && len(a.out.b) > 0 {
		_, a.err = a.c.net.Write(a.out.b)
	}
	a.out.b = a.out.b[:0]
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
	if a.body.left > 0 {
		_ = closeWrite(a.c.net)
		time.Sleep(lingering)
		return false
	}
	return !a.closes
}

// FlushError sends what has been written.
func (a *answer) FlushError() error {
	a.WriteHeader(http.StatusOK)
	if !a.begun {
		a.begin(nil, false)
	}
	a.send()
	return a.err
}

// SetReadDeadline is for an [http.ResponseController], as the two below.
func (a *answer) SetReadDeadline(deadline time.Time) error {
	a.c.readUntil(deadline)
	return nil
}

// SetWriteDeadline sets the deadline for the answer.
func (a *answer) SetWriteDeadline(deadline time.Time) error {
	return a.c.net.SetWriteDeadline(deadline)
}

// EnableFullDuplex lets the answer begin before all of the request has come.
func (a *answer) EnableFullDuplex() error {
	a.early = true
	return nil
}
