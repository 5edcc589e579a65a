package middleware

import (
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/server/exchange"
)

// Metrics measures each request. The names are OpenTelemetry's. A label has only values of our
// own, whatever clients send: routes, the methods of HTTP, statuses.
func Metrics(registry *prometheus.Registry) func(http.Handler) http.Handler {
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_server_request_duration_seconds",
		Help: "From the end of a request's header to the end of its answer. The route is empty for a path that no route has.",
		// From a prediction of one text to the deadline of an answer.
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
	}, []string{"http_request_method", "http_route", "http_response_status_code"})
	active := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "http_server_active_requests",
		Help: "Requests that are not answered yet, including those that still arrive or wait for their turn.",
	})
	registry.MustRegister(duration, active)
	return func(next http.Handler) http.Handler {
		return &requestMetrics{next: next, duration: duration, active: active}
	}
}

type requestMetrics struct {
	next     http.Handler
	duration *prometheus.HistogramVec
	active   prometheus.Gauge
	last     atomic.Pointer[durations] // of the request before, which most are like: 0.1 µs less
}

// durations are those of requests with the same labels.
type durations struct {
	method, route string
	status        int
	prometheus.Observer
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
	m.durations(r.Method, route, e.Status).Observe(e.Took.Seconds())
}

// durations returns those of requests with these labels.
func (m *requestMetrics) durations(method, route string, status int) *durations {
	d := m.last.Load()
	if d == nil || d.status != status || d.route != route || d.method != method {
		method = methodLabel(method)
		d = &durations{method, route, status, m.duration.WithLabelValues(method, route, strconv.Itoa(status))}
		m.last.Store(d)
	}
	return d
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
