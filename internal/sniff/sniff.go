// Package sniff tells text from other files by their first bytes.
package sniff

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// size is the number of bytes that [Text] looks at.
const size = 512

// Text returns an error that names the type of data, of which it looks at the
// beginning, unless that may be text in UTF-8 or in an 8-bit encoding.
func Text(data []byte) error {
	data = data[:min(len(data), size)]
	switch kind, charset, _ := strings.Cut(http.DetectContentType(data), "; charset="); {
	case strings.HasPrefix(charset, "utf-16"):
		return fmt.Errorf("is text in %s; save it in UTF-8", strings.ToUpper(charset[:len("utf-16")]))
	case strings.HasPrefix(kind, "text/"):
		return nil
	case kind == "application/x-gzip":
		return errors.New("is compressed by gzip; unpack it first")
	case kind != "application/octet-stream":
		return fmt.Errorf("is not text, but of type %s", kind)
	case validUTF8(data):
		return nil // with control characters
	}
	return errors.New("is not text, but binary data")
}

// validUTF8 reports whether data is valid, if its last character may be cut.
func validUTF8(data []byte) bool {
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(data)
		}
		data = data[n:]
	}
	return true
}
