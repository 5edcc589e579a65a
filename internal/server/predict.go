package server

import "net/http"

// PredictPayload is the body of POST /predict. A rule of a field is a line here
// and nowhere else; see newPlan for what the tags mean.
type PredictPayload struct {
	Texts []Text `json:"texts" validate:"min=1,dive" message:"List of texts to classify cannot be empty."`
}

// Text is one text to classify.
type Text struct {
	Text string `json:"text" validate:"min=1,max_text" example:"Transfer learning with transformers for text classification."`
}

// examplePayload is what the API's description shows as a body.
var examplePayload = PredictPayload{Texts: []Text{
	{"Transfer learning with transformers for text classification."},
	{"Generative adversarial networks in both PyTorch and TensorFlow."},
}}

// Predictions is the data of POST /predict, in the order of the texts.
type Predictions struct {
	Predictions []Prediction `json:"predictions"`
}

// Prediction is a text as it was sent and the tag that the model gives it.
type Prediction struct {
	InputText    string `json:"input_text" example:"Transfer learning with transformers for text classification."`
	PredictedTag string `json:"predicted_tag" example:"natural-language-processing"`
}

// predict answers POST /predict.
//
//	@Summary	Predict tags for a list of texts.
//	@Tags		Prediction
//	@Param		payload	body		PredictPayload	true	"The texts to classify."
//	@Success	200		{object}	Answer{data=Predictions}
//	@Failure	400		{object}	Problem{detail=string}	"The body is not text."
//	@Failure	413		{object}	Problem{detail=string}	"The body is too large."
//	@Failure	415		{object}	Problem{detail=string}	"The body is compressed."
//	@Failure	422		{object}	Problem{detail=[]Item}	"The body is not the payload: every error in it, in order."
//	@Router		/predict [post]
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
