package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// What each route needs, said once more: an action, and whether it is one of the model
// "tagger", of no model or of all of them. An empty action is open.
type routeNeed struct {
	action string
	of     string
}

var (
	opened       = routeNeed{}
	publicRoutes = map[string]routeNeed{
		"GET /":                                 opened,
		"GET /livez":                            opened,
		"GET /readyz":                           opened,
		"GET /performance":                      {"read", "one"},
		"GET /args":                             {"read", "one"},
		"GET /args/{arg}":                       {"read", "one"},
		"POST /predict":                         {"predict", "one"},
		"GET /models":                           {"read", "none"},
		"GET /models/{name}":                    {"read", "one"},
		"GET /models/{name}/versions/{version}": {"read", "one"},
		"GET /models/{name}/versions/{version}/args":        {"read", "one"},
		"GET /models/{name}/versions/{version}/args/{arg}":  {"read", "one"},
		"GET /models/{name}/versions/{version}/performance": {"read", "one"},
		"GET /models/{name}/versions/{version}/drift":       {"read", "one"},
		"POST /models/{name}/predict":                       {"predict", "one"},
		"POST /models/{name}/versions/{version}/predict":    {"predict", "one"},
		"POST /models/{name}/aliases/{alias}/predict":       {"predict", "one"},
		"GET /predictions":                                  {"predict", "one"},
		"GET /predictions/*":                                {"predict", "one"},
		"GET /models/{name}/predictions":                    {"predict", "one"},
		"GET /models/{name}/predictions/*":                  {"predict", "one"},
		"GET /v2":                                           {"read", "none"},
		"GET /v2/health/live":                               opened,
		"GET /v2/health/ready":                              opened,
		"POST /v2/repository/index":                         {"read", "none"},
		"GET /v2/models/{name}":                             {"read", "one"},
		"GET /v2/models/{name}/versions/{version}":          {"read", "one"},
		"GET /v2/models/{name}/ready":                       {"read", "one"},
		"GET /v2/models/{name}/versions/{version}/ready":    {"read", "one"},
		"POST /v2/models/{name}/infer":                      {"predict", "one"},
		"POST /v2/models/{name}/versions/{version}/infer":   {"predict", "one"},
		"GET /ping":         opened,
		"GET /health":       opened,
		"GET /version":      {"read", "none"},
		"POST /invocations": {"predict", "one"},
	}
	adminRoutes = map[string]routeNeed{
		"GET /livez":                               opened,
		"GET /readyz":                              opened,
		"GET /metrics":                             {"read", "all"},
		"POST /reload":                             {"admin", "all"},
		"PUT /models/{name}/aliases/{alias}":       {"admin", "one"},
		"PUT /models/{name}/canary":                {"admin", "one"},
		"DELETE /models/{name}/canary":             {"admin", "one"},
		"PUT /models/{name}/shadow":                {"admin", "one"},
		"DELETE /models/{name}/shadow":             {"admin", "one"},
		"POST /models/{name}/versions":             {"admin", "one"},
		"DELETE /models/{name}/versions/{version}": {"admin", "one"},
		"GET /debug/pprof/*":                       {"admin", "all"},
		"GET /debug/pprof/cmdline":                 {"admin", "all"},
		"GET /debug/pprof/profile":                 {"admin", "all"},
		"GET /debug/pprof/symbol":                  {"admin", "all"},
		"POST /debug/pprof/symbol":                 {"admin", "all"},
		"GET /debug/pprof/trace":                   {"admin", "all"},
	}
)

// needOf returns what a route needs, and whether it is known.
func needOf(routes map[string]routeNeed, method, pattern string) (routeNeed, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	n, ok := routes[method+" "+pattern]
	if !ok && slices.Contains(undocumented, pattern) && method == http.MethodGet {
		return opened, true // the documentation
	}
	return n, ok
}

// target returns a request for a route that does no harm.
func target(method, pattern string) (path, body string) {
	path = strings.NewReplacer("{name}", "tagger", "{version}", "1", "{alias}", "next", "{arg}", "analyzer", "*", "goroutine").Replace(pattern)
	switch {
	case strings.HasSuffix(path, "/predict"):
		path, body = strings.Replace(path, "aliases/next", "aliases/stable", 1), oneCNN
	case path == "/debug/pprof/profile":
		path += "?seconds=1"
	case path == "/debug/pprof/trace":
		path += "?seconds=0.01"
	case method == http.MethodPut:
		body = `{"version":"1","percent":0}`
		if !strings.HasSuffix(path, "/canary") {
			body = `{"version":"1"}`
		}
	}
	return path, body
}

func walk(tb testing.TB, h http.Handler, visit func(method, pattern string)) {
	tb.Helper()
	err := chi.Walk(h.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		visit(method, pattern)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}
