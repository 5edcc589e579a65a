package server

import "net/http"

// Health is the data of GET /: an empty object.
type Health struct{}

// health answers GET /.
//
//	@Summary	Health check.
//	@Tags		General
//	@Success	200	{object}	Answer{data=Health}
//	@Router		/ [get]
func (s *Server) health(*http.Request) (any, error) { return Health{}, nil }
