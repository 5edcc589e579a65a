// Package classify has the texts of requests classified: it reads them, within the limits on
// bodies and texts, waits for the turn of their request, has a version of a model predict and
// explain them, and encodes the results part by part. All protocols predict by it.
package classify

import (
	"bytes"
	"net/http"

	"tagifai/internal/auth"
	"tagifai/internal/jsonbody"
	"tagifai/internal/registry"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/exchange"
	"tagifai/model"
)

// Shadows are versions that predict the same texts for comparison: a [registry.Registry], or
// what a test puts in its place.
type Shadows interface {
	Shadowed(v *registry.Version) bool
	Shadow(v *registry.Version, texts func(yield func(string) bool))
}

// A Classifier classifies the texts of requests. Make it with [New].
type Classifier struct {
	admission *admission.Admission
	shadows   Shadows
	limits    jsonbody.Limits
	payload   *jsonbody.Reader[PredictPayload]
}

// New returns a classifier of requests that are admitted, with limits on bodies and texts.
func New(a *admission.Admission, shadows Shadows, limits jsonbody.Limits) *Classifier {
	return &Classifier{a, shadows, limits, jsonbody.New[PredictPayload](limits)}
}

// A request of more texts than longTexts, or of a longer document than longDocument, is
// much work.
const (
	longTexts    = 1000
	longDocument = 128 << 10
)

// looksLong reports whether a body is much work, as far as that shows before it is parsed: a
// payload has a brace for each text. Many that are parsed only to be refused would take the
// turns of others: beside 2,000 requests a second of 10,000 texts, some of 140 texts got a 503
// and some waited for 300 ms; as it is none gets one, and none waits for more than 25 ms.
func looksLong(body []byte) bool {
	const shortest = len(`{"text":"a"},`)
	return len(body) > longDocument || len(body) > longTexts*shortest && bytes.Count(body, []byte{'{'}) > longTexts
}

// textsAtATime is how many texts are predicted at least before others have a turn: some tenths
// of a millisecond of work. The runtime would let them wait for ten.
const textsAtATime = 64

// explainedAtATime is how many bytes of texts are explained at least before others have a turn.
const explainedAtATime = 4 << 10

// toExplain is what a request needs that asks for explanations, beside what its route does.
var toExplain = admission.Need{Action: auth.Explain, Of: admission.ItsModel}

// Explain returns explanations for a request, without any yet. The error is
// [admission.ForbiddenError] if its client may not ask for them.
func (c *Classifier) Explain(e *exchange.Exchange, r *http.Request, top int) (*Explanations, error) {
	if err := c.admission.Permit(e, r, toExplain); err != nil {
		return nil, err
	}
	return newExplanations(top), nil
}

// Classify has the texts of p predicted, and explained unless explained is nil, for an answer
// of which answered is the value.
func (c *Classifier) Classify(e *exchange.Exchange, r *http.Request, p *Results, explained *Explanations, answered exchange.List) error {
	slices := &c.admission.Slices
	if len(p.Texts) > longTexts || p.document > longDocument {
		slices = &c.admission.LongSlices
		if err := e.Enter(r.Context(), c.admission.Long); err != nil {
			return err
		}
	}
	v := e.Version
	ctx := r.Context()
	e.Texts = len(p.Texts)
	held := e.Held() + p.size()
	if err := e.Hold(held + exchange.Size(answered)); err != nil {
		return err
	}
	if err := c.admission.CountTexts(e, len(p.Texts)); err != nil {
		return err
	}
	p.alloc()
	work := 0 // since others had a turn
	for i, text := range p.Texts {
		if i%textsAtATime == textsAtATime-1 {
			slices.Yield() // others are to be answered, or sent away, in time
		}
		// Nobody waits for the answer any more: leave the processor to others.
		if err := ctx.Err(); err != nil {
			return err
		}
		var answer model.Answer
		if explained == nil {
			answer = v.Classify(text.Text, p.of(i, p.probabilities), p.of(i, p.scores))
		} else {
			if err := e.Hold(held + explained.held() + explained.room(text.Text)); err != nil {
				return err
			}
			answer = explained.add(v.Model, p.classes, text.Text, p.of(i, p.probabilities), p.of(i, p.scores))
			if work += len(text.Text); work > explainedAtATime {
				slices.Yield()
				work = 0
			}
		}
		v.Predicted(text.Text, answer)
		p.tags[i] = int32(answer.Class)
	}
	if explained != nil {
		p.more().explained = explained
		if err := e.Hold(held + explained.held() + exchange.Size(answered)); err != nil {
			return err
		}
	}
	if c.shadows.Shadowed(v) && admission.Unnamed(r) {
		p.more().shadow = func() { c.shadows.Shadow(v, textsOf(p.Texts)) }
	}
	return nil
}
