package http1

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxHead   = 4 << 10 // bytes of a request before its body, that is ordinary
	maxFields = 32      // of the header
	maxDigits = 15      // of a Content-Length
)

// A progress is how far the beginning of a request has come.
type progress int

const (
	incomplete progress = iota
	complete
	foreign // for net/http
)

var (
	lineFeed  = []byte("\n")
	lineBreak = []byte("\r\n")
	emptyLine = []byte("\r\n\r\n")
)

// look returns how far a request has come of which b has been read, and the size of its head,
// the lines before the body, when they are complete.
func look(b []byte) (size int, p progress) {
	if end := bytes.Index(b, emptyLine); end >= 0 {
		return end + len(emptyLine), complete
	}
	line := bytes.IndexByte(b, '\n')
	switch {
	case len(b) == maxHead:
		return 0, foreign
	case line < 0:
		return 0, incomplete
	case bytes.Count(b, lineFeed) != bytes.Count(b, lineBreak):
		return 0, foreign // which may be complete to net/http
	}
	if _, _, ok := requestLine(string(b[:line-1])); !ok {
		return 0, foreign // which net/http may refuse at once
	}
	return 0, incomplete
}

// requestLine splits the first line of a request. It is false if the request is not ordinary. The
// method is no part of the line, and keeps nothing of it.
func requestLine(line string) (method, target string, ok bool) {
	target, ok = strings.CutSuffix(line, " HTTP/1.1")
	if !ok {
		return "", "", false
	}
	if target, ok = strings.CutPrefix(target, http.MethodGet+" "); ok {
		method = http.MethodGet
	} else if target, ok = strings.CutPrefix(target, http.MethodPost+" "); ok {
		method = http.MethodPost
	} else {
		return "", "", false
	}
	for i := range len(target) {
		if class[target[i]]&inTarget == 0 {
			return "", "", false
		}
	}
	return method, target, strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//")
}

// A head is what comes before the body of a request. It is used for one after the other.
type head struct {
	method, target, host string
	url                  url.URL // of the target
	length               int64   // of the body
	header               http.Header
	values               [maxFields][1]string // of the header
}

// parse reads a head, which ends in an empty line. It is false if the request is not ordinary.
// The strings of the head are parts of s.
func (h *head) parse(s string) bool {
	line, rest, _ := strings.Cut(s, "\r\n")
	method, target, ok := requestLine(line)
	if !ok {
		return false
	}
	if target != h.target {
		target = strings.Clone(target) // which may stay when the rest of the head is gone
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return false
		}
		h.target, h.url = target, *u
	}
	h.method, h.host, h.length = method, "", -1
	clear(h.header)
	for n := 0; rest != "\r\n"; n++ {
		if line, rest, _ = strings.Cut(rest, "\r\n"); n == maxFields || !h.field(line, &h.values[n]) {
			return false
		}
	}
	h.length = max(h.length, 0)
	return h.host != ""
}

// field reads a line of the header, whose value has a place.
func (h *head) field(line string, place *[1]string) bool {
	colon := strings.IndexByte(line, ':')
	if colon < 0 {
		return false
	}
	name, value := line[:colon], strings.Trim(line[colon+1:], " \t")
	if !isName(name) {
		return false
	}
	for i := range len(value) {
		if class[value[i]]&inValue == 0 {
			return false
		}
	}
	key := http.CanonicalHeaderKey(name)
	switch key {
	case "Host":
		if h.host != "" || value == "" {
			return false
		}
		for i := range len(value) {
			if class[value[i]]&inHost == 0 {
				return false
			}
		}
		h.host = value
		return true // net/http has it in no header
	case "Content-Length":
		if h.length >= 0 || !h.parseLength(value) {
			return false
		}
	case "Connection":
		if !strings.EqualFold(value, "keep-alive") {
			return false
		}
	case "Expect", "Pragma", "Trailer", "Transfer-Encoding", "Upgrade":
		return false
	}
	if values, known := h.header[key]; known {
		h.header[key] = append(values, value)
		return true
	}
	place[0] = value
	h.header[key] = place[:]
	return true
}

// isName reports whether a field can have the name, a token of RFC 9110, 5.6.2.
func isName(name string) bool {
	for i := range len(name) {
		if class[name[i]]&inName == 0 {
			return false
		}
	}
	return name != ""
}

// release forgets what is part of the request.
func (h *head) release() {
	clear(h.header)
	clear(h.values[:])
	h.host = ""
}

func (h *head) parseLength(digits string) bool {
	if len(digits) > maxDigits {
		return false
	}
	length, err := strconv.ParseUint(digits, 10, 63)
	h.length = int64(length)
	return err == nil
}

// Where a character may be. Other places than names have what is common, which is a part of what
// RFC 9110 and RFC 3986 allow.
const (
	inName = 1 << iota
	inValue
	inTarget
	inHost
)

var class = func() (class [256]byte) {
	const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for _, set := range []struct {
		place byte
		bytes string
	}{
		{inName, alphanumeric + "!#$%&'*+-.^_`|~"},
		{inValue, alphanumeric + " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
		{inTarget, alphanumeric + "!$%&'()*+,-./:;=?@_~"},
		{inHost, alphanumeric + "-.:[]_"},
	} {
		for _, c := range []byte(set.bytes) {
			class[c] |= set.place
		}
	}
	return class
}()
