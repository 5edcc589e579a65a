package server

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// registerProcess adds what is known of the process and of its build.
func registerProcess(registry *prometheus.Registry, version string) {
	registry.MustRegister(
		buildInfo(version),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
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

// newRejected returns a counter of rejected requests by reason.
func newRejected(registry *prometheus.Registry) *prometheus.CounterVec {
	rejected := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tagifai_rejected_requests_total",
		Help: "Requests that were answered with an error that is not a failure of the service, by reason.",
	}, []string{"reason"})
	registry.MustRegister(rejected)
	// So that all reasons are there from the start, with 0.
	for _, row := range refusals {
		rejected.WithLabelValues(row.reason)
	}
	for _, reason := range []string{invalidRequest, bodyTooLarge, badCredential, forbidden} {
		rejected.WithLabelValues(reason)
	}
	return rejected
}

// newCutOff returns a counter of connections.
func newCutOff(registry *prometheus.Registry) prometheus.Counter {
	cutOff := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tagifai_cut_off_connections_total",
		Help: "Connections, or streams of HTTP/2, that were closed because the client took too little of an answer.",
	})
	registry.MustRegister(cutOff)
	return cutOff
}

// showMetrics answers GET /metrics.
func showMetrics(registry *prometheus.Registry) http.HandlerFunc {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 16}).ServeHTTP
}
