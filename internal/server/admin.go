package server

import (
	"context"
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

// onlyAdminHosts refuses requests to other hosts.
func (s *Server) onlyAdminHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.admins.include(r.Host) {
			exchange.Fail(w, r, errMisdirected)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses requests with which a page of another site would change something.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	var protection http.CrossOriginProtection
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exchange.Fail(w, r, errCrossOrigin)
	}))
	return protection.Handler(next)
}

// Reloaded is the data of POST /reload on the admin listener.
type Reloaded struct {
	RunID string  `json:"run_id"` // of the new model
	MS    float64 `json:"ms"`     // milliseconds that loading it took
}

// reloadModel answers POST /reload with the new model, or with the reason why the old one
// is still served.
func (s *Server) reloadModel(e *exchange.Exchange, r *http.Request) (any, error) {
	// What has been asked for is done, even if the client does not wait for the answer.
	v, err := s.versions.Reload(context.WithoutCancel(r.Context()), "POST /reload by "+by(e, r))
	if err != nil {
		return nil, err
	}
	return Reloaded{v.RunID(), float64(v.Took.Microseconds()) / 1000}, nil
}
