package server

import "net/http"

// Reloaded is the data of POST /reload on the admin listener.
type Reloaded struct {
	RunID string  `json:"run_id"` // of the model that is served from now on
	MS    float64 `json:"ms"`     // that it took to load it
}

// A refusedError says why a new model is not served.
type refusedError struct{ error }

// reloadModel answers POST /reload: with what is served now, or why that is still the
// old model.
func (s *Server) reloadModel(*exchange, *http.Request) (any, error) {
	now, err := s.reload("POST /reload")
	if err != nil {
		return nil, &refusedError{err}
	}
	return Reloaded{now.RunID(), float64(now.loading.Microseconds()) / 1000}, nil
}
