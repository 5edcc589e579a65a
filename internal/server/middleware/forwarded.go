package middleware

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"tagifai/internal/config"
	"tagifai/internal/server/exchange"
)

// A front is what stands between clients and the service: a proxy that removes a path
// from the URL, and proxies whose headers about the client are believed. The same headers
// from anyone else are ignored, and so are values that are no scheme, host or path: a bad
// header is never an error.
type front struct {
	config.Proxy
	next http.Handler
}

// Forwarded notes in the exchange who the client is and how it sees the service.
func Forwarded(proxy config.Proxy) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return &front{proxy, next} }
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := exchange.Of(w)
	e.Prefix, e.Remote = string(f.RootPath), r.RemoteAddr
	if len(f.TrustedProxies) > 0 {
		f.believe(e, r)
	}
	f.next.ServeHTTP(w, r)
}

func (f *front) trusts(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(f.TrustedProxies, func(network config.Network) bool { return network.Contains(addr) })
}

// believe notes in the exchange what the peer says, if it is a trusted proxy.
func (f *front) believe(e *exchange.Exchange, r *http.Request) {
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !f.trusts(peer.Addr()) {
		return
	}
	header := r.Header
	if client := f.client(header.Values("X-Forwarded-For")); client.IsValid() {
		e.Remote = client.String()
	}
	if scheme := strings.ToLower(last(header, "X-Forwarded-Proto")); scheme == "http" || scheme == "https" {
		e.Scheme = scheme
	}
	if host := last(header, "X-Forwarded-Host"); config.IsHost(host) {
		e.Host = host
	}
	if prefix := last(header, "X-Forwarded-Prefix"); prefix != "" {
		var path config.Path
		if path.UnmarshalText([]byte(prefix)) == nil {
			e.Prefix = string(path)
		}
	}
}

// client returns the address of the client. Each proxy appends the address that it got
// the request from. So the client is the last address that does not belong to a trusted
// proxy; the client may have made up those before it. If all belong to trusted proxies,
// the first is the client, where chi's ClientIPFromXFF finds none.
func (f *front) client(forwardedFor []string) netip.Addr {
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

// last returns the last value of a header, which is the one that the nearest proxy wrote.
func last(header http.Header, name string) string {
	values := header.Values(name)
	if len(values) == 0 {
		return ""
	}
	value := values[len(values)-1]
	return strings.TrimSpace(value[strings.LastIndexByte(value, ',')+1:])
}
