package server

import (
	"context"
	"net/http"
)

// Reloaded is the data of POST /reload on the admin listener.
type Reloaded struct {
	RunID string  `json:"run_id"` // of the new model
	MS    float64 `json:"ms"`     // milliseconds that loading it took
}

// reloadModel answers POST /reload with the new model, or with the reason why the old one
// is still served.
func (s *Server) reloadModel(_ *exchange, r *http.Request) (any, error) {
	// What has been asked for is done, even if the client does not wait for the answer.
	v, err := s.versions.Reload(context.WithoutCancel(r.Context()), "POST /reload")
	if err != nil {
		return nil, err
	}
	return Reloaded{v.RunID(), float64(v.Took.Microseconds()) / 1000}, nil
}
