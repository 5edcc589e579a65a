package exchange

import (
	"io"
	"net/http"
	"slices"

	"github.com/klauspost/compress/gzip"

	"tagifai/internal/accept"
	"tagifai/internal/memory"
)

// Long answers are compressed where the client accepts it, by gzip at the level that keeps
// nothing between two writes. On our answers it is as fast as other levels and as zstd, and
// those hold between 300 KiB and 1 MiB for as long as a client reads. While it works it has
// some 300 KiB, which the library pools: they are for a processor, not for a request.
//
// The size of what is compressed tells how alike its parts are. No answer has a secret in it
// beside words of the client.

// smallAnswer is the size up to which an answer is not worth it.
const smallAnswer = 1 << 10

// encodings is the Content-Encoding of what is compressed.
var encodings = []string{"gzip"}

// negotiate reports whether the answer with value, which is no small one, is to be
// compressed. Caches are told that it depends on the client.
func negotiate(w http.ResponseWriter, r *http.Request, value any) bool {
	if !Of(w).dialect.Compresses(value) {
		return false
	}
	w.Header().Add("Vary", "Accept-Encoding")
	return accept.Gzip(r.Header["Accept-Encoding"])
}

// compress returns the answer b compressed, in a buffer in place of its own, if that is
// smaller and there is memory for both. Otherwise it returns what it was given.
func compress(w http.ResponseWriter, buffer *[]byte, b []byte) (*[]byte, []byte) {
	e := Of(w)
	smaller := memory.GetBuffer(len(b))
	if e.Hold(cap(b)+cap(*smaller)) != nil {
		memory.PutBuffer(smaller, *smaller)
		return buffer, b
	}
	compressed := fixed{*smaller}
	z := newGzip(&compressed)
	_, err := z.Write(b)
	if err == nil {
		err = z.Close()
	}
	if err == nil && len(compressed.b) < len(b) {
		w.Header()["Content-Encoding"] = encodings
		buffer, smaller, b, compressed.b = smaller, buffer, compressed.b, b
	}
	memory.PutBuffer(smaller, compressed.b)
	_ = e.Hold(cap(b)) // there is always room for less
	return buffer, b
}

func newGzip(w io.Writer) *gzip.Writer {
	z, err := gzip.NewWriterLevel(w, gzip.StatelessCompression)
	if err != nil { // there is no such level
		panic(err)
	}
	return z
}

// fixed is a buffer that does not grow.
type fixed struct{ b []byte }

func (f *fixed) Write(p []byte) (int, error) {
	if len(p) > cap(f.b)-len(f.b) {
		return 0, io.ErrShortBuffer
	}
	f.b = append(f.b, p...)
	return len(p), nil
}

// A compressor compresses an answer on its way.
type compressor struct {
	w          io.Writer
	z          *gzip.Writer
	compressed fixed
}

const (
	// compressorBytes is what a compressor takes: compressed bytes that are to be sent.
	compressorBytes = 32 << 10
	// pieceSize is how much is compressed at a time. What cannot be is a little longer then.
	pieceSize = compressorBytes - 1<<10
)

func newCompressor(w http.ResponseWriter, buffer *[]byte) *compressor {
	w.Header()["Content-Encoding"] = encodings
	c := &compressor{w: w, compressed: fixed{*buffer}}
	c.z = newGzip(&c.compressed)
	return c
}

// Write sends a piece when the library is done with it: while the client is waited for,
// nothing of the library's is in use.
func (c *compressor) Write(p []byte) (int, error) {
	for piece := range slices.Chunk(p, pieceSize) {
		if _, err := c.z.Write(piece); err != nil {
			return 0, err
		}
		if err := c.send(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Close sends the end. It is left out if not all of the answer was written, or the client
// would take a part for the whole.
func (c *compressor) Close() error {
	if err := c.z.Close(); err != nil {
		return err
	}
	return c.send()
}

func (c *compressor) send() error {
	_, err := c.w.Write(c.compressed.b)
	c.compressed.b = c.compressed.b[:0]
	return err
}
