package registry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/monitor"
)

// Monitor returns what counts the predictions of the version.
func (v *Version) Monitor() *monitor.Monitor { return v.monitor }

// loadedVersions returns the versions that answer at once.
func (r *Registry) loadedVersions() []*Version {
	if r.source.Models == "" {
		if m := r.home.Load(); m != nil {
			return []*Version{m.placement.Load().stable}
		}
		return nil
	}
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	var versions []*Version
	for _, s := range r.cache.slots {
		if s.version != nil {
			versions = append(versions, s.version)
		}
	}
	return versions
}

// tick moves the windows of the monitors.
func (r *Registry) tick(now time.Time) {
	for _, v := range r.loadedVersions() {
		v.monitor.Tick(now)
	}
}

// drifts are gauges that are computed when Prometheus asks for them.
type drifts struct {
	registry *Registry

	texts, psi, byChance, distance     *prometheus.Desc
	unknown, baselineUnknown           *prometheus.Desc
	expectedAccuracy, baselineAccuracy *prometheus.Desc
}

func newDrifts(r *Registry) *drifts {
	of := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("tagifai_"+name, help, append([]string{"model", "version"}, more...), nil)
	}
	const window, feature = "window", "feature"
	return &drifts{
		registry:         r,
		texts:            of("drift_texts", "Texts predicted in the last hour or day.", window),
		psi:              of("drift_psi", "Population stability index of the texts of the last hour or day against the baseline of the version.", window, feature),
		byChance:         of("drift_psi_by_chance", "What tagifai_drift_psi stays below in 999 of 1000 cases if nothing has changed.", window, feature),
		distance:         of("drift_js_distance", "Jensen-Shannon distance of the texts of the last hour or day from the baseline of the version: 0 is equal, 1 nothing in common.", window, feature),
		unknown:          of("unknown_ngram_ratio", "Share of the n-grams of a sample of the texts of the last hour or day that the vocabulary does not have.", window),
		baselineUnknown:  of("baseline_unknown_ngram_ratio", "Share of the n-grams of the texts of the baseline that the vocabulary does not have."),
		expectedAccuracy: of("expected_accuracy_ratio", "Share of the texts of the last hour or day whose tag is expected to be right, as sure as the model is.", window),
		baselineAccuracy: of("baseline_accuracy_ratio", "Share of the texts of the baseline whose tag is right."),
	}
}

// Describe implements [prometheus.Collector].
func (d *drifts) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.texts, d.psi, d.byChance, d.distance, d.unknown, d.baselineUnknown, d.expectedAccuracy, d.baselineAccuracy} {
		to <- desc
	}
}

// Collect implements [prometheus.Collector].
func (d *drifts) Collect(to chan<- prometheus.Metric) {
	now := time.Now()
	seen := make(map[key]bool)
	for _, v := range d.registry.loadedVersions() {
		if k := (key{v.Name, v.Number}); !seen[k] {
			seen[k] = true
			d.collect(to, v, now)
		}
	}
}

func (d *drifts) collect(to chan<- prometheus.Metric, v *Version, now time.Time) {
	send := func(desc *prometheus.Desc, value monitor.Share, labels ...string) {
		if value.Known() {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), append([]string{v.Name, v.label()}, labels...)...)
		}
	}
	baseline, err := v.monitor.Baseline()
	if err == nil {
		send(d.baselineUnknown, monitor.Share(baseline.UnknownShare()))
		send(d.baselineAccuracy, monitor.Share(baseline.Accuracy()))
	}
	for _, reading := range v.monitor.Readings(now) {
		window := reading.Name
		texts := reading.Counts.Texts()
		send(d.texts, monitor.Share(texts), window)
		if err != nil || texts == 0 {
			continue
		}
		c := baseline.Compare(&reading.Counts)
		send(d.unknown, c.UnknownNGrams, window)
		send(d.expectedAccuracy, c.ExpectedAccuracy, window)
		for i := range c.Features {
			f := &c.Features[i]
			send(d.psi, monitor.Share(f.PSI), window, f.Name)
			send(d.byChance, f.ByChance, window, f.Name)
			send(d.distance, monitor.Share(f.JSDistance), window, f.Name)
		}
	}
}
