package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A front is how clients reach the service: by a path of their own, which a proxy
// takes off before it passes a request on, and through proxies that are trusted to
// tell the truth about the client. What others say in the same headers is ignored,
// as is what is no scheme, host or path: a header is a hint and never an error.
type front struct {
	rootPath string // as [Options.RootPath]: "" or "/tagger"
	trusted  []netip.Prefix
}

func newFront(rootPath string, trustedProxies []string) (front, error) {
	f := front{trusted: make([]netip.Prefix, 0, len(trustedProxies))}
	var ok bool
	if f.rootPath, ok = parseRootPath(rootPath); !ok {
		return front{}, fmt.Errorf("root path %q: want one such as /tagger, of letters, digits and -._~", rootPath)
	}
	for _, s := range trustedProxies {
		network, err := parseNetwork(s)
		if err != nil {
			return front{}, fmt.Errorf("trusted proxy %q: %w", s, err)
		}
		f.trusted = append(f.trusted, network)
	}
	return f, nil
}

// parseNetwork reads an IP address, or a network in CIDR notation.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(s)
	switch {
	case err != nil || network.Addr().Is4In6():
		return netip.Prefix{}, errors.New("want an IP address, or a network such as 10.0.0.0/8")
	case network != network.Masked():
		return netip.Prefix{}, fmt.Errorf("an address within a network: want %s or %s", network.Addr(), network.Masked())
	}
	return network, nil
}

// parseRootPath reads a path without a slash at its end. It has nothing in it that
// has a meaning in a URL, a header or HTML.
func parseRootPath(s string) (string, bool) {
	s = strings.TrimSuffix(s, "/")
	if s == "" {
		return "", true
	}
	segments := strings.Split(s, "/")
	ok := segments[0] == "" && !slices.ContainsFunc(segments[1:], func(segment string) bool {
		return segment == "" || segment == "." || segment == ".." || strings.Trim(segment, unreserved) != ""
	})
	return s, ok
}

// unreserved are the characters that need no escape anywhere in a URL.
const unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

// forwarded notes in the exchange how the client sees the service, and who it is.
func (f front) forwarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := exchangeOf(w)
		e.prefix, e.remote = f.rootPath, r.RemoteAddr
		if len(f.trusted) > 0 {
			if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && f.trusts(peer.Addr()) {
				f.believe(e, r.Header)
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (f front) trusts(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(f.trusted, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// believe takes what a trusted proxy says into the exchange.
func (f front) believe(e *exchange, header http.Header) {
	if client := f.client(header.Values("X-Forwarded-For")); client.IsValid() {
		e.remote = client.String()
	}
	if scheme := strings.ToLower(last(header, "X-Forwarded-Proto")); scheme == "http" || scheme == "https" {
		e.scheme = scheme
	}
	if host := last(header, "X-Forwarded-Host"); isHost(host) {
		e.host = host
	}
	if prefix := last(header, "X-Forwarded-Prefix"); prefix != "" {
		if path, ok := parseRootPath(prefix); ok {
			e.prefix = path
		}
	}
}

// client returns the address of the client: each proxy has added the one it got
// the request from, so it is the last that is no trusted proxy's, and what stands
// before it is the client's own invention. A trusted proxy is a client as well if
// there is nobody behind it; chi's ClientIPFromXFF finds none then.
func (f front) client(forwardedFor []string) netip.Addr {
	var client netip.Addr
	hops := strings.Split(strings.Join(forwardedFor, ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		client = addr
		if !f.trusts(addr) {
			break
		}
	}
	return client
}

// parseHop reads an address, to which some proxies add the port.
func parseHop(s string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Unmap(), nil
	}
	withPort, err := netip.ParseAddrPort(s)
	return withPort.Addr().Unmap(), err
}

// last returns the last value of a header: the one that the proxy next to us has
// written, where it has added to those of others, maybe a client's.
func last(header http.Header, name string) string {
	values := header.Values(name)
	if len(values) == 0 {
		return ""
	}
	value := values[len(values)-1]
	return strings.TrimSpace(value[strings.LastIndexByte(value, ',')+1:])
}

// isHost reports whether s is a name or an address, with or without a port.
func isHost(s string) bool {
	name := s
	if colon := strings.LastIndexByte(s, ':'); colon >= 0 && !strings.HasSuffix(s, "]") {
		if _, err := strconv.ParseUint(s[colon+1:], 10, 16); err != nil {
			return false
		}
		name = s[:colon]
	}
	if v6, ok := strings.CutPrefix(name, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(v6, "]"))
		return err == nil && addr.Is6() && addr.Zone() == "" && strings.HasSuffix(v6, "]")
	}
	return name != "" && len(name) <= 255 && strings.Trim(name, unreserved) == ""
}

// appendURL appends the URL of a request, with the host and target as the client
// sent them.
func (e *exchange) appendURL(b []byte, r *http.Request) []byte {
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
	if e.scheme != "" {
		scheme = e.scheme
	}
	if e.host != "" {
		host = e.host
	}
	b = append(append(append(b, scheme...), "://"...), host...)
	return append(append(b, e.prefix...), target...)
}
