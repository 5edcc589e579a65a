package server

import (
	"net/http"
	"net/netip"

	"tagifai/internal/config"
	"tagifai/internal/ratelimit"
	"tagifai/internal/server/exchange"
)

// clientOf returns who has sent the request of e: its principal, or else its address.
func clientOf(e *exchange.Exchange) ratelimit.Client {
	if e.Principal != nil {
		return ratelimit.Principal(e.Principal.ID())
	}
	if withPort, err := netip.ParseAddrPort(e.Remote); err == nil {
		return ratelimit.Address(withPort.Addr())
	}
	addr, _ := netip.ParseAddr(e.Remote) // what has no address is one client
	return ratelimit.Address(addr)
}

// limited lets a handler answer clients that have not sent too much.
func (s *Server) limited(n need, next http.HandlerFunc) http.HandlerFunc {
	if s.clients == nil || n.part == config.OpenHealth || n.part == config.OpenMetrics {
		return next // probes have to be answered
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.countRequest(exchange.Of(w)); err != nil {
			exchange.Fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// countRequest takes a request from what its client has left.
func (s *Server) countRequest(e *exchange.Exchange) error {
	if s.clients == nil {
		return nil
	}
	client := clientOf(e)
	err := s.clients.Request(client, e.Start)
	e.Header().Set("RateLimit-Policy", s.clients.Policy())
	e.Header().Set("RateLimit", s.clients.Left(client, e.Start))
	return err
}

// countTexts takes the texts of a request from what its client has left.
func (s *Server) countTexts(e *exchange.Exchange, n int) error {
	if s.clients == nil {
		return nil
	}
	client := clientOf(e)
	err := s.clients.Texts(client, n, e.Start)
	e.Header().Set("RateLimit", s.clients.Left(client, e.Start))
	return err
}
