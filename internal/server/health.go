package server

import "net/http"

// Health is the data of GET /: an empty object.
type Health struct{}

// health answers GET /.
//
//	@ID				health
//	@Summary		Health check.
//	@Description	Answers as soon as the service can predict.
//	@Tags			General
//	@Success		200	{object}	Answer[Health]	"The service is up."
//	@Router			/ [get]
func (s *Server) health(*http.Request) (any, error) { return Health{}, nil }
