package http1

import (
	"net/http"
	"net/url"
)

// A Head is what is read of an ordinary request before its body.
type Head struct {
	Method, Target, Host string
	URL                  url.URL
	Length               int64
	Header               http.Header
	Size                 int // in bytes
}

// A Reader reads the heads of a connection.
type Reader struct{ head head }

// NewReader returns a reader that has read nothing.
func NewReader() *Reader { return &Reader{head{header: make(http.Header)}} }

// Read reads the head at the beginning of b. It is ordinary if it is complete and parsed, and
// may yet be if it is the beginning of one.
func (r *Reader) Read(b []byte) (h Head, ordinary, may bool) {
	size, p := look(b)
	switch {
	case p == incomplete:
		return Head{}, false, true
	case p == foreign || !r.head.parse(string(b[:size])):
		return Head{}, false, false
	}
	return Head{r.head.method, r.head.target, r.head.host, r.head.url, r.head.length, r.head.header, size}, true, true
}
