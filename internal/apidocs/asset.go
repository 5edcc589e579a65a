package apidocs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// How long a client may use what it has: asking each time whether it still
// holds, or without asking for an hour.
const (
	revalidate = "no-cache"
	keep       = "public, max-age=3600"
)

// An asset is a file that does not change while the service runs.
type asset struct {
	contentType string
	cache       string
	policy      string // the Content-Security-Policy of a page
	// Made for the first who asks, so that starting costs nothing.
	body       func() []byte
	etag       func() string
	compressed func() []byte
}

// newAsset returns an asset whose bytes body makes.
func newAsset(contentType, cache string, body func() []byte) *asset {
	body = sync.OnceValue(body)
	return &asset{
		contentType: contentType,
		cache:       cache,
		body:        body,
		etag: sync.OnceValue(func() string {
			sum := sha256.Sum256(body())
			return hex.EncodeToString(sum[:8])
		}),
		compressed: sync.OnceValue(func() []byte {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = w.Write(body()) // to memory: it cannot fail
			_ = w.Close()
			return b.Bytes()
		}),
	}
}

// ServeHTTP answers GET and HEAD.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	body, etag := a.body(), `"`+a.etag()+`"`
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		// Other bytes are another entity, which a strong validator has to tell.
		body, etag = a.compressed(), `"`+a.etag()+`-gzip"`
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", a.cache)
	header.Set("ETag", etag)
	header.Set("X-Content-Type-Options", "nosniff")
	if a.policy != "" {
		header.Set("Content-Security-Policy", a.policy)
	}
	if matches(r.Header.Values("If-None-Match"), etag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", a.contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// acceptsGzip reports whether an Accept-Encoding names gzip, or all that it does
// not name, and not with a weight of zero.
func acceptsGzip(accept []string) bool {
	byStar := false
	for element := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		coding, weight, weighted := strings.Cut(element, ";")
		accepted := true
		if weighted {
			_, q, _ := strings.Cut(weight, "=")
			value, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			accepted = err == nil && value > 0
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return accepted
		case "*":
			byStar = accepted
		}
	}
	return byStar
}

// matches reports whether an If-None-Match names the entity. The comparison is
// the weak one: a proxy that compresses for us makes our validators weak.
func matches(ifNoneMatch []string, etag string) bool {
	for element := range strings.SplitSeq(strings.Join(ifNoneMatch, ","), ",") {
		element = strings.TrimSpace(element)
		if element == "*" || strings.TrimPrefix(element, "W/") == etag {
			return true
		}
	}
	return false
}
