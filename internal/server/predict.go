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
//	@Success		200		{object}	Answer[Predictions]	"A prediction for each text."
//	@Failure		400		{object}	Problem				"The body is not text, or stopped before its end."
//	@Failure		408		{object}	Problem				"The body took too long to arrive."
//	@Failure		413		{object}	Problem				"The body is too large."
//	@Failure		415		{object}	Problem				"The body is compressed, and not by gzip or zstd."
//	@Failure		422		{object}	Invalid				"The query or the body is not as it should be: every error in them, in order."
//	@Failure		500		{object}	Problem				"The service failed; its log says why."
//	@Failure		503		{object}	Problem				"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/predict [post]
func (s *Server) predict(e *exchange, r *http.Request) (any, error) {
	include, wrong := queryEnum(r, "include", includable)
	top, wrongTop := queryTop(r)
	p := newPredictions()
	err := s.readPayload(e, r, p)
	if err := queryFirst(append(wrong, wrongTop...), err); err != nil {
		return nil, err
	}
	v := e.version
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
func (s *Server) classify(e *exchange, r *http.Request, p *predictions, explained *explanations, answered list) error {
	if len(p.Texts) > longTexts || p.document > longDocument {
		if err := s.long.admit(e, r); err != nil {
			return err
		}
	}
	v := e.version
	ctx := r.Context()
	e.texts = len(p.Texts)
	held := e.share.Held() + p.size()
	if err := s.hold(e, held+answerSize(answered)); err != nil {
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
			if err := s.hold(e, held+explained.held()+explained.room(text.Text)); err != nil {
				return err
			}
			explained.add(v.Model, text.Text, answer)
			runtime.Gosched()
		}
	}
	if explained != nil {
		p.more().explained = explained
		if err := s.hold(e, held+explained.held()+answerSize(answered)); err != nil {
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
func (s *Server) readPayload(e *exchange, r *http.Request, p *predictions) error {
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
	if err := s.hold(e, cap(body)+decoded); err != nil {
		return err
	}
	if err := s.payload.ParseInto(&p.PredictPayload, first(r.Header, "Content-Type"), body); err != nil {
		return err
	}
	return s.hold(e, decoded+cap(p.Texts)*textHeader)
}

// predictions are [Predictions] before they are encoded, in as little memory as they need.
type predictions struct {
	PredictPayload
	classes       []string
	tags          []int32   // index of the class of each text
	probabilities []float64 // of all classes for each text; nil if they are not wanted
	scores        []float64 // the same
	extra         *extra    // nil if nothing of it is wanted, as for most requests

	withProbabilities, withScores bool
	document                      int // bytes that the texts take together, encoded

	// Room for the texts and the tags of most requests: two allocations less.
	fewTexts [fewTexts]Text
	fewTags  [fewTexts]int32
}

const fewTexts = 4

func newPredictions() *predictions {
	p := new(predictions)
	p.Texts = p.fewTexts[:0]
	return p
}

// numbers returns how many numbers for each class are wanted.
func (p *predictions) numbers() int {
	n := 0
	if p.withProbabilities {
		n++
	}
	if p.withScores {
		n++
	}
	return n
}

// extra is what few requests ask for.
type extra struct {
	model     *string       // nil if it is not wanted
	version   *VersionName  // the same
	explained *explanations // the same
	shadow    func()        // has a shadow predict the texts as well; nil without one
}

func (p *predictions) more() *extra {
	if p.extra == nil {
		p.extra = new(extra)
	}
	return p.extra
}

func (x *extra) appendTo(b []byte) []byte {
	if x.model != nil {
		b = appendQuote(append(b, `,"model":`...), *x.model)
	}
	if x.version != nil {
		b = appendQuote(append(b, `,"version":{"name":`...), x.version.Name)
		b = appendQuote(append(b, `,"version":`...), x.version.Version)
		b = append(b, '}')
	}
	return b
}

func (p *predictions) answered() {
	if x := p.explanations(); x != nil {
		x.release()
	}
	if p.extra != nil && p.extra.shadow != nil {
		p.extra.shadow()
	}
}

// size returns how many bytes the results take.
func (p *predictions) size() int {
	return (4 + 8*p.numbers()*len(p.classes)) * len(p.Texts)
}

// alloc makes room for the results.
func (p *predictions) alloc() {
	if p.tags = p.fewTags[:0]; len(p.Texts) > fewTexts {
		p.tags = make([]int32, len(p.Texts))
	}
	p.tags = p.tags[:len(p.Texts)]
	if p.withProbabilities {
		p.probabilities = make([]float64, len(p.Texts)*len(p.classes))
	}
	if p.withScores {
		p.scores = make([]float64, len(p.Texts)*len(p.classes))
	}
}

// of returns the numbers of the i-th text, nil if there are none.
func (p *predictions) of(i int, numbers []float64) []float64 {
	if numbers == nil {
		return nil
	}
	n := len(p.classes)
	return numbers[i*n : (i+1)*n]
}

// Tag, Probabilities, Scores and Explanation return the results of the i-th text.
func (p *predictions) Tag(i int) int                 { return int(p.tags[i]) }
func (p *predictions) Probabilities(i int) []float64 { return p.of(i, p.probabilities) }
func (p *predictions) Scores(i int) []float64        { return p.of(i, p.scores) }
func (p *predictions) Explanation(i int) []byte {
	if x := p.explanations(); x != nil {
		return x.of(i)
	}
	return nil
}

func (p *predictions) room() int {
	room := p.document + len(p.Texts)*prediction.Room(p.classes, p.numbers())
	if x := p.explanations(); x != nil {
		room += len(x.encoded)
	}
	return room
}

// explanations returns those of the texts, nil if they are not wanted.
func (p *predictions) explanations() *explanations {
	if p.extra == nil {
		return nil
	}
	return p.extra.explained
}

func (p *predictions) largest() int {
	longest, explanation := 0, 0
	x := p.explanations()
	for i, text := range p.Texts {
		longest = max(longest, len(text.Text))
		if x != nil {
			explanation = max(explanation, len(x.of(i)))
		}
	}
	const escape = len(`\u0000`)
	return min(escape*longest, p.document) + prediction.Room(p.classes, p.numbers()) + explanation
}

func (p *predictions) parts() int { return len(p.Texts) + 1 }

func (p *predictions) appendPart(b []byte, i int) []byte {
	switch i {
	case 0:
		b = append(b, `{"predictions":[`...)
	case len(p.Texts):
		b = append(b, ']')
		if p.extra != nil {
			b = p.extra.appendTo(b)
		}
		return append(b, '}')
	default:
		b = append(b, ',')
	}
	b = prediction.Append(b, p.Texts[i].Text, p.classes[p.tags[i]], p.classes, p.of(i, p.probabilities), p.of(i, p.scores))
	if x := p.explanations(); x != nil {
		b = append(append(b[:len(b)-1], x.of(i)...), '}')
	}
	return b
}

// textsOf returns the texts of a payload.
func textsOf(texts []Text) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, text := range texts {
			if !yield(text.Text) {
				return
			}
		}
	}
}
