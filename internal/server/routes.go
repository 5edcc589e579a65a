package server

import (
	"net/http"
	"net/http/pprof"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/middleware"
	"tagifai/internal/server/protocols"
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
//	@tag.name			Prediction
//	@tag.description	Tags for texts.
//	@tag.name			General
//	@tag.description	Is the service up? On every route, an unknown path is answered with 404, another method with 405 and `Allow`, and a path with a slash too many at its end with a 307 to the path without it. HEAD is answered wherever GET is. A long answer is compressed by gzip if `Accept-Encoding` allows it. A service that was started with keys or tokens answers a request without a valid one with 401, even if the path is unknown.
//	@tag.name			Performance
//	@tag.description	How well the model did on the data it was judged on.
//	@tag.name			Arguments
//	@tag.description	What the model was trained with.
//	@tag.name			Models
//	@tag.description	Many models and many versions of each. Without a store of models there is one, `default`, with one version, 1.
//	@tag.name			Open Inference Protocol
//	@tag.description	The protocol of KServe, Triton, MLServer and Seldon, version 2, for their clients. Errors are `{"error": "…"}`.
//	@tag.name			MLflow
//	@tag.description	What MLflow's scoring server answers, for its clients and for the platforms that host it. Errors are `{"error_code": "…", "message": "…"}`.
func (s *Server) routes(withMetrics bool) *chi.Mux {
	r := s.newRouter(false, true,
		s.exchanges.Begin,                      // first: what follows asks it for the id
		middleware.Forwarded(s.settings.Proxy), // before whatever looks at the URL or the client
		s.observe,                              // around all that takes time, and, as the log, around the recoverer
		s.logAccess(),                          // so that a panic is logged with the 500 it became
		middleware.Recover(s.log),              // around all that could panic
		middleware.Streams(s.streams),          // before all that takes memory
		s.cors,                                 // before the routes: a preflight has no credential
		middleware.DecodedPath,                 // last before the routes, whose path it sets
	)
	turn := s.admission.Turn

	// A route that works takes its turn; one that tells how the service is must not wait.
	s.probes(r)
	r.get("/", forHealth, answer(s.health))
	r.get("/performance", toRead, answer(turn(s.performance)))
	r.get("/args", toRead, answer(turn(s.args)))
	r.get("/args/{arg}", toRead, answer(turn(s.arg)))
	r.post("/predict", toPredict, answer(s.predict))              // takes its turn once it has its body
	r.get("/predictions", toPredict, answer(s.storedPredictions)) // takes its turn at the database
	r.get("/predictions/*", toPredict, answer(s.storedPrediction))
	r.get("/models", toList, answer(s.models))
	r.get("/models/{name}", toRead, answer(s.model))
	r.get("/models/{name}/versions/{version}", toRead, answer(turn(s.modelVersion)))
	r.get("/models/{name}/versions/{version}/args", toRead, answer(turn(s.versionArgs)))
	r.get("/models/{name}/versions/{version}/args/{arg}", toRead, answer(turn(s.versionArg)))
	r.get("/models/{name}/versions/{version}/performance", toRead, answer(turn(s.versionPerformance)))
	r.get("/models/{name}/versions/{version}/drift", toRead, answer(turn(s.versionDrift)))
	r.get("/models/{name}/predictions", toPredict, answer(s.modelStoredPredictions))
	r.get("/models/{name}/predictions/*", toPredict, answer(s.modelStoredPrediction))
	r.post("/models/{name}/predict", toPredict, answer(s.predictModel))
	r.post("/models/{name}/versions/{version}/predict", toPredict, answer(s.predictVersion))
	r.post("/models/{name}/aliases/{alias}/predict", toPredict, answer(s.predictAlias))

	r.get("/v2", toList, answer(s.oip.Server))
	r.get("/v2/health/live", forHealth, answer(s.oip.Live))
	r.get("/v2/health/ready", forHealth, answer(s.oip.Ready))
	r.post("/v2/repository/index", toList, answer(s.oip.Index))
	r.get("/v2/models/{name}", toRead, answer(s.oip.Model))
	r.get("/v2/models/{name}/versions/{version}", toRead, answer(s.oip.ModelVersion))
	r.get("/v2/models/{name}/ready", toRead, answer(s.oip.ModelReady))
	r.get("/v2/models/{name}/versions/{version}/ready", toRead, answer(s.oip.ModelVersionReady))
	r.post("/v2/models/{name}/infer", toPredict, answer(s.oip.Infer))
	r.post("/v2/models/{name}/versions/{version}/infer", toPredict, answer(s.oip.InferVersion))

	r.get("/ping", forHealth, answer(s.mlflow.Ping))
	r.get("/health", forHealth, answer(s.mlflow.Health))
	r.get("/version", toList, answer(s.mlflow.ServiceVersion))
	r.post("/invocations", toPredict, answer(s.mlflow.Invoke))

	for path, file := range s.docs {
		r.get(path, forDocs, file.ServeHTTP)
	}
	r.get("/openapi.json", forDocs, func(w http.ResponseWriter, r *http.Request) {
		s.openAPI.ServeBelow(exchange.Of(w).Prefix, w, r)
	})
	if withMetrics {
		r.get("/metrics", forMetrics, showMetrics(s.metrics))
	}
	return r.routes()
}

// adminRoutes is the same list for the admin listener.
func (s *Server) adminRoutes() *chi.Mux {
	r := s.newRouter(s.admission.Opens(config.OpenAdmin), false,
		s.exchanges.Begin, middleware.Forwarded(config.Proxy{}), s.logAccess(), middleware.Recover(s.log),
		middleware.AdminHosts(s.settings.Listen), middleware.SameOrigin)

	s.probes(r)
	r.get("/metrics", forMetrics, showMetrics(s.metrics))
	r.post("/reload", toRun, answer(s.reloadModel))
	r.put("/models/{name}/aliases/{alias}", toChange, answer(s.putAlias))
	r.put("/models/{name}/canary", toChange, answer(s.putCanary))
	r.delete("/models/{name}/canary", toChange, answer(s.deleteCanary))
	r.put("/models/{name}/shadow", toChange, answer(s.putShadow))
	r.delete("/models/{name}/shadow", toChange, answer(s.deleteShadow))
	r.post("/models/{name}/versions", toChange, exchange.Serve(http.StatusCreated, s.postVersion))
	r.delete("/models/{name}/versions/{version}", toChange, answer(s.deleteVersion))
	r.get("/debug/pprof/*", toRun, pprof.Index)
	r.get("/debug/pprof/cmdline", toRun, pprof.Cmdline)
	r.get("/debug/pprof/profile", toRun, pprof.Profile)
	r.get("/debug/pprof/symbol", toRun, pprof.Symbol)
	r.post("/debug/pprof/symbol", toRun, pprof.Symbol)
	r.get("/debug/pprof/trace", toRun, pprof.Trace)
	return r.routes()
}

// probes are the routes that machines ask all the time.
func (s *Server) probes(r *router) {
	r.get("/livez", forHealth, answer(s.livez))
	r.get("/readyz", forHealth, answer(s.readyz))
}

// logAccess is the middleware of the access log.
func (s *Server) logAccess() func(http.Handler) http.Handler {
	return middleware.AccessLog(s.access, func(route string) bool { return isProbe(route) && !s.settings.LogProbes })
}

// isProbe reports whether a route is one that machines ask all the time.
func isProbe(route string) bool {
	switch route {
	case "/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready", "/v2/models/{name}/ready", "/v2/models/{name}/versions/{version}/ready", "/ping", "/health":
		return true
	}
	return false
}

// What routes need. A new route takes one of these.
var (
	forHealth  = admission.Need{Action: auth.Read, Part: config.OpenHealth}
	forDocs    = admission.Need{Action: auth.Read, Part: config.OpenDocs}
	forMetrics = admission.Need{Action: auth.Read, Of: admission.EveryModel, Part: config.OpenMetrics} // they tell of all models
	toRead     = admission.Need{Action: auth.Read, Of: admission.ItsModel}
	toList     = admission.Need{Action: auth.Read} // a list holds only what the principal may use
	toPredict  = admission.Need{Action: auth.Predict, Of: admission.ItsModel}
	toChange   = admission.Need{Action: auth.Admin, Of: admission.ItsModel}
	toRun      = admission.Need{Action: auth.Admin, Of: admission.EveryModel}
)

// otherDialects returns the dialects of protocols that are not our own.
func otherDialects() []exchange.At {
	return []exchange.At{
		{Path: "/v2", Dialect: protocols.OIPDialect{}},
		{Path: "/invocations", Dialect: protocols.MLflowDialect{}},
		{Path: "/ping", Dialect: protocols.MLflowDialect{}},
		{Path: "/health", Dialect: protocols.MLflowDialect{}},
		{Path: "/version", Dialect: protocols.MLflowDialect{}},
	}
}
