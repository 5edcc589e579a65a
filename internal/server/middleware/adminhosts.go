package middleware

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"tagifai/internal/config"
	"tagifai/internal/server/exchange"
)

// The admin listener is often on an address that only this machine reaches, and a
// browser on it can be made to ask there by any page. So requests that change something
// must not come from another site, and the name that a client asks for must be one of
// ours: a page can give the name of its own host our address (DNS rebinding).

// Answers to requests that the admin listener refuses.
var (
	ErrMisdirected = errors.New("not a host of the admin listener")
	ErrCrossOrigin = errors.New("a page of another site sent the request")
)

// adminHosts are the names, in lower case, that the admin listener answers to. It always
// answers to addresses.
type adminHosts []string

func newAdminHosts(listen config.Listen) adminHosts {
	hosts := adminHosts{"localhost"}
	if host, _, err := net.SplitHostPort(listen.AdminAddr); err == nil {
		hosts = append(hosts, strings.ToLower(host))
	}
	for _, name := range listen.AdminHosts {
		hosts = append(hosts, strings.ToLower(string(name)))
	}
	return hosts
}

// include reports whether a Host header is an address or one of the names. Clients of
// HTTP/1.0 may send none, which no browser does.
func (h adminHosts) include(host string) bool {
	name := host
	if withoutPort, _, err := net.SplitHostPort(host); err == nil {
		name = withoutPort
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return true
	}
	return name == "" || slices.Contains(h, strings.ToLower(name))
}

// AdminHosts refuses requests to other hosts than those of the admin listener.
func AdminHosts(listen config.Listen) func(http.Handler) http.Handler {
	hosts := newAdminHosts(listen)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !hosts.include(r.Host) {
				exchange.Fail(w, r, ErrMisdirected)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// SameOrigin refuses requests with which a page of another site would change something.
func SameOrigin(next http.Handler) http.Handler {
	var protection http.CrossOriginProtection
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exchange.Fail(w, r, ErrCrossOrigin)
	}))
	return protection.Handler(next)
}
