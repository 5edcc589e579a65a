package admission

import (
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/config"
	"tagifai/internal/ratelimit"
	"tagifai/internal/server/exchange"
)

// newClients returns limits for each client, nil without any.
func newClients(limits config.Clients, metrics *prometheus.Registry) *ratelimit.Limiter {
	clients := ratelimit.New(limits)
	if clients != nil {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tagifai_limited_clients",
			Help: "Clients that are remembered, as what they may ask for is limited.",
		}, func() float64 { return float64(clients.Len()) }))
	}
	return clients
}

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

// Limited lets a handler answer clients that have not sent too much.
func (a *Admission) Limited(n Need, next http.HandlerFunc) http.HandlerFunc {
	if a.clients == nil || n.Part == config.OpenHealth || n.Part == config.OpenMetrics {
		return next // probes have to be answered
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if err := a.CountRequest(exchange.Of(w)); err != nil {
			exchange.Fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// CountRequest takes a request from what its client has left.
func (a *Admission) CountRequest(e *exchange.Exchange) error {
	if a.clients == nil {
		return nil
	}
	client := clientOf(e)
	err := a.clients.Request(client, e.Start)
	e.Header().Set("RateLimit-Policy", a.clients.Policy())
	e.Header().Set("RateLimit", a.clients.Left(client, e.Start))
	return err
}

// CountTexts takes the texts of a request from what its client has left.
func (a *Admission) CountTexts(e *exchange.Exchange, n int) error {
	if a.clients == nil {
		return nil
	}
	client := clientOf(e)
	err := a.clients.Texts(client, n, e.Start)
	e.Header().Set("RateLimit", a.clients.Left(client, e.Start))
	return err
}
