package server

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/registry"
)

// Versions are what the server serves: a [registry.Registry], or what a test puts in its
// place.
type Versions interface {
	// Get returns the version that ref asks for.
	Get(ctx context.Context, ref registry.Ref) (*registry.Version, error)
	// Ready returns why the default version cannot answer, if it cannot.
	Ready(ctx context.Context) error
	// Reload loads anew what is served, and says in the log why.
	Reload(ctx context.Context, why string) (*registry.Version, error)
}

// version returns the version that answers a request. It asks for it once, so that the
// request sees one version from start to end.
func (s *Server) version(e *exchange, r *http.Request) (*registry.Version, error) {
	if e.version == nil {
		v, err := s.versions.Get(r.Context(), refOf(r))
		if err != nil {
			return nil, err
		}
		e.version = v
	}
	return e.version, nil
}

// refOf returns what the path of a request says of the version: nothing, or what its
// route calls {name}, {version} and {alias}.
func refOf(r *http.Request) registry.Ref {
	var ref registry.Ref
	params := &chi.RouteContext(r.Context()).URLParams
	for i, key := range params.Keys {
		switch key {
		case "name":
			ref.Model = params.Values[i]
		case "version":
			ref.Version = params.Values[i]
		case "alias":
			ref.Alias = params.Values[i]
		}
	}
	return ref
}

// ready returns what keeps the service from answering requests, if anything does.
func (s *Server) ready(ctx context.Context) error {
	if s.draining.Load() {
		return errDraining
	}
	err := s.versions.Ready(ctx)
	if err != nil {
		s.log.Error().Err(err).Msg("not ready")
	}
	return err
}
