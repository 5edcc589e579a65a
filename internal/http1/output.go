package http1

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"tagifai/internal/memory"
)

const (
	// AtOnce is how much of an answer is sent at a time, with its header. Each Write is a call
	// of the kernel and may wake up the client; of a longer answer they are a small part.
	AtOnce = 16 << 10
	// headerRoom is more than a header as ours takes.
	headerRoom = 512
)

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

// appendHeader appends the status and the header. The body begins with p.
func (a *answer) appendHeader(b, p []byte) []byte {
	header := a.fields()
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(a.status)...)
	b = append(b, "\r\n"...)
	var room [16]string
	names := room[:0]
	for name := range header {
		if isName(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		switch {
		case name == "Content-Length", name == "Transfer-Encoding": // which are written below
		case name == "Connection" && a.closes:
		case name == "Content-Type" && a.status == http.StatusNotModified:
		default:
			for _, value := range header[name] {
				b = appendField(b, name, value)
			}
		}
	}
	if _, has := header["Date"]; !has {
		b = append(b, "Date: "...)
		b = time.Now().UTC().AppendFormat(b, http.TimeFormat)
		b = append(b, "\r\n"...)
	}
	if _, has := header["Content-Type"]; !has && len(p) > 0 && header.Get("Content-Encoding") == "" {
		b = appendField(b, "Content-Type", http.DetectContentType(p))
	}
	if a.closes {
		b = appendField(b, "Connection", "close")
	}
	switch {
	case a.bodiless():
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
			a.sendBytes(p)
			return
		}
		n := min(len(p), max(cap(a.out.b)-len(a.out.b), 0))
		a.out.b = append(a.out.b, p[:n]...)
		if p = p[n:]; len(a.out.b) == cap(a.out.b) {
			a.send()
		}
	}
}

// send sends what has been written.
func (a *answer) send() {
	if a.err == nil && len(a.out.b) > 0 {
		a.sendBytes(a.out.b)
	}
	a.out.b = a.out.b[:0]
}

func (a *answer) sendBytes(p []byte) {
	if _, a.err = a.c.net.Write(p); a.err != nil {
		a.request.end() // the client is gone, or too slow
	}
}
