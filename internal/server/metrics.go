package server

import (
	"net/http"
	"runtime"
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tagifai/internal/server/exchange"
)

// metrics are what Prometheus can ask about the requests. The names of those that any
// HTTP server has are OpenTelemetry's. A label has only values of our own, whatever
// clients send: routes, the methods of HTTP, statuses, reasons.
type metrics struct {
	registry *prometheus.Registry

	duration *prometheus.HistogramVec // by method, route, status
	active   prometheus.Gauge
	rejected *prometheus.CounterVec // by reason

	principals *principals
	cutOff     prometheus.Counter
	handshakes prometheus.Counter // that failed
}

func newMetrics(registry *prometheus.Registry, version string) *metrics {
	m := &metrics{
		registry: registry,
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_server_request_duration_seconds",
			Help: "From the end of a request's header to the end of its answer. The route is empty for a path that no route has.",
			// From a prediction of one text to the deadline of an answer.
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"http_request_method", "http_route", "http_response_status_code"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_server_active_requests",
			Help: "Requests that are not answered yet, including those that still arrive or wait for their turn.",
		}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_rejected_requests_total",
			Help: "Requests that were answered with an error that is not a failure of the service, by reason.",
		}, []string{"reason"}),
		cutOff: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tagifai_cut_off_connections_total",
			Help: "Connections, or streams of HTTP/2, that were closed because the client took too little of an answer.",
		}),
		handshakes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tagifai_failed_tls_handshakes_total",
			Help: "Connections that ended before TLS was agreed on, such as those of clients without a certificate that is asked for.",
		}),
		principals: newPrincipals(),
	}
	m.registry.MustRegister(
		m.duration, m.active, m.rejected, m.cutOff, m.handshakes, m.principals.vec, buildInfo(version),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	// So that all reasons are there from the start, with 0.
	for _, p := range problems {
		m.rejected.WithLabelValues(p.reason)
	}
	for _, reason := range []string{invalidRequest, bodyTooLarge, badCredential, forbidden} {
		m.rejected.WithLabelValues(reason)
	}
	return m
}

// buildInfo says which build of the service this is, in its labels.
func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tagifai_build_info",
		Help: "1, with the version of the service and what it was built with and for.",
		ConstLabels: prometheus.Labels{
			"version": version, "goversion": runtime.Version(), "goos": runtime.GOOS, "goarch": runtime.GOARCH,
		},
	}, func() float64 { return 1 })
}

// handler serves the metrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 16})
}

// observe measures each request.
func (m *metrics) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.active.Inc()
		// Deferred, as the recoverer lets http.ErrAbortHandler pass.
		defer func() {
			m.active.Dec()
			e := exchange.Of(w)
			route := chi.RouteContext(r.Context()).RoutePattern()
			m.duration.WithLabelValues(methodLabel(r.Method), route, statusLabel(e.Status)).Observe(e.Took.Seconds())
		}()
		next.ServeHTTP(w, r)
	})
}

// statusLabel returns the status in digits, for that of most answers without an allocation.
func statusLabel(status int) string {
	if status == http.StatusOK {
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
