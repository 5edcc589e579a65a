//go:build !race

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tagifai/internal/monitor"
	"tagifai/model"
)

// gauges are the values of the gauges of drift, by series, one for each step: NaN if there
// is none.
type gauges map[string][]float64

const step = 5 * time.Minute // between two looks at the gauges

// watch serves texts to a monitor for some days, by a clock of its own: about so many a
// day, most of them in the afternoon. The next text is chosen by pick.
func watch(t *testing.T, m *model.Model, days int, texts float64, rng *rand.Rand, pick func(since time.Duration) said) gauges {
	t.Helper()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	w := monitor.New(m, start)
	b, err := w.Baseline()
	if err != nil {
		t.Fatal(err)
	}
	g := make(gauges)
	next := rng.ExpFloat64() // texts until the next one arrives
	for minute := range days * 24 * 60 {
		since := time.Duration(minute) * time.Minute
		w.Tick(start.Add(since))
		hour := math.Mod(since.Hours(), 24)
		for next -= texts / (24 * 60) * (1 - .9*math.Cos((hour-3)/24*2*math.Pi)); next < 0; next += rng.ExpFloat64() {
			s := pick(since)
			w.Predicted(s.text, s.answer)
		}
		if since%step == 0 {
			g.look(b, w.Readings(start.Add(since)), int(since/step))
		}
	}
	return g
}

func seriesOf(name, labels string) string {
	return fmt.Sprintf(`%s{instance="a", job="tagifai", model="m", version="1"%s}`, name, labels)
}

// look appends the values that the service would show.
func (g gauges) look(b *monitor.Baseline, readings [2]monitor.Reading, at int) {
	add := func(name, labels string, value monitor.Share) {
		if !value.Known() {
			return
		}
		series := seriesOf(name, labels)
		for len(g[series]) < at {
			g[series] = append(g[series], math.NaN()) // it had none
		}
		g[series] = append(g[series], float64(value))
	}
	add("tagifai_baseline_accuracy_ratio", "", monitor.Share(b.Accuracy()))
	for i := range readings {
		window := fmt.Sprintf(", window=%q", readings[i].Name)
		r := b.Compare(&readings[i].Counts)
		add("tagifai_drift_texts", window, monitor.Share(r.Texts))
		if r.Texts == 0 {
			continue
		}
		add("tagifai_expected_accuracy_ratio", window, r.ExpectedAccuracy)
		for k := range r.Features {
			f := &r.Features[k]
			feature := fmt.Sprintf("%s, feature=%q", window, f.Name)
			add("tagifai_drift_psi", feature, monitor.Share(f.PSI))
			add("tagifai_drift_psi_by_chance", feature, f.ByChance)
		}
	}
}

// ask lets promtool evaluate an expression at the end of the series, with our alerts, and
// returns its values by the label alertname.
func (g gauges) ask(t *testing.T, expr string) map[string]float64 {
	t.Helper()
	promtool := lookPath(t, "promtool")
	rules, err := filepath.Abs(filepath.Join(monitoringConfigs, "prometheus", "rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	var file strings.Builder
	fmt.Fprintf(&file, "rule_files: [%q]\nevaluation_interval: 5m\ntests:\n- interval: 5m\n  input_series:\n", rules)
	for series, values := range g {
		steps = max(steps, len(values))
		fmt.Fprintf(&file, "  - {series: %q, values: '", series)
		for _, value := range values {
			if math.IsNaN(value) {
				file.WriteString("_ ")
			} else {
				fmt.Fprintf(&file, "%.5g ", value)
			}
		}
		file.WriteString("'}\n")
	}
	fmt.Fprintf(&file, "  promql_expr_test: [{expr: %q, eval_time: %dm, exp_samples: []}]\n", expr, 5*(steps-1))
	out, err := exec.Command(promtool, "test", "rules", write(t, "days.yml", file.String())).CombinedOutput()
	if err == nil {
		return nil // nothing was expected, and so it is
	}
	values := make(map[string]float64)
	for _, match := range regexp.MustCompile(`\{alertname="(\w+)"\} (\S+?)[,"\s]`).FindAllStringSubmatch(string(out)+"\n", -1) {
		if values[match[1]], err = strconv.ParseFloat(match[2], 64); err != nil {
			t.Fatalf("promtool: %s", out)
		}
	}
	if len(values) == 0 {
		t.Fatalf("promtool: %s", out)
	}
	return values
}

// beyond returns when the index of a feature first is beyond what chance explains, from a
// time on, and the largest one from then on.
func (g gauges) beyond(window, feature string, from time.Duration) (after string, most float64) {
	labels := fmt.Sprintf(", window=%q, feature=%q", window, feature)
	psi, chance := g[seriesOf("tagifai_drift_psi", labels)], g[seriesOf("tagifai_drift_psi_by_chance", labels)]
	after = "never"
	for i := int(from / step); i < len(psi); i++ {
		most = max(most, psi[i])
		if after == "never" && psi[i] > chance[i] {
			after = (time.Duration(i)*step - from).String()
		}
	}
	return after, most
}
