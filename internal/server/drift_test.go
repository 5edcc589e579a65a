package server_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tagifai/internal/monitor"
	"tagifai/internal/server"
	"tagifai/model"
)

// watchedModel returns the default model with a baseline of some of its own answers.
func watchedModel() (*model.Model, error) {
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		return nil, err
	}
	m, err := model.New(a)
	if err != nil {
		return nil, err
	}
	b := monitor.NewBuilder("a test", m.Classes())
	for range 50 {
		for _, text := range []string{"Object detection with YOLO", "Word embeddings and BERT for text classification", "Deploying models with Docker and Kubernetes"} {
			answer := m.Classify(text, nil, nil)
			known, all := m.Known(text)
			b.Add(text, answer.Class, answer.Class, answer.Confidence, known, all)
		}
	}
	if a.Baseline, err = b.Baseline().Object(); err != nil {
		return nil, err
	}
	return model.New(a)
}

func driftOf(t *testing.T, s *service) server.Drift {
	t.Helper()
	var d server.Drift
	if err := json.Unmarshal(decodeEnvelope(t, s.ask(t, http.MethodGet, "/models/default/versions/stable/drift", nil, "").body).Data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The texts of a service are compared with the baseline of its model: in the answer, and
// in the metrics.
func TestDrift(t *testing.T) {
	s := startLoading(t, watchedModel, settings())
	predict := func(text string, times int) {
		for range times {
			s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[{"text":"`+text+`"}]}`)
		}
	}
	before := driftOf(t, s)
	if before.Baseline == nil || before.Baseline.Texts != 150 || before.Windows[0].Texts != 0 || before.Windows[0].Features[0].PSIByChance != nil || before.Windows[0].Features[0].Verdict != monitor.NoTexts {
		t.Errorf("before the first text: got %+v", before)
	}
	for range 10 {
		predict("Object detection with YOLO", 1)
		predict("Word embeddings and BERT for text classification", 1)
		predict("Deploying models with Docker and Kubernetes", 1)
	}
	for _, f := range driftOf(t, s).Windows[0].Features {
		if f.PSI > *f.PSIByChance || f.Verdict == monitor.HasDrifted {
			t.Errorf("%s of the same texts: PSI %v, by chance %v: %s", f.Feature, f.PSI, *f.PSIByChance, f.Verdict)
		}
	}
	predict("Pfannkuchen mit Öl, Mehl und 3 Eiern braten", 60)
	after := driftOf(t, s)
	for i, name := range []string{"1h", "1d"} {
		w := after.Windows[i]
		if w.Window != name || w.Texts != 90 || !(*w.UnknownNGramsRatio > after.Baseline.UnknownNGramsRatio) || !(*w.ExpectedAccuracy < *after.Baseline.Accuracy) {
			t.Errorf("got %+v", w)
		}
		for _, k := range []int{0, 2} { // class and unknown n-grams
			if f := w.Features[k]; f.PSI < .2 || f.PSI < *f.PSIByChance || f.Verdict != monitor.HasDrifted {
				t.Errorf("%s of other texts: PSI %v, by chance %v", f.Feature, f.PSI, *f.PSIByChance)
			}
		}
	}
	metrics := scrape(t, s)
	for name, want := range map[string]float64{
		`tagifai_drift_texts{model="default",version="1",window="1d"}`:                            90,
		`tagifai_drift_psi{feature="class",model="default",version="1",window="1h"}`:              after.Windows[0].Features[0].PSI,
		`tagifai_drift_psi_by_chance{feature="length",model="default",version="1",window="1h"}`:   *after.Windows[0].Features[3].PSIByChance,
		`tagifai_drift_js_distance{feature="confidence",model="default",version="1",window="1d"}`: after.Windows[1].Features[1].JSDistance,
		`tagifai_unknown_ngram_ratio{model="default",version="1",window="1h"}`:                    *after.Windows[0].UnknownNGramsRatio,
		`tagifai_expected_accuracy_ratio{model="default",version="1",window="1d"}`:                *after.Windows[1].ExpectedAccuracy,
		`tagifai_baseline_accuracy_ratio{model="default",version="1"}`:                            1,
	} {
		if got, err := strconv.ParseFloat(metrics[name], 64); err != nil || got != want {
			t.Errorf("%s: got %q, want %v", name, metrics[name], want)
		}
	}
}

// A model without a baseline is counted, and the answer says why nothing is compared.
func TestDriftWithoutBaseline(t *testing.T) {
	s := startLoading(t, func() (*model.Model, error) {
		a, err := model.ReadArtifact(model.DefaultFS())
		if err != nil {
			return nil, err
		}
		a.Baseline = model.Object{}
		return model.New(a)
	}, settings())
	s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[{"text":"Soup"}]}`)
	d := driftOf(t, s)
	if d.Baseline != nil || !strings.Contains(d.Reason, "tagifai baseline") || d.Windows[0].Texts != 1 || len(d.Windows[0].Features) != 0 {
		t.Errorf("got %+v", d)
	}
}
