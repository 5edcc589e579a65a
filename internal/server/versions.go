package server

import (
	"context"
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/registry"
	"tagifai/internal/server/exchange"
	"tagifai/internal/store"
)

// Versions are what the server serves: a [registry.Registry], or what a test puts in its
// place. Its methods are documented there.
type Versions interface {
	Get(ctx context.Context, ref registry.Ref) (*registry.Version, error)
	Ready(ctx context.Context) error
	Reload(ctx context.Context, why string) (*registry.Version, error)

	Default() string
	Models(ctx context.Context, after string, limit int, include func(name string) bool) (models []registry.Summary, more bool, err error)
	Model(ctx context.Context, name string) (*registry.Overview, error)
	Stable(ctx context.Context, name string) (*registry.Stable, error)
	Manifest(ctx context.Context, v *registry.Version) (*store.Manifest, error)

	Shadowed(v *registry.Version) bool
	Shadow(v *registry.Version, texts func(yield func(string) bool))

	Move(ctx context.Context, name, alias, version, by string) (*registry.Overview, error)
	SetCanary(ctx context.Context, name, version string, percent float64, by string) (*registry.Overview, error)
	EndCanary(ctx context.Context, name, by string) (*registry.Overview, error)
	SetShadow(ctx context.Context, name, version, by string) (*registry.Overview, error)
	EndShadow(ctx context.Context, name, by string) (*registry.Overview, error)
	Add(ctx context.Context, name string, tar io.Reader, source, by string) (int, error)
	Remove(ctx context.Context, name, version string) (*registry.Overview, error)
}

// version returns the version that answers a request. It asks for it once, so that the
// request sees one version from start to end. The body decides between the stable version
// and its canary, unless a header does; without a body it is the stable one.
//
// The version may have to be loaded, so the request must not have a place yet.
func (s *Server) version(e *exchange.Exchange, r *http.Request, body []byte) (*registry.Version, error) {
	if e.Version == nil {
		ref := refOf(r)
		if ref.Key = body; body != nil && s.canaryHeader != "" {
			if value := exchange.First(r.Header, s.canaryHeader); value != "" {
				ref.Key = []byte(value)
			}
		}
		v, err := s.versions.Get(r.Context(), ref)
		if err != nil {
			return nil, err
		}
		e.Version = v
	}
	return e.Version, nil
}

// unnamed reports whether the path of a request names no version, so that a canary or a
// shadow may have a part in it.
func unnamed(r *http.Request) bool {
	ref := refOf(r)
	return ref.Version == "" && ref.Alias == ""
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
