package server

import (
	"net/http"
	"net/netip"

	"tagifai/internal/config"
	"tagifai/internal/ratelimit"
)

// client returns who has sent the request: its principal, or else its address.
func (e *exchange) client() ratelimit.Client {
	if e.principal != nil {
		return ratelimit.Principal(e.principal.ID())
	}
	if withPort, err := netip.ParseAddrPort(e.remote); err == nil {
		return ratelimit.Address(withPort.Addr())
	}
	addr, _ := netip.ParseAddr(e.remote) // what has no address is one client
	return ratelimit.Address(addr)
}

// limited lets a handler answer clients that have not sent too much.
func (s *Server) limited(n need, next http.HandlerFunc) http.HandlerFunc {
	if s.clients == nil || n.part == config.OpenHealth || n.part == config.OpenMetrics {
		return next // probes have to be answered
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.countRequest(exchangeOf(w)); err != nil {
			s.fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// countRequest takes a request from what its client has left.
func (s *Server) countRequest(e *exchange) error {
	if s.clients == nil {
		return nil
	}
	client := e.client()
	err := s.clients.Request(client, e.start)
	e.Header().Set("RateLimit-Policy", s.clients.Policy())
	e.Header().Set("RateLimit", s.clients.Left(client, e.start))
	return err
}

// countTexts takes the texts of a request from what its client has left.
func (s *Server) countTexts(e *exchange, n int) error {
	if s.clients == nil {
		return nil
	}
	client := e.client()
	err := s.clients.Texts(client, n, e.start)
	e.Header().Set("RateLimit", s.clients.Left(client, e.start))
	return err
}
