package middleware

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/server/exchange"
)

// Metrics measures each request. The names are OpenTelemetry's. A label has only values of our
// own, whatever clients send: routes, the methods of HTTP, statuses.
func Metrics(registry *prometheus.Registry) func(http.Handler) http.Handler {
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_server_request_duration_seconds",
		Help: "From the end of a request's header to the end of its answer. The route is empty for a path that no route has, the status for a connection that was broken off without an answer.",
		// From a prediction of one text to the deadline of an answer.
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
	}, []string{"http_request_method", "http_route", "http_response_status_code"})
	active := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "http_server_active_requests",
		Help: "Requests that are not answered yet, including those that still arrive or wait for their turn.",
	})
	registry.MustRegister(duration, active)
	return func(next http.Handler) http.Handler { return &requestMetrics{next, duration, active} }
}

type requestMetrics struct {
	next     http.Handler
	duration *prometheus.HistogramVec
	active   prometheus.Gauge
}

func (m *requestMetrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.active.Inc()
	defer m.observe(w, r) // deferred, as the recoverer lets http.ErrAbortHandler pass
	m.next.ServeHTTP(w, r)
}

// observe measures a request that was answered.
func (m *requestMetrics) observe(w http.ResponseWriter, r *http.Request) {
	m.active.Dec()
	e := exchange.Of(w)
	route := chi.RouteContext(r.Context()).RoutePattern()
	m.duration.WithLabelValues(methodLabel(r.Method), route, statusLabel(e.Status)).Observe(e.Took.Seconds())
}

// statusLabel returns the status in digits, for that of most answers without an allocation.
// It is empty if there was no answer.
func statusLabel(status int) string {
	switch status {
	case 0:
		return ""
	case http.StatusOK:
		return "200"
	}
	return strconv.Itoa(status)
}

// methodLabel returns the method if it is one of HTTP's, and otherwise OpenTelemetry's
// word for an unknown one.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace, http.MethodPatch:
		return method
	}
	return "_OTHER"
}
