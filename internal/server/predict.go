package server

import "net/http"

// PredictPayload is the body of POST /predict. A rule of a field is a line here
// and nowhere else; see newPlan for what the tags mean.
type PredictPayload struct {
	Texts []Text `json:"texts" validate:"min=1,dive" message:"List of texts to classify cannot be empty."`
}

// Text is one text to classify.
type Text struct {
	Text string `json:"text" validate:"min=1"`
}

// Predictions is the data of POST /predict, in the order of the texts.
type Predictions struct {
	Predictions []Prediction `json:"predictions"`
}

// Prediction is a text as it was sent and the tag that the model gives it.
type Prediction struct {
	InputText    string `json:"input_text"`
	PredictedTag string `json:"predicted_tag"`
}

// predict answers POST /predict.
//
//	@ID				predict
//	@Summary		Predict tags for a list of texts.
//	@Description	A prediction for each text, in the order of the texts. The body is also read if its Content-Type is missing or ends in `+json`. How large a body, a list and a text may be is a setting of the service.
//	@Tags			Prediction
//	@Param			payload	body		PredictPayload		true	"The texts to classify."
//	@Success		200		{object}	Answer[Predictions]	"A prediction for each text."
//	@Failure		400		{object}	Problem				"The body is not text, or stopped before its end."
//	@Failure		408		{object}	Problem				"The body took too long to arrive."
//	@Failure		413		{object}	Problem				"The body is too large."
//	@Failure		415		{object}	Problem				"The body is compressed."
//	@Failure		422		{object}	Invalid				"The body is not the payload: every error in it, in order of position."
//	@Failure		500		{object}	Problem				"The service failed; its log says why."
//	@Router			/predict [post]
func (s *Server) predict(r *http.Request) (any, error) {
	payload, err := s.payload.bind(r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	exchangeOf(ctx).texts = len(payload.Texts)
	predictions := make([]Prediction, len(payload.Texts))
	for i, text := range payload.Texts {
		// Nobody waits for the answer any more: leave the processor to others.
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		predictions[i] = Prediction{InputText: text.Text, PredictedTag: s.model.Tag(text.Text)}
	}
	return Predictions{predictions}, nil
}
