package server

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/jsonbody"
	"tagifai/internal/prediction"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/query"
)

// Predictions is the data of POST /predict, in the order of the texts.
type Predictions struct {
	Predictions []prediction.Prediction `json:"predictions"`
	// The id of the run that trained the model; only with include=model.
	Model *string `json:"model,omitzero" binding:"optional" example:"38a3902ad4ad5b88a03d238fe2430fa4"`
	// The version that answered; only with include=version.
	Version *classify.VersionName `json:"version,omitzero" binding:"optional"`
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

// predict answers POST /predict.
//
//	@ID				predict
//	@Summary		Predict tags for a list of texts.
//	@Description	A prediction for each text, in the order of the texts. The body is also read if its Content-Type is missing or ends in `+json`. How large a body, a list and a text may be is a setting of the service.
//	@Tags			Prediction
//	@Param			payload	body		classify.PredictPayload		true	"The texts to classify."
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
	include, wrong := query.Enum(r, "include", includable)
	top, wrongTop := explainTopOf(r)
	p, err := s.classifier.ReadPayload(e, r)
	if err := query.Before(append(wrong, wrongTop...), err); err != nil {
		return nil, err
	}
	v := e.Version
	p.WithProbabilities = slices.Contains(include, includeProbabilities)
	p.WithScores = slices.Contains(include, includeScores)
	var explained *classify.Explanations
	if slices.Contains(include, includeExplanation) {
		if explained, err = s.classifier.Explain(e, r, top); err != nil {
			return nil, err
		}
		if explained.Classes, err = explainClassesOf(r, v.Classes()); err != nil {
			return nil, err
		}
	}
	if p.WithProbabilities && !v.HasProbabilities() {
		return nil, errNoProbabilities
	}
	if slices.Contains(include, includeModel) {
		p.AddRunID(v.RunID())
	}
	if slices.Contains(include, includeVersion) {
		p.AddVersion(classify.VersionName{Name: v.Name, Version: strconv.Itoa(v.Number)})
	}
	return p, s.classifier.Classify(e, r, p, explained, p)
}

// Parameters of include=explanation.
const (
	explainTop     = "explain_top"
	explainClasses = "explain_classes"

	maxTop = 1000
)

// explainTopOf returns how many n-grams a query asks for, and what is wrong with it.
func explainTopOf(r *http.Request) (int, []jsonbody.Item) {
	values := query.Values(r, explainTop)
	if len(values) == 0 {
		return classify.DefaultTop, nil
	}
	return query.Number(explainTop, strings.TrimSpace(values[len(values)-1]), 0, maxTop)
}

// explainClassesOf returns the indices of the classes that a query names, of these.
func explainClassesOf(r *http.Request, classes []string) (explained []int, err error) {
	for _, list := range query.Values(r, explainClasses) {
		names := []string{list}
		if !slices.Contains(classes, list) { // a name may have a comma in it
			names = strings.Split(list, ",")
		}
		for _, name := range names {
			class := slices.Index(classes, name)
			if class < 0 {
				return nil, &jsonbody.InvalidError{Items: []jsonbody.Item{{
					Loc:  []any{"query", explainClasses},
					Msg:  fmt.Sprintf("%q is not a class of the model; its classes: '%s'", name, strings.Join(classes, "', '")),
					Type: "value_error.unknown_class",
				}}}
			}
			if !slices.Contains(explained, class) {
				explained = append(explained, class)
			}
		}
	}
	return explained, nil
}
