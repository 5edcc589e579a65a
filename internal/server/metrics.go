package server

import (
	"net/http"
	"runtime"
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tagifai/model"
)

// metrics are what Prometheus asks for. The names of those that any HTTP server has
// are OpenTelemetry's. A label has only values of our own, whatever clients send:
// routes, the methods of HTTP, statuses, classes, reasons.
type metrics struct {
	registry *prometheus.Registry

	duration *prometheus.HistogramVec // by method, route, status
	active   prometheus.Gauge
	rejected *prometheus.CounterVec // by reason

	texts      *prometheus.CounterVec // by tag
	confidence prometheus.Histogram
	fallbacks  prometheus.Counter

	model         *prometheus.GaugeVec
	loading       prometheus.Gauge
	reloads       *prometheus.CounterVec // by outcome
	reloadTime    prometheus.Gauge
	reloadSuccess prometheus.Gauge
}

const (
	reloadSucceeded = "success"
	reloadFailed    = "failure"
)

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_server_request_duration_seconds",
			Help: "From the end of a request's header to the end of its answer. The route is empty for a path that no route has.",
			// From a prediction of one text to the deadline of an answer.
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"http_request_method", "http_route", "http_response_status_code"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_server_active_requests",
			Help: "Requests that are not answered yet, those that still arrive or wait for their turn among them.",
		}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_rejected_requests_total",
			Help: "Requests that were answered with an error that is not a failure of the service, by reason.",
		}, []string{"reason"}),
		texts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_predicted_texts_total",
			Help: "Texts predicted, by the tag they got.",
		}, []string{"tag"}),
		confidence: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "tagifai_prediction_confidence",
			Help:    "Probability of the most probable class, of each text predicted.",
			Buckets: prometheus.LinearBuckets(.1, .1, 9),
		}),
		fallbacks: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tagifai_fallback_texts_total",
			Help: "Texts that got the tag other because their most probable class was not above its threshold.",
		}),
		model: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tagifai_model_info",
			Help: "1, with what is known of the model that is served.",
		}, []string{"run_id", "format", "classes", "ngrams"}),
		loading: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tagifai_model_load_seconds",
			Help: "How long it took to load the model that is served.",
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_model_reloads_total",
			Help: "Times that the model was to be loaded anew, by outcome.",
		}, []string{"outcome"}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tagifai_model_last_reload_timestamp_seconds",
			Help: "When the model was last to be loaded anew, or at first; Unix time.",
		}),
		reloadSuccess: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tagifai_model_last_reload_success",
			Help: "1 if that succeeded, 0 if the model from before it is served on.",
		}),
	}
	m.registry.MustRegister(
		m.duration, m.active, m.rejected, m.texts, m.confidence, m.fallbacks,
		buildInfo(version), m.model, m.loading, m.reloads, m.reloadTime, m.reloadSuccess,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	// So that they are there, with 0, before the first of their kind.
	for _, p := range problems {
		m.rejected.WithLabelValues(p.reason)
	}
	m.rejected.WithLabelValues(invalidRequest)
	m.rejected.WithLabelValues(bodyTooLarge)
	m.reloads.WithLabelValues(reloadSucceeded)
	m.reloads.WithLabelValues(reloadFailed)
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
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// textsOf returns the counters of texts for classes.
func (m *metrics) textsOf(classes []string) []prometheus.Counter {
	counters := make([]prometheus.Counter, len(classes))
	for i, class := range classes {
		counters[i] = m.texts.WithLabelValues(class)
	}
	return counters
}

// predicted counts a text.
func (m *metrics) predicted(by *serving, a model.Answer) {
	by.texts[a.Class].Inc()
	m.confidence.Observe(a.Confidence)
	if a.Fallback {
		m.fallbacks.Inc()
	}
}

// serves notes which model is served from now on.
func (m *metrics) serves(now *serving) {
	m.model.Reset()
	m.model.WithLabelValues(now.RunID(), now.Format(), strconv.Itoa(len(now.texts)), strconv.Itoa(now.NGrams())).Set(1)
	m.loading.Set(now.loading.Seconds())
	m.loaded(nil)
}

// reloaded notes that the model was to be loaded anew.
func (m *metrics) reloaded(err error) {
	outcome := reloadSucceeded
	if err != nil {
		outcome = reloadFailed
	}
	m.reloads.WithLabelValues(outcome).Inc()
	m.loaded(err)
}

func (m *metrics) loaded(err error) {
	success := 1.0
	if err != nil {
		success = 0
	}
	m.reloadSuccess.Set(success)
	m.reloadTime.SetToCurrentTime()
}

// observe measures each request.
func (m *metrics) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.active.Inc()
		// Deferred, as the recoverer lets http.ErrAbortHandler pass.
		defer func() {
			m.active.Dec()
			e := exchangeOf(w)
			route := chi.RouteContext(r.Context()).RoutePattern()
			m.duration.WithLabelValues(methodLabel(r.Method), route, strconv.Itoa(e.status)).Observe(e.took.Seconds())
		}()
		next.ServeHTTP(w, r)
	})
}

// methodLabel returns a method of HTTP, and for all else what OpenTelemetry has for it.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace, http.MethodPatch:
		return method
	}
	return "_OTHER"
}
