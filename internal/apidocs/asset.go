package apidocs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"tagifai/internal/accept"
)

// How a client may use its copy: only after asking whether it is still valid, or for an
// hour without asking.
const (
	revalidate = "no-cache"
	keep       = "public, max-age=3600"
)

// An asset is a file that does not change while the service runs.
type asset struct {
	contentType string
	cache       string
	policy      string // the Content-Security-Policy of a page
	// Made at the first request, so that starting costs nothing.
	body       func() []byte
	etag       func() string
	compressed func() []byte // nil if it would be no smaller
}

// newAsset returns an asset whose bytes body makes.
func newAsset(contentType, cache string, body func() []byte) *asset {
	body = sync.OnceValue(body)
	return &asset{
		contentType: contentType,
		cache:       cache,
		body:        body,
		etag:        etagOf(body),
		compressed: sync.OnceValue(func() []byte {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = w.Write(body()) // to memory: it cannot fail
			_ = w.Close()
			if b.Len() >= len(body()) {
				return nil
			}
			return b.Bytes()
		}),
	}
}

// newPacked returns an asset to keep whose bytes, compressed by gzip, packed returns. They
// are decompressed for the first client that does not take them as they are.
func newPacked(contentType string, packed func() []byte) *asset {
	packed = sync.OnceValue(packed)
	return &asset{
		contentType: contentType,
		cache:       keep,
		body: sync.OnceValue(func() []byte {
			r, err := gzip.NewReader(bytes.NewReader(packed()))
			if err != nil {
				panic(err) // a test has read all of them
			}
			return must(io.ReadAll(r))
		}),
		etag:       etagOf(packed),
		compressed: packed,
	}
}

// etagOf returns what makes a validator of bytes.
func etagOf(bytes func() []byte) func() string {
	return sync.OnceValue(func() string {
		sum := sha256.Sum256(bytes())
		return hex.EncodeToString(sum[:8])
	})
}

// ServeHTTP answers GET and HEAD.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	var body []byte
	etag := `"` + a.etag() + `"`
	if accept.Gzip(r.Header["Accept-Encoding"]) && a.compressed() != nil {
		// Other bytes are another entity, and a strong validator has to tell.
		body, etag = a.compressed(), `"`+a.etag()+`-gzip"`
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.Itoa(len(body))) // ServeContent sets none for encoded content
	} else {
		body = a.body()
	}
	header.Add("Vary", "Accept-Encoding")
	header.Set("Cache-Control", a.cache)
	header.Set("Content-Type", a.contentType)
	header.Set("ETag", etag)
	if a.policy != "" {
		header.Set("Content-Security-Policy", a.policy)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
