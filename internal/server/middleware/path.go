package middleware

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// DecodedPath lets the routes match the path as it is once all its escapes are
// resolved, as FastAPI has it: "/%61rgs" is "/args", and an escaped slash is a slash.
func DecodedPath(next http.Handler) http.Handler { return &decodedPath{next} }

type decodedPath struct{ next http.Handler }

func (m *decodedPath) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawPath != "" { // which chi would take instead
		chi.RouteContext(r.Context()).RoutePath = r.URL.Path
	}
	m.next.ServeHTTP(w, r)
}
