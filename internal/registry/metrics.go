package registry

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/model"
)

// metrics are what Prometheus can ask about the models. A label has only values of ours,
// such as the classes of a model, whatever clients send; what is of one version goes when
// that is unloaded.
type metrics struct {
	texts      *prometheus.CounterVec // by model, version and tag
	confidence *prometheus.HistogramVec
	fallbacks  *prometheus.CounterVec

	shadowTexts    *prometheus.CounterVec // by model, version and agreement
	shadowDistance *prometheus.HistogramVec
	shadowDropped  *prometheus.CounterVec

	model    *prometheus.GaugeVec
	loading  *prometheus.GaugeVec
	bytes    *prometheus.GaugeVec
	failures prometheus.Counter
	lagging  *prometheus.GaugeVec // by model

	reloads       *prometheus.CounterVec // by outcome
	reloadTime    prometheus.Gauge
	reloadSuccess prometheus.Gauge
}

const (
	succeeded = "success"
	failed    = "failure"

	same      = "same"
	different = "different"
)

// ofVersion are the labels of what is of one version.
var ofVersion = []string{"model", "version"}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		texts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_predicted_texts_total",
			Help: "Texts predicted, by the tag they got.",
		}, append(ofVersion, "tag")),
		confidence: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tagifai_prediction_confidence",
			Help:    "Probability of the most probable class, of each text predicted.",
			Buckets: prometheus.LinearBuckets(.1, .1, 9),
		}, ofVersion),
		fallbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_fallback_texts_total",
			Help: "Texts that got the tag other because their most probable class was not above its threshold.",
		}, ofVersion),
		shadowTexts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_shadow_texts_total",
			Help: "Texts that a shadow has predicted as well, by whether its tag is the same as that of the answer.",
		}, append(ofVersion, "agreement")),
		shadowDistance: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tagifai_shadow_distance",
			Help:    "Half the sum of the differences between the probabilities of a shadow and those of the answer: 0 is equal, 1 as far apart as can be.",
			Buckets: []float64{1e-9, .001, .005, .01, .05, .1, .25, .5},
		}, ofVersion),
		shadowDropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_shadow_dropped_texts_total",
			Help: "Texts that a shadow has not predicted, as too many waited.",
		}, ofVersion),
		model: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tagifai_model_info",
			Help: "1, with what is known of a version that is loaded.",
		}, append(ofVersion, "run_id", "format", "classes", "ngrams")),
		loading: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tagifai_model_load_seconds",
			Help: "How long it took to load a version.",
		}, ofVersion),
		bytes: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tagifai_model_bytes",
			Help: "Memory that a version takes.",
		}, ofVersion),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tagifai_version_load_failures_total",
			Help: "Loads of versions of a store that failed.",
		}),
		lagging: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tagifai_model_behind",
			Help: "1 if a model is served as before, since what it should be could not be read or loaded; GET /models says why.",
		}, []string{"model"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_model_reloads_total",
			Help: "Reloads, by outcome.",
		}, []string{"outcome"}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tagifai_model_last_reload_timestamp_seconds",
			Help: "When the last reload ended, or else the first load; Unix time.",
		}),
		reloadSuccess: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tagifai_model_last_reload_success",
			Help: "1 if it succeeded, 0 if what was served before is served on.",
		}),
	}
	registerer.MustRegister(m.failures, m.lagging, m.reloads, m.reloadTime, m.reloadSuccess)
	for _, of := range m.versions() {
		registerer.MustRegister(of)
	}
	for _, outcome := range []string{succeeded, failed} { // so that both are there from the start
		m.reloads.WithLabelValues(outcome)
	}
	return m
}

// ofVersions is a metric that each version has.
type ofVersions interface {
	prometheus.Collector
	DeletePartialMatch(labels prometheus.Labels) int
}

func (m *metrics) versions() []ofVersions {
	return []ofVersions{m.texts, m.confidence, m.fallbacks, m.shadowTexts, m.shadowDistance, m.shadowDropped, m.model, m.loading, m.bytes}
}

func (v *Version) label() string { return strconv.Itoa(v.Number) }

func (v *Version) labels() prometheus.Labels {
	return prometheus.Labels{"model": v.Name, "version": v.label()}
}

func (m *metrics) serves(v *Version, why string) {
	if why != "" {
		m.reloads.WithLabelValues(succeeded).Inc()
	}
	if v.cache == nil {
		m.loaded(v)
	}
	m.reloadSuccess.Set(1)
	m.reloadTime.SetToCurrentTime()
}

func (m *metrics) refused(error, string) {
	m.reloads.WithLabelValues(failed).Inc()
	m.reloadSuccess.Set(0)
	m.reloadTime.SetToCurrentTime()
}

func (m *metrics) loaded(v *Version) {
	m.model.DeletePartialMatch(v.labels())
	m.model.WithLabelValues(v.Name, v.label(), v.RunID(), v.Format(), strconv.Itoa(len(v.Classes())), strconv.Itoa(v.NGrams())).Set(1)
	m.loading.WithLabelValues(v.Name, v.label()).Set(v.Took.Seconds())
	m.bytes.WithLabelValues(v.Name, v.label()).Set(float64(v.size))
}

func (m *metrics) failed(key, error) { m.failures.Inc() }

func (m *metrics) unloaded(v *Version) {
	for _, of := range m.versions() {
		of.DeletePartialMatch(v.labels())
	}
}

func (m *metrics) moved(string, move, string) {}

func (m *metrics) behind(model, why string) {
	value := 0.0
	if why != "" {
		value = 1
	}
	m.lagging.WithLabelValues(model).Set(value)
}

func (m *metrics) rests(model string) { m.lagging.DeleteLabelValues(model) }

// counters are the metrics of one version, looked up once.
type counters struct {
	texts      []prometheus.Counter // by class
	confidence prometheus.Observer  // nil if the version has no probabilities
	fallbacks  prometheus.Counter
}

func (m *metrics) countersOf(v *Version) counters {
	c := counters{
		texts:     make([]prometheus.Counter, len(v.Classes())),
		fallbacks: m.fallbacks.WithLabelValues(v.Name, v.label()),
	}
	if v.HasProbabilities() {
		c.confidence = m.confidence.WithLabelValues(v.Name, v.label())
	}
	for i, class := range v.Classes() {
		c.texts[i] = m.texts.WithLabelValues(v.Name, v.label(), class)
	}
	return c
}

func (c *counters) add(a model.Answer) {
	c.texts[a.Class].Inc()
	if c.confidence != nil {
		c.confidence.Observe(a.Confidence)
	}
	if a.Fallback {
		c.fallbacks.Inc()
	}
}
