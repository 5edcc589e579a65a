package server

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/server/admission"
	"tagifai/internal/server/exchange"
)

// A router has the routes of a listener, each with what it needs.
type router struct {
	mux    *chi.Mux
	server *Server
	open   bool                      // to everybody, whatever the routes need
	limits bool                      // of clients count
	needs  map[string]admission.Need // by method and pattern
}

func (s *Server) newRouter(open, limits bool, middleware ...func(http.Handler) http.Handler) *router {
	r := &router{mux: chi.NewRouter(), server: s, open: open, limits: limits, needs: map[string]admission.Need{}}
	r.mux.Use(middleware...)
	r.mux.NotFound(r.notFound)
	r.mux.MethodNotAllowed(r.methodNotAllowed)
	return r
}

// get adds a route for GET and for HEAD, whose body net/http leaves out.
func (r *router) get(pattern string, n admission.Need, h http.HandlerFunc) {
	r.handle(http.MethodGet, pattern, n, h)
	r.handle(http.MethodHead, pattern, n, h)
}

func (r *router) post(pattern string, n admission.Need, h http.HandlerFunc) {
	r.handle(http.MethodPost, pattern, n, h)
}

func (r *router) put(pattern string, n admission.Need, h http.HandlerFunc) {
	r.handle(http.MethodPut, pattern, n, h)
}

func (r *router) delete(pattern string, n admission.Need, h http.HandlerFunc) {
	r.handle(http.MethodDelete, pattern, n, h)
}

func (r *router) handle(method, pattern string, n admission.Need, h http.HandlerFunc) {
	r.needs[method+" "+pattern] = n
	if r.limits {
		h = r.server.admission.Limited(n, h)
	}
	if !r.open && !r.server.admission.Opens(n.Part) {
		h = r.server.admission.Guarded(n, r.limits, h)
	}
	r.mux.Method(method, pattern, h)
}

// routes returns the routes. It panics if one of them does not say what it needs, so that
// no service starts with it.
func (r *router) routes() *chi.Mux {
	_ = chi.Walk(r.mux, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error { // its errors are ours
		if r.needs[method+" "+pattern].Action == 0 {
			panic("server: " + method + " " + pattern + " states no action")
		}
		return nil
	})
	return r.mux
}

// notFound answers a path that no route has. If only a slash at its end is too much, it
// sends the client to the path without it. As that path is then one of our routes, it
// cannot lead to another host, as "//example.org/" would.
func (r *router) notFound(w http.ResponseWriter, request *http.Request) {
	path := strings.TrimRight(request.URL.Path, "/")
	if path != request.URL.Path && len(r.methods(path)) > 0 {
		location := url.URL{Path: exchange.Of(w).Prefix + path, RawQuery: request.URL.RawQuery}
		w.Header().Set("Location", location.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	r.refuse(w, request, errNotFound)
}

// methodNotAllowed answers a method that the route of the path does not have.
func (r *router) methodNotAllowed(w http.ResponseWriter, request *http.Request) {
	allowed := r.methods(request.URL.Path)
	if len(allowed) == 0 { // chi asks for an unknown method before it looks for the path
		r.notFound(w, request)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	r.refuse(w, request, errMethodNotAllowed)
}

// refuse answers what no route does. To those without a credential, it is not told apart
// from what there is.
func (r *router) refuse(w http.ResponseWriter, request *http.Request, err error) {
	if !r.open {
		if unknown := r.server.admission.Identify(exchange.Of(w), request); unknown != nil {
			err = unknown
		}
	}
	if r.limits {
		err = cmp.Or(r.server.admission.CountRequest(exchange.Of(w)), err)
	}
	exchange.Fail(w, request, err)
}

// methods returns the methods that path can be asked with.
func (r *router) methods(path string) []string {
	return slices.DeleteFunc([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}, func(method string) bool {
		return !r.mux.Match(chi.NewRouteContext(), method, path)
	})
}

// answer makes a handler one of net/http's.
func answer(h exchange.Handler) http.HandlerFunc { return exchange.Serve(http.StatusOK, h) }
