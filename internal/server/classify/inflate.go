package classify

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tagifai/internal/jsonbody"
	"tagifai/internal/server/exchange"
)

// What inflating a body takes beside the body.
const (
	gzipBytes  = 64 << 10
	zstdWindow = 1 << 20 // of a body that looks further back than that, an error
	zstdBytes  = 3 * zstdWindow
)

// inflate lets the body of r, if it is compressed, be read as it was before. The limits on
// bodies count what is read. It returns how many bytes that takes, and what ends it. A body
// in another coding is left to who reads it.
func (c *Classifier) inflate(e *exchange.Exchange, r *http.Request) (held int, end func(), err error) {
	end = func() {}
	coding := exchange.First(r.Header, "Content-Encoding")
	if coding == "" {
		return 0, end, nil
	}
	if r.ContentLength > c.limits.Body {
		return 0, end, &http.MaxBytesError{Limit: c.limits.Body}
	}
	var inflated io.Reader
	switch strings.ToLower(coding) {
	case "gzip", "x-gzip":
		if err := e.Hold(gzipBytes); err != nil {
			return 0, end, err
		}
		held = gzipBytes
		inflated, err = gzip.NewReader(r.Body)
	case "zstd":
		if err := e.Hold(zstdBytes); err != nil {
			return 0, end, err
		}
		held = zstdBytes
		var decoder *zstd.Decoder
		decoder, err = zstd.NewReader(r.Body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err == nil {
			inflated, end = decoder, decoder.Close
		}
	default:
		return 0, end, nil
	}
	if err != nil {
		return 0, end, fmt.Errorf("%w: %w", jsonbody.ErrUnreadable, err)
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{inflated, r.Body}
	r.ContentLength = -1
	delete(r.Header, "Content-Encoding")
	return held, end, nil
}
