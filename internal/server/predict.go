package server

import (
	"net/http"
	"runtime"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/model"
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
	Predictions []Prediction `json:"predictions"`
	// The id of the run that trained the model; only with include=model.
	Model *string `json:"model,omitzero" binding:"optional" example:"38a3902ad4ad5b88a03d238fe2430fa4"`
}

// Prediction is a text as it was sent and the tag that the model gives it.
type Prediction struct {
	InputText    string `json:"input_text"`
	PredictedTag string `json:"predicted_tag"`
	// Of every class, in the order of their indices; only with include=probabilities.
	Probabilities Probabilities `json:"probabilities,omitzero" binding:"optional" swaggertype:"object,number"`
}

// Probabilities are an object on the wire, from class to probability.
type Probabilities []Probability

// Probability is that of one class.
type Probability struct {
	Class string
	Value float64
}

// appendJSON appends what the encoder of JSON would make of the predictions, in less
// than half the time.
func (p *Predictions) appendJSON(b []byte) []byte {
	b = append(b, `{"predictions":[`...)
	for i := range p.Predictions {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.Predictions[i].appendJSON(b)
	}
	b = append(b, ']')
	if p.Model != nil {
		b = appendQuote(append(b, `,"model":`...), *p.Model)
	}
	return append(b, '}')
}

func (p *Prediction) appendJSON(b []byte) []byte {
	b = appendQuote(append(b, `{"input_text":`...), p.InputText)
	b = appendQuote(append(b, `,"predicted_tag":`...), p.PredictedTag)
	if p.Probabilities != nil {
		b = append(b, `,"probabilities":{`...)
		for i, probability := range p.Probabilities {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendQuote(b, probability.Class), ':')
			b = jsontext.AppendFloat(b, probability.Value, 64)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// What include can ask for.
const (
	includeProbabilities = "probabilities"
	includeModel         = "model"
)

var includable = []string{includeProbabilities, includeModel}

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
//	@Param			include	query		[]string			false	"What to add to the answer: the probabilities of all classes to each prediction, the run id of the model to the data. Values are separated by commas, or the parameter is repeated; without any, nothing is added."	Enums(probabilities, model)	collectionFormat(csv)
//	@Success		200		{object}	Answer[Predictions]	"A prediction for each text."
//	@Failure		400		{object}	Problem				"The body is not text, or stopped before its end."
//	@Failure		408		{object}	Problem				"The body took too long to arrive."
//	@Failure		413		{object}	Problem				"The body is too large."
//	@Failure		415		{object}	Problem				"The body is compressed."
//	@Failure		422		{object}	Invalid				"The query or the body is not as it should be: every error in them, in order."
//	@Failure		500		{object}	Problem				"The service failed; its log says why."
//	@Failure		503		{object}	Problem				"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/predict [post]
func (s *Server) predict(e *exchange, r *http.Request) (any, error) {
	include, wrong := queryEnum(r, "include", includable)
	payload, err := s.readPayload(e, r)
	if err := queryFirst(wrong, err); err != nil {
		return nil, err
	}
	v, err := s.version(e, r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	e.texts = len(payload.Texts)
	predictions := &Predictions{Predictions: make([]Prediction, len(payload.Texts))}
	withAll := slices.Contains(include, includeProbabilities)
	for i, text := range payload.Texts {
		if i%textsAtATime == textsAtATime-1 {
			runtime.Gosched() // others are to be answered, or sent away, in time
		}
		// Nobody waits for the answer any more: leave the processor to others.
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		answer := v.Classify(text.Text)
		v.Predicted(answer)
		p := &predictions.Predictions[i]
		p.InputText, p.PredictedTag = text.Text, v.Class(answer.Class)
		if withAll {
			p.Probabilities = probabilities(v.Classes(), v.Predict(text.Text))
		}
	}
	if slices.Contains(include, includeModel) {
		id := v.RunID()
		predictions.Model = &id
	}
	return predictions, nil
}

// readPayload returns the body of r, once it is the turn of r to be worked on.
func (s *Server) readPayload(e *exchange, r *http.Request) (*PredictPayload, error) {
	if s.gate.full() {
		drain(r)
		return nil, errQueueFull
	}
	buffer := buffers.Get().(*[]byte)
	body, err := s.payload.Read(*buffer, r, func(bytes int) error { return s.hold(e, bytes) })
	defer putBuffer(buffer, body)
	if err != nil {
		return nil, err
	}
	if err := s.enter(e, r); err != nil {
		return nil, err
	}
	return s.payload.Parse(first(r.Header, "Content-Type"), body)
}

func probabilities(classes []string, p model.Prediction) Probabilities {
	named := make(Probabilities, len(classes))
	for k, class := range classes {
		named[k] = Probability{class, p.Probabilities[k]}
	}
	return named
}
