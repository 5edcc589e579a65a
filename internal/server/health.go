package server

import (
	"net/http"

	"tagifai/internal/server/exchange"
)

// Health is the data of GET /, of GET /livez and of GET /readyz: an empty object.
type Health struct{}

// health answers GET /.
//
//	@ID				health
//	@Summary		Health check.
//	@Description	Answers as soon as the service can predict.
//	@Tags			General
//	@Success		200	{object}	exchange.Answer[Health]	"The service is up."
//	@Failure		503	{object}	exchange.Problem			"There is nothing to predict with yet."
//	@Router			/ [get]
func (s *Server) health(e *exchange.Exchange, r *http.Request) (any, error) {
	_, err := s.admission.Version(e, r, nil)
	return Health{}, err
}

// livez answers GET /livez.
//
//	@ID				livez
//	@Summary		Is the process alive?
//	@Description	For whatever restarts the service when it does not answer.
//	@Tags			General
//	@Success		200	{object}	exchange.Answer[Health]	"It is."
//	@Router			/livez [get]
func (s *Server) livez(*exchange.Exchange, *http.Request) (any, error) { return Health{}, nil }

// readyz answers GET /readyz.
//
//	@ID				readyz
//	@Summary		Should requests be sent here?
//	@Description	For load balancers. The model is asked to predict each time.
//	@Tags			General
//	@Success		200	{object}	exchange.Answer[Health]	"They should: the model answers."
//	@Failure		503	{object}	exchange.Problem			"They should not: the service is about to stop."
//	@Router			/readyz [get]
func (s *Server) readyz(_ *exchange.Exchange, r *http.Request) (any, error) {
	return Health{}, s.admission.Ready(r.Context())
}
