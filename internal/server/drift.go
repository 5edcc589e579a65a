package server

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"tagifai/internal/monitor"
	"tagifai/internal/server/exchange"
)

// Drift is the data of GET /models/{name}/versions/{version}/drift.
type Drift struct {
	Name    string `json:"name" example:"tagger"`
	Version string `json:"version" example:"3"`
	// What the texts are compared with; only if the version has a baseline.
	Baseline *DriftBaseline `json:"baseline,omitzero" binding:"optional"`
	// Why nothing is compared; only if the version has no baseline that can be read.
	Reason  string        `json:"reason,omitzero" binding:"optional" example:"the model has no baseline.json"`
	Windows []DriftWindow `json:"windows"` // The last hour and the last day.
}

// DriftBaseline is what texts are compared with.
type DriftBaseline struct {
	From               string   `json:"from" example:"out of 5 folds"` // Which texts it is made of.
	Texts              int      `json:"texts" example:"764"`
	UnknownNGramsRatio float64  `json:"unknown_ngram_ratio" example:"0.13"`                  // The share of n-grams that the vocabulary does not have.
	Accuracy           *float64 `json:"accuracy,omitzero" binding:"optional" example:"0.86"` // The share of texts whose tag is right; only if that is known.
}

// DriftWindow says how far the texts of the last hour or day are from the baseline.
type DriftWindow struct {
	Window  string `json:"window" enums:"1h,1d"`
	Since   string `json:"since" format:"date-time" example:"2026-11-25T12:00:00Z"` // When it begins: when the version was loaded, or a little more than the window ago.
	Texts   int    `json:"texts" example:"1234"`
	Sampled int    `json:"sampled" example:"310"` // Those of which n-grams and length are known.
	// The share of n-grams that the vocabulary does not have; only if texts were sampled.
	UnknownNGramsRatio *float64 `json:"unknown_ngram_ratio,omitzero" binding:"optional" example:"0.14"`
	// The share of texts whose tag is expected to be right, as sure as the model is; only if that can be told.
	ExpectedAccuracy *float64       `json:"expected_accuracy,omitzero" binding:"optional" example:"0.84"`
	Features         []DriftFeature `json:"features"` // What is compared; empty without a baseline.
}

// DriftFeature compares the texts with the baseline in one respect.
type DriftFeature struct {
	Feature string  `json:"feature" enums:"class,confidence,unknown_ngrams,length"`
	PSI     float64 `json:"psi" example:"0.04"` // The population stability index.
	// What the index stays below in 999 of 1000 cases if nothing has changed: the fewer texts, the more. Only if there are texts.
	PSIByChance *float64 `json:"psi_by_chance,omitzero" binding:"optional" example:"0.09"`
	JSDistance  float64  `json:"js_distance" example:"0.06"` // The Jensen-Shannon distance: 0 is equal, 1 nothing in common.
	// What the index means: drifted is beyond 0.2, moved less, both more than chance explains; too few texts is a window whose index chance alone may lift beyond 0.2.
	Verdict string     `json:"verdict" enums:"no texts,too few texts,quiet,moved,drifted" example:"quiet"`
	Bins    []DriftBin `json:"bins"`
}

// DriftBin is a bin of both histograms.
type DriftBin struct {
	Bin      string  `json:"bin" example:"0.9-1"`
	Baseline float64 `json:"baseline" example:"0.31"` // Its share of the texts of the baseline.
	Current  float64 `json:"current" example:"0.28"`  // Its share of the texts of the window.
}

// versionDrift answers GET /models/{name}/versions/{version}/drift.
//
//	@ID				versionDrift
//	@Summary		Compare what a version predicted with its baseline.
//	@Description	Over the last hour and the last day, or since the version was loaded: the mix of the tags, how sure the version was, how many n-grams it did not know, and how long the texts were. No text is kept.
//	@Tags			Models
//	@Param			name	path		string			true	"The name of the model."
//	@Param			version	path		string			true	"The number of the version, or an alias."
//	@Success		200		{object}	exchange.Answer[Drift]	"The comparison."
//	@Failure		404		{object}	exchange.Problem			"There is no such model or version; the detail names what there is."
//	@Failure		500		{object}	exchange.Problem			"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem			"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/versions/{version}/drift [get]
func (s *Server) versionDrift(e *exchange.Exchange, r *http.Request) (any, error) {
	v, err := s.admission.Version(e, r, nil)
	if err != nil {
		return nil, err
	}
	d := Drift{Name: v.Name, Version: strconv.Itoa(v.Number)}
	baseline, err := v.Monitor().Baseline()
	if err != nil {
		d.Reason = err.Error()
	} else {
		d.Baseline = &DriftBaseline{baseline.From, int(baseline.Texts), baseline.UnknownShare(), known(monitor.Share(baseline.Accuracy()))}
	}
	for _, reading := range v.Monitor().Readings(time.Now()) {
		c := &reading.Counts
		window := DriftWindow{
			Window: reading.Name, Since: reading.Since.UTC().Format(time.RFC3339),
			Texts: int(c.Texts()), Sampled: int(c.Sampled), Features: []DriftFeature{},
		}
		unknown := monitor.Share(math.NaN())
		if c.NGrams > 0 {
			unknown = monitor.Share(c.UnknownShare())
		}
		window.UnknownNGramsRatio = known(unknown)
		if baseline != nil {
			compared := baseline.Compare(c)
			window.ExpectedAccuracy = known(compared.ExpectedAccuracy)
			for i := range compared.Features {
				window.Features = append(window.Features, driftFeatureOf(&compared.Features[i]))
			}
		}
		d.Windows = append(d.Windows, window)
	}
	return d, nil
}

func driftFeatureOf(f *monitor.Feature) DriftFeature {
	r := DriftFeature{f.Name, f.PSI, known(f.ByChance), f.JSDistance, f.Verdict(), make([]DriftBin, len(f.Bins))}
	for i, bin := range f.Bins {
		r.Bins[i] = DriftBin{bin.Name, bin.Baseline, bin.Current}
	}
	return r
}

// known returns the number, nil if it is not known.
func known(s monitor.Share) *float64 {
	if !s.Known() {
		return nil
	}
	return new(float64(s))
}
