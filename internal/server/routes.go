package server

import (
	"net/http"

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
func (s *Server) routes() *chi.Mux {
	mux := chi.NewRouter()
	mux.Use(
		exchanges,         // first: what follows asks it for the id
		s.front.forwarded, // before whatever looks at the URL or the client
		s.logAccess,       // around the recoverer, so that a panic is logged with the 500 it became
		s.recoverPanics,   // around all that could panic
		s.cors,            // before the routes, of which none answers a preflight
		routeDecoded,      // last before the routes, whose path it sets
	)
	mux.NotFound(s.notFound)
	mux.MethodNotAllowed(s.methodNotAllowed)

	get := func(pattern string, h http.HandlerFunc) {
		mux.Get(pattern, h)
		mux.Head(pattern, h) // net/http leaves the body out
	}
	get("/", s.answer(s.health))
	get("/performance", s.answer(s.performance))
	get("/args", s.answer(s.args))
	get("/args/{arg}", s.answer(s.arg))
	mux.Post("/predict", s.answer(s.predict))
	for path, file := range s.docs {
		get(path, file.ServeHTTP)
	}
	return mux
}
