package server

import (
	"bytes"
	"net/http"
	"runtime"
	"slices"
	"strconv"

	"tagifai/internal/jsonbody"
	"tagifai/internal/memory"
	"tagifai/internal/prediction"
	"tagifai/internal/server/exchange"
)

// PredictPayload is the body of POST /predict. A rule of a field is a line here
// and nowhere else; see jsonbody.New for what the tags mean.
type PredictPayload struct {
	Texts []Text `json:"texts" validate:"min=1,dive" message:"List of texts to classify cannot be empty."`
}

// Text is one text to classify.
type Text struct {
	Text string `json:"text" validate:"min=1,max_text" fastapi:"optional"`
}

// Predictions is the data of POST /predict, in the order of the texts.
type Predictions struct {
	Predictions []prediction.Prediction `json:"predictions"`
	// The id of the run that trained the model; only with include=model.
	Model *string `json:"model,omitzero" binding:"optional" example:"38a3902ad4ad5b88a03d238fe2430fa4"`
	// The version that answered; only with include=version.
	Version *VersionName `json:"version,omitzero" binding:"optional"`
}

// VersionName names a version of a model.
type VersionName struct {
	Name    string `json:"name" example:"tagger"`
	Version string `json:"version" example:"3"`
}

// What include can ask for.
const (
	includeProbabilities = "probabilities"
	includeScores        = "scores"
	includeModel         = "model"
	includeVersion       = "version"
	includeExplanation   = "explanation"
)

var includable = []string{includeProbabilities, includeScores, includeModel, includeVersion, includeExplanation}

// errNoProbabilities is the answer to who asks a model for probabilities that has none.
var errNoProbabilities = &jsonbody.InvalidError{Items: []jsonbody.Item{{
	Loc:  []any{"query", "include"},
	Msg:  "the model has no probabilities, as its classifier was not trained to give any; ask for 'scores'",
	Type: "value_error.no_probabilities",
}}}

// textHeader is how many bytes a [Text] takes beside its characters.
const textHeader = 16

// textsAtATime is how many texts are predicted before others have a turn: some tenths
// of a millisecond of work. The runtime would let them wait for ten.
const textsAtATime = 64

// predict answers POST /predict.
//
//	@ID				predict
//	@Summary		Predict tags for a list of texts.
//	@Description	A prediction for each text, in the order of the texts. The body is also read if its Content-Type is missing or ends in `+json`. How large a body, a list and a text may be is a setting of the service.
//	@Tags			Prediction
//	@Param			payload	body		PredictPayload		true	"The texts to classify."
//	@Param			include	query		[]string			false	"What to add to the answer: the probabilities of all classes to each prediction (a model without any makes this a 422), the scores that decide between them, an explanation of each prediction, the run id of the model or the name of the version to the data. Values are separated by commas, or the parameter is repeated; without any, nothing is added."	Enums(probabilities, scores, model, version, explanation)	collectionFormat(csv)
//	@Param			explain_top		query	int			false	"With include=explanation: how many n-grams are named, those with the largest contributions."	default(10)	minimum(0)	maximum(1000)
//	@Param			explain_classes	query	[]string	false	"With include=explanation: classes to explain beside the predicted one."	collectionFormat(csv)
//	@Success		200		{object}	exchange.Answer[Predictions]	"A prediction for each text."
//	@Failure		400		{object}	exchange.Problem				"The body is not text, or stopped before its end."
//	@Failure		408		{object}	exchange.Problem				"The body took too long to arrive."
//	@Failure		413		{object}	exchange.Problem				"The body is too large."
//	@Failure		415		{object}	exchange.Problem				"The body is compressed, and not by gzip or zstd."
//	@Failure		422		{object}	exchange.Invalid				"The query or the body is not as it should be: every error in them, in order."
//	@Failure		500		{object}	exchange.Problem				"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem				"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/predict [post]
func (s *Server) predict(e *exchange.Exchange, r *http.Request) (any, error) {
	include, wrong := queryEnum(r, "include", includable)
	top, wrongTop := queryTop(r)
	p := newPredictions()
	err := s.readPayload(e, r, p)
	if err := queryFirst(append(wrong, wrongTop...), err); err != nil {
		return nil, err
	}
	v := e.Version
	p.classes = v.Classes()
	p.withProbabilities = slices.Contains(include, includeProbabilities)
	p.withScores = slices.Contains(include, includeScores)
	var explained *explanations
	if slices.Contains(include, includeExplanation) {
		if err := s.permitToo(e, toExplain, r); err != nil {
			return nil, err
		}
		if explained, err = newExplanations(r, v.Model, top); err != nil {
			return nil, err
		}
	}
	if p.withProbabilities && !v.HasProbabilities() {
		return nil, errNoProbabilities
	}
	if slices.Contains(include, includeModel) {
		id := v.RunID()
		p.more().model = &id
	}
	if slices.Contains(include, includeVersion) {
		p.more().version = &VersionName{v.Name, strconv.Itoa(v.Number)}
	}
	return p, s.classify(e, r, p, explained, p)
}

// classify has the texts of p predicted, and explained unless explained is nil, for an answer
// of which answered is the value.
func (s *Server) classify(e *exchange.Exchange, r *http.Request, p *predictions, explained *explanations, answered exchange.List) error {
	if len(p.Texts) > longTexts || p.document > longDocument {
		if err := e.Enter(r.Context(), s.long); err != nil {
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
	if err := s.countTexts(e, len(p.Texts)); err != nil {
		return err
	}
	p.alloc()
	for i, text := range p.Texts {
		if i%textsAtATime == textsAtATime-1 {
			runtime.Gosched() // others are to be answered, or sent away, in time
		}
		// Nobody waits for the answer any more: leave the processor to others.
		if err := ctx.Err(); err != nil {
			return err
		}
		answer := v.Classify(text.Text, p.of(i, p.probabilities), p.of(i, p.scores))
		v.Predicted(text.Text, answer)
		p.tags[i] = int32(answer.Class)
		if explained != nil {
			if err := e.Hold(held + explained.held() + explained.room(text.Text)); err != nil {
				return err
			}
			explained.add(v.Model, text.Text, answer)
			runtime.Gosched()
		}
	}
	if explained != nil {
		p.more().explained = explained
		if err := e.Hold(held + explained.held() + exchange.Size(answered)); err != nil {
			return err
		}
	}
	if s.versions.Shadowed(v) && unnamed(r) {
		p.more().shadow = func() { s.versions.Shadow(v, textsOf(p.Texts)) }
	}
	return nil
}

// readPayload reads the body of r into p, once it is the turn of r to be worked on. By then
// r holds the payload, and the body no more.
func (s *Server) readPayload(e *exchange.Exchange, r *http.Request, p *predictions) error {
	body, buffer, err := s.readBody(e, r, true)
	defer memory.PutBuffer(buffer, body)
	if err != nil {
		return err
	}
	p.document = len(body)
	if bytes.IndexByte(body, 0) >= 0 { // UTF-16 or UTF-32: as UTF-8 it may take more
		p.document += p.document / 2
	}
	decoded := p.document
	if bytes.IndexByte(body, '\\') >= 0 { // texts with escapes are copies
		decoded += p.document
	}
	if err := e.Hold(cap(body) + decoded); err != nil {
		return err
	}
	if err := s.payload.ParseInto(&p.PredictPayload, exchange.First(r.Header, "Content-Type"), body); err != nil {
		return err
	}
	return e.Hold(decoded + cap(p.Texts)*textHeader)
}
