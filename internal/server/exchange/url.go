package exchange

import (
	"net"
	"net/http"
	"strings"
)

// appendURL appends the URL of a request, with the host and target as the client
// sent them.
func (e *Exchange) appendURL(b []byte, r *http.Request) []byte {
	scheme, host, target := "http", r.Host, r.RequestURI
	if r.TLS != nil {
		scheme = "https"
	}
	if target == "" { // a request made in process
		target = r.URL.RequestURI()
	}
	// A client that takes this server for a proxy sends the whole.
	if before, after, found := strings.Cut(target, "://"); found && target[0] != '/' && r.URL.IsAbs() {
		end := strings.IndexAny(after+"/", "/?")
		scheme, host, target = before, after[:end], after[end:]
	}
	if host == "" { // HTTP/1.0
		if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			host = addr.String()
		}
	}
	if e.Scheme != "" {
		scheme = e.Scheme
	}
	if e.Host != "" {
		host = e.Host
	}
	b = append(append(append(b, scheme...), "://"...), host...)
	return append(append(b, e.Prefix...), target...)
}
