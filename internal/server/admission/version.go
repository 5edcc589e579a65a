package admission

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/registry"
	"tagifai/internal/server/exchange"
)

// Version returns the version that answers a request. It asks for it once, so that the
// request sees one version from start to end. The body decides between the stable version
// and its canary, unless a header does; without a body it is the stable one.
//
// The version may have to be loaded, so the request must not have a place yet.
func (a *Admission) Version(e *exchange.Exchange, r *http.Request, body []byte) (*registry.Version, error) {
	if e.Version == nil {
		ref := RefOf(r)
		if ref.Key = body; body != nil && a.canaryHeader != "" {
			if value := exchange.First(r.Header, a.canaryHeader); value != "" {
				ref.Key = []byte(value)
			}
		}
		v, err := a.Versions.Get(r.Context(), ref)
		if err != nil {
			return nil, err
		}
		e.Version = v
	}
	return e.Version, nil
}

// Unnamed reports whether the path of a request names no version, so that a canary or a
// shadow may have a part in it.
func Unnamed(r *http.Request) bool {
	ref := RefOf(r)
	return ref.Version == "" && ref.Alias == ""
}

// RefOf returns what the path of a request says of the version: nothing, or what its
// route calls {name}, {version} and {alias}.
func RefOf(r *http.Request) registry.Ref {
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
