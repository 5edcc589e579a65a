package server

import (
	"net/http"

	"tagifai/internal/server/exchange"
)

// predictModel answers POST /models/{name}/predict.
//
//	@ID				predictModel
//	@Summary		Predict tags by a model.
//	@Description	As `POST /predict`, by the model's stable version or its canary.
//	@Tags			Models
//	@Param			name	path		string				true	"The name of the model."
//	@Param			payload	body		classify.PredictPayload		true	"The texts to classify."
//	@Param			include	query		[]string			false	"What to add to the answer, as for `POST /predict`."	Enums(probabilities, scores, model, version, explanation)	collectionFormat(csv)
//	@Param			explain_top		query	int			false	"As for `POST /predict`."	default(10)	minimum(0)	maximum(1000)
//	@Param			explain_classes	query	[]string	false	"As for `POST /predict`."	collectionFormat(csv)
//	@Success		200		{object}	exchange.Answer[Predictions]	"A prediction for each text."
//	@Failure		400		{object}	exchange.Problem				"The body is not text, or stopped before its end."
//	@Failure		404		{object}	exchange.Problem				"There is no such model, or it has no stable version; the detail names what there is."
//	@Failure		408		{object}	exchange.Problem				"The body took too long to arrive."
//	@Failure		413		{object}	exchange.Problem				"The body is too large."
//	@Failure		415		{object}	exchange.Problem				"The body is compressed, and not by gzip or zstd."
//	@Failure		422		{object}	exchange.Invalid				"The query or the body is not as it should be: every error in them, in order."
//	@Failure		500		{object}	exchange.Problem				"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem				"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/predict [post]
func (s *Server) predictModel(e *exchange.Exchange, r *http.Request) (any, error) {
	return s.predict(e, r)
}

// predictVersion answers POST /models/{name}/versions/{version}/predict.
//
//	@ID				predictVersion
//	@Summary		Predict tags by a version of a model.
//	@Description	As `POST /predict`, by this version.
//	@Tags			Models
//	@Param			name	path		string				true	"The name of the model."
//	@Param			version	path		string				true	"The number of the version, or an alias."
//	@Param			payload	body		classify.PredictPayload		true	"The texts to classify."
//	@Param			include	query		[]string			false	"What to add to the answer, as for `POST /predict`."	Enums(probabilities, scores, model, version, explanation)	collectionFormat(csv)
//	@Param			explain_top		query	int			false	"As for `POST /predict`."	default(10)	minimum(0)	maximum(1000)
//	@Param			explain_classes	query	[]string	false	"As for `POST /predict`."	collectionFormat(csv)
//	@Success		200		{object}	exchange.Answer[Predictions]	"A prediction for each text."
//	@Failure		400		{object}	exchange.Problem				"The body is not text, or stopped before its end."
//	@Failure		404		{object}	exchange.Problem				"There is no such model or version; the detail names what there is."
//	@Failure		408		{object}	exchange.Problem				"The body took too long to arrive."
//	@Failure		413		{object}	exchange.Problem				"The body is too large."
//	@Failure		415		{object}	exchange.Problem				"The body is compressed, and not by gzip or zstd."
//	@Failure		422		{object}	exchange.Invalid				"The query or the body is not as it should be: every error in them, in order."
//	@Failure		500		{object}	exchange.Problem				"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem				"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/versions/{version}/predict [post]
func (s *Server) predictVersion(e *exchange.Exchange, r *http.Request) (any, error) {
	return s.predict(e, r)
}

// predictAlias answers POST /models/{name}/aliases/{alias}/predict.
//
//	@ID				predictAlias
//	@Summary		Predict tags by the version that an alias stands for.
//	@Description	As `POST /predict`, by that version.
//	@Tags			Models
//	@Param			name	path		string				true	"The name of the model."
//	@Param			alias	path		string				true	"The alias, or the number of a version."
//	@Param			payload	body		classify.PredictPayload		true	"The texts to classify."
//	@Param			include	query		[]string			false	"What to add to the answer, as for `POST /predict`."	Enums(probabilities, scores, model, version, explanation)	collectionFormat(csv)
//	@Param			explain_top		query	int			false	"As for `POST /predict`."	default(10)	minimum(0)	maximum(1000)
//	@Param			explain_classes	query	[]string	false	"As for `POST /predict`."	collectionFormat(csv)
//	@Success		200		{object}	exchange.Answer[Predictions]	"A prediction for each text."
//	@Failure		400		{object}	exchange.Problem				"The body is not text, or stopped before its end."
//	@Failure		404		{object}	exchange.Problem				"There is no such model or alias; the detail names what there is."
//	@Failure		408		{object}	exchange.Problem				"The body took too long to arrive."
//	@Failure		413		{object}	exchange.Problem				"The body is too large."
//	@Failure		415		{object}	exchange.Problem				"The body is compressed, and not by gzip or zstd."
//	@Failure		422		{object}	exchange.Invalid				"The query or the body is not as it should be: every error in them, in order."
//	@Failure		500		{object}	exchange.Problem				"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem				"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/aliases/{alias}/predict [post]
func (s *Server) predictAlias(e *exchange.Exchange, r *http.Request) (any, error) {
	return s.predict(e, r)
}
