package registry

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/model"
)

// metrics are what Prometheus can ask about the model. A label has only values of ours,
// such as the classes of the model, whatever clients send.
type metrics struct {
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
	succeeded = "success"
	failed    = "failure"
)

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
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
			Help: "Reloads of the model, by outcome.",
		}, []string{"outcome"}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tagifai_model_last_reload_timestamp_seconds",
			Help: "When the last load of the model ended, successful or not; Unix time.",
		}),
		reloadSuccess: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tagifai_model_last_reload_success",
			Help: "1 if that load succeeded, 0 if the model from before it is served on.",
		}),
	}
	registerer.MustRegister(m.texts, m.confidence, m.fallbacks, m.model, m.loading, m.reloads, m.reloadTime, m.reloadSuccess)
	for _, outcome := range []string{succeeded, failed} { // so that both are there from the start
		m.reloads.WithLabelValues(outcome)
	}
	return m
}

func (m *metrics) serves(v *Version, why string) {
	if why != "" {
		m.reloads.WithLabelValues(succeeded).Inc()
	}
	m.model.Reset()
	m.model.WithLabelValues(v.RunID(), v.Format(), strconv.Itoa(len(v.Classes())), strconv.Itoa(v.NGrams())).Set(1)
	m.loading.Set(v.Took.Seconds())
	m.reloadSuccess.Set(1)
	m.reloadTime.SetToCurrentTime()
}

func (m *metrics) refused(error, string) {
	m.reloads.WithLabelValues(failed).Inc()
	m.reloadSuccess.Set(0)
	m.reloadTime.SetToCurrentTime()
}

// counters are the metrics of one version, looked up once.
type counters struct {
	texts      []prometheus.Counter // by class
	confidence prometheus.Observer  // nil if the version has no probabilities
	fallbacks  prometheus.Counter
}

func (m *metrics) countersOf(v *Version) counters {
	c := counters{texts: make([]prometheus.Counter, len(v.Classes())), fallbacks: m.fallbacks}
	if v.HasProbabilities() {
		c.confidence = m.confidence
	}
	for i, class := range v.Classes() {
		c.texts[i] = m.texts.WithLabelValues(class)
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
