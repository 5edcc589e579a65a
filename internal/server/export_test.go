package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/jsonbody"
	"tagifai/internal/registry"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/exchange"
)

// Route adds a route, so that tests can see what becomes of what a handler returns.
func (s *Server) Route(method, pattern string, h func(*http.Request) (any, error)) {
	s.mux.Method(method, pattern, answer(func(_ *exchange.Exchange, r *http.Request) (any, error) { return h(r) }))
}

// RoutePayload adds a route that answers with its body, a T.
func RoutePayload[T any](s *Server, pattern string) {
	payload := jsonbody.New[T](jsonbody.Limits{Body: 1 << 20, Items: 100})
	s.Route(http.MethodPost, pattern, func(r *http.Request) (any, error) {
		body, err := payload.Read(nil, r, func(full []byte) ([]byte, error) { return append(full, 0)[:len(full)], nil })
		if err != nil {
			return nil, err
		}
		return payload.Parse("", body)
	})
}

// RouteVersion adds the routes of a version below a path that names it.
func (s *Server) RouteVersion(below string) {
	s.mux.Post(below+"/predict", answer(s.predict))
	s.mux.Get(below+"/args", answer(s.admission.Turn(s.args)))
	s.mux.Get(below+"/args/{arg}", answer(s.admission.Turn(s.arg)))
	s.mux.Get(below+"/performance", answer(s.admission.Turn(s.performance)))
}

// Speak makes a dialect of its own that of a path and of all below it: a success is the bare
// value, an error {"error": "…"}.
func (s *Server) Speak(path string) {
	s.exchanges.Dialects = append(s.exchanges.Dialects, exchange.At{Path: path, Dialect: bareErrors{}})
}

type bareErrors struct{ exchange.Bare }

func (bareErrors) AppendRefusal(b []byte, _ *exchange.Exchange, _ *http.Request, refused exchange.Refusal) []byte {
	return append(exchange.AppendQuote(append(b, `{"error":`...), refused.Text()), '}')
}

// Use puts middleware between the server's own and the routes. It comes before Route.
func (s *Server) Use(middleware ...func(http.Handler) http.Handler) {
	own := s.cors
	s.cors = func(next http.Handler) http.Handler { return own(chi.Chain(middleware...).Handler(next)) }
	s.mux = s.routes(true)
	s.public.HTTP.Handler = s.mux
}

// Wrap puts a handler around the whole service, which gives it the routes.
func (s *Server) Wrap(wrap func(http.Handler, chi.Routes) http.Handler) {
	s.public.HTTP.Handler = wrap(s.public.HTTP.Handler, s.mux)
}

// Occupy takes all places of requests that are worked on.
func (s *Server) Occupy() {
	over, cancel := context.WithCancel(context.Background())
	cancel() // wait for none
	var err error
	for err == nil {
		err = s.admission.Turns.Enter(over)
	}
}

// Vacate gives them back.
func (s *Server) Vacate() {
	for range s.admission.Turns.Taken() {
		s.admission.Turns.Leave()
	}
}

// Waiting returns how many requests wait for their turn.
func (s *Server) Waiting() int { return s.admission.Turns.Waiting() }

// Free returns how many bytes requests may still hold.
func (s *Server) Free() int64 { return s.exchanges.Allowance.Left() }

// Break makes every route fail that needs the model.
func (s *Server) Break() { s.versions, s.admission.Versions = broken{}, broken{} }

type broken struct{ Versions }

func (broken) Get(context.Context, registry.Ref) (*registry.Version, error) {
	return nil, errors.New("the cause")
}

func (broken) Stable(context.Context, string) (*registry.Stable, error) {
	return nil, errors.New("the cause")
}

// AdminHandler returns what the admin listener serves.
func (s *Server) AdminHandler() http.Handler { return s.admin.HTTP.Handler }

// RouteWithout makes a server with a route that states no action.
func RouteWithout(s *Server, register func(mux *chi.Mux)) {
	r := s.newRouter(false, false)
	register(r.mux)
	r.routes()
}

// RouteNeedingNothing makes a server with a route whose need is empty.
func RouteNeedingNothing(s *Server) {
	r := s.newRouter(false, false)
	r.get("/new", admission.Need{}, func(http.ResponseWriter, *http.Request) {})
	r.routes()
}

// RoutePanic adds a route that panics.
func RoutePanic(s *Server, pattern string) {
	s.mux.Get(pattern, s.admission.Guarded(toList, false, func(http.ResponseWriter, *http.Request) { panic("on purpose") }))
}
