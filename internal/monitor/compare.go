package monitor

import (
	"math"

	"github.com/go-json-experiment/json/jsontext"
)

// A Comparison says how far texts are from a baseline.
type Comparison struct {
	Texts    uint64    `json:"texts"`
	Sampled  uint64    `json:"sampled"` // those of which n-grams and length are known
	Features []Feature `json:"features"`
	// The share of all n-grams that the vocabulary does not have.
	UnknownNGrams         Share `json:"unknown_ngram_share"`
	BaselineUnknownNGrams Share `json:"baseline_unknown_ngram_share"`
	// The share of texts whose tag is expected to be right, and that of the baseline's.
	// Null if the model has no probabilities or the baseline no labels.
	ExpectedAccuracy Share `json:"expected_accuracy"`
	BaselineAccuracy Share `json:"baseline_accuracy"`
	// The share of texts whose tag is right. Null if nobody says what is right.
	Accuracy Share `json:"accuracy"`
}

// A Share is a number that is NaN, and null in JSON, if it is not known.
type Share float64

// MarshalJSON writes null for NaN.
func (s Share) MarshalJSON() ([]byte, error) {
	if !s.Known() {
		return []byte("null"), nil
	}
	return jsontext.AppendFloat(nil, float64(s), 64), nil
}

// Known reports whether the number is known.
func (s Share) Known() bool { return !math.IsNaN(float64(s)) && !math.IsInf(float64(s), 0) }

// A Feature says how far the texts are from the baseline in one respect.
type Feature struct {
	Name string `json:"name"`
	// PSI is the population stability index.
	PSI float64 `json:"psi"`
	// ByChance is what it stays below in 999 of 1000 cases if nothing has changed: the
	// fewer texts, the more. Null without texts.
	ByChance Share `json:"psi_by_chance"`
	// JSDistance is the Jensen-Shannon distance: 0 is equal, 1 is nothing in common.
	JSDistance float64 `json:"js_distance"`
	Bins       []Bar   `json:"bins"`
}

// A Bar is a bin of both histograms.
type Bar struct {
	Name     string  `json:"name"`
	Baseline float64 `json:"baseline"` // share of the texts
	Current  float64 `json:"current"`
}

// DefaultMaxPSI is the PSI above which texts are said to have drifted, if chance does not
// explain it. The usual rule of thumb speaks of a moderate change from 0.1 on, and of a
// large one from 0.25 on.
const DefaultMaxPSI = .2

// The verdicts on a feature.
const (
	NoTexts     = "no texts"
	TooFewTexts = "too few texts" // chance alone may give a PSI above [DefaultMaxPSI]
	Quiet       = "quiet"
	Moved       = "moved"   // more than chance explains, up to [DefaultMaxPSI]
	HasDrifted  = "drifted" // beyond that
)

// Verdict says in a word what the PSI means.
func (f *Feature) Verdict() string {
	switch {
	case !f.ByChance.Known():
		return NoTexts
	case f.Drifted(DefaultMaxPSI):
		return HasDrifted
	case f.ByChance > DefaultMaxPSI:
		return TooFewTexts
	case f.PSI > float64(f.ByChance):
		return Moved
	}
	return Quiet
}

// Drifted reports whether the PSI is above a limit, and above what chance explains.
func (f *Feature) Drifted(limit float64) bool {
	return f.PSI > limit && f.PSI > float64(f.ByChance)
}

// Compare compares texts with the baseline.
func (b *Baseline) Compare(c *Counts) *Comparison {
	r := &Comparison{
		Texts: c.Texts(), Sampled: c.Sampled,
		UnknownNGrams:         Share(math.NaN()),
		BaselineUnknownNGrams: Share(b.UnknownShare()),
		ExpectedAccuracy:      Share(b.ExpectedAccuracy(c.Confidence[:])),
		BaselineAccuracy:      Share(b.Accuracy()),
		Accuracy:              Share(math.NaN()),
	}
	if c.NGrams > 0 {
		r.UnknownNGrams = Share(c.UnknownShare())
	}
	r.add(Class, b.Classes, b.Class, c.Classes)
	if b.Confidence != nil {
		r.add(Confidence, tenths[:], b.Confidence, c.Confidence[:])
	}
	r.add(UnknownNGrams, tenths[:], b.UnknownNGrams, c.Unknown[:])
	r.add(Length, lengths[:], b.Length, c.Lengths[:])
	return r
}

func (r *Comparison) add(name string, names []string, baseline, current []uint64) {
	f := Feature{
		Name: name, PSI: PSI(baseline, current), ByChance: Share(ByChance(baseline, current)),
		JSDistance: JSDistance(baseline, current), Bins: make([]Bar, len(names)),
	}
	n, m, _ := totals(baseline, current)
	for i := range names {
		f.Bins[i] = Bar{names[i], float64(baseline[i]) / max(1, n), float64(current[i]) / max(1, m)}
	}
	r.Features = append(r.Features, f)
}

// Drifted returns the features that have drifted beyond a limit.
func (r *Comparison) Drifted(limit float64) []string {
	var names []string
	for i := range r.Features {
		if r.Features[i].Drifted(limit) {
			names = append(names, r.Features[i].Name)
		}
	}
	return names
}

var (
	tenths  = [bins]string{"0-0.1", "0.1-0.2", "0.2-0.3", "0.3-0.4", "0.4-0.5", "0.5-0.6", "0.6-0.7", "0.7-0.8", "0.8-0.9", "0.9-1"}
	lengths = [bins]string{"0-15", "16-31", "32-63", "64-127", "128-255", "256-511", "512-1023", "1024-2047", "2048-4095", "4096-"}
)
