package server

import (
	"net/http"
	"net/http/pprof"

	"github.com/go-chi/chi/v5"
)

// routes is the only list of routes and of middleware.
//
//	@title			TagIfAI - Made With ML
//	@description	Classify machine learning projects.
//	@version		0.1
//	@contact.name	TagIfAI
//	@license.name	MIT
//	@license.url	https://spdx.org/licenses/MIT.html
//	@accept			json
//	@produce		json
//
//	@tag.name			General
//	@tag.description	Is the service up? What holds for every route: a path that is not here is a 404, another method a 405 with `Allow`, and one slash too much at the end a 307 to the path without it. HEAD is answered wherever GET is.
//	@tag.name			Performance
//	@tag.description	How well the model did on the data it was judged on.
//	@tag.name			Arguments
//	@tag.description	What the model was trained with.
//	@tag.name			Prediction
//	@tag.description	Tags for texts.
//	@tag.name			Models
//	@tag.description	Many models and many versions of each. Without a store of models there is one, `default`, with one version, 1.
func (s *Server) routes(withMetrics bool) *chi.Mux {
	mux := chi.NewRouter()
	mux.Use(
		s.exchanges,       // first: what follows asks it for the id
		s.front.forwarded, // before whatever looks at the URL or the client
		s.metrics.observe, // around all that takes time, and, as the log, around the recoverer
		s.logAccess,       // so that a panic is logged with the 500 it became
		s.recoverPanics,   // around all that could panic
		s.cors,            // before the routes, of which none answers a preflight
		routeDecoded,      // last before the routes, whose path it sets
	)
	s.refuseOthers(mux)

	// A route that works takes its turn; one that tells how the service is must not wait.
	s.probes(mux)
	get(mux, "/", s.answer(s.health))
	get(mux, "/performance", s.answer(s.turn(s.performance)))
	get(mux, "/args", s.answer(s.turn(s.args)))
	get(mux, "/args/{arg}", s.answer(s.turn(s.arg)))
	mux.Post("/predict", s.answer(s.predict)) // takes its turn once it has its body
	get(mux, "/models", s.answer(s.models))
	get(mux, "/models/{name}", s.answer(s.model))
	get(mux, "/models/{name}/versions/{version}", s.answer(s.turn(s.modelVersion)))
	get(mux, "/models/{name}/versions/{version}/args", s.answer(s.turn(s.versionArgs)))
	get(mux, "/models/{name}/versions/{version}/args/{arg}", s.answer(s.turn(s.versionArg)))
	get(mux, "/models/{name}/versions/{version}/performance", s.answer(s.turn(s.versionPerformance)))
	mux.Post("/models/{name}/predict", s.answer(s.predictModel))
	mux.Post("/models/{name}/versions/{version}/predict", s.answer(s.predictVersion))
	mux.Post("/models/{name}/aliases/{alias}/predict", s.answer(s.predictAlias))
	for path, file := range s.docs {
		get(mux, path, file.ServeHTTP)
	}
	get(mux, "/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		s.openAPI.ServeBelow(exchangeOf(w).prefix, w, r)
	})
	if withMetrics {
		get(mux, "/metrics", s.metrics.handler().ServeHTTP)
	}
	return mux
}

// adminRoutes is the same list for the admin listener.
func (s *Server) adminRoutes() *chi.Mux {
	mux := chi.NewRouter()
	mux.Use(s.exchanges, front{}.forwarded, s.logAccess, s.recoverPanics, s.onlyAdminHosts, s.sameOrigin)
	s.refuseOthers(mux)

	s.probes(mux)
	get(mux, "/metrics", s.metrics.handler().ServeHTTP)
	mux.Post("/reload", s.answer(s.reloadModel))
	mux.Put("/models/{name}/aliases/{alias}", s.answer(s.putAlias))
	mux.Put("/models/{name}/canary", s.answer(s.putCanary))
	mux.Delete("/models/{name}/canary", s.answer(s.deleteCanary))
	mux.Put("/models/{name}/shadow", s.answer(s.putShadow))
	mux.Delete("/models/{name}/shadow", s.answer(s.deleteShadow))
	mux.Post("/models/{name}/versions", s.answerAs(http.StatusCreated, s.postVersion))
	mux.Delete("/models/{name}/versions/{version}", s.answer(s.deleteVersion))
	mux.HandleFunc("/debug/pprof/*", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

func get(mux *chi.Mux, pattern string, h http.HandlerFunc) {
	mux.Get(pattern, h)
	mux.Head(pattern, h) // net/http leaves the body out
}

// probes are the routes that machines ask all the time.
func (s *Server) probes(mux *chi.Mux) {
	get(mux, "/livez", s.answer(s.livez))
	get(mux, "/readyz", s.answer(s.readyz))
}

// isProbe reports whether a route is one that machines ask all the time.
func isProbe(route string) bool {
	return route == "/livez" || route == "/readyz" || route == "/metrics"
}

// refuseOthers answers what no route does.
func (s *Server) refuseOthers(mux *chi.Mux) {
	mux.NotFound(s.notFound(mux))
	mux.MethodNotAllowed(s.methodNotAllowed(mux))
}
