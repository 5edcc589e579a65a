package server_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/server"
)

// A service does not start with a route that anybody may use because somebody forgot to
// say what it needs.
func TestRouteStatesAction(t *testing.T) {
	tests := []struct {
		name     string
		register func(*server.Server)
	}{
		{"it needs nothing", server.RouteNeedingNothing},
		{"it is added behind the router's back", func(s *server.Server) {
			server.RouteWithout(s, func(mux *chi.Mux) { mux.Get("/new", func(http.ResponseWriter, *http.Request) {}) })
		}},
		{"a tree of routes is", func(s *server.Server) {
			server.RouteWithout(s, func(mux *chi.Mux) { mux.Mount("/new", http.NotFoundHandler()) })
		}},
	}
	for _, guarded := range []bool{false, true} {
		for _, test := range tests {
			t.Run(fmt.Sprint(test.name, ", guarded ", guarded), func(t *testing.T) {
				options := server.Options{Settings: settings()}
				if guarded {
					options.Guard = newKeyring(t, io.Discard, prometheus.NewRegistry()).guard
				}
				s := newServer(t, options)
				defer func() {
					if got := fmt.Sprint(recover()); !strings.Contains(got, "/new") || !strings.Contains(got, "states no action") {
						t.Errorf("got %s", got)
					}
				}()
				test.register(s)
			})
		}
	}
}

// What a setting opens or closes, and what lies beside the routes.
func TestGuardOpenings(t *testing.T) {
	s := newGuardedShop(t, nil)
	key := http.Header{"X-Api-Key": {s.key(t, "reader", auth.Read, nil, time.Time{})}}
	s.reread()
	open := func(parts ...config.Opening) func(*config.Settings) {
		return func(c *config.Settings) { c.Open = parts }
	}
	preflight := http.Header{"Origin": {"https://example.org"}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization,x-api-key"}}
	cors := func(c *config.Settings) { c.CORSOrigins = []config.Origin{"https://example.org"} }
	tests := []struct {
		name         string
		change       func(*config.Settings)
		method, path string
		header       http.Header
		want, keyed  int // the status without a key, and with one that may read
	}{
		{"health is open", nil, "GET", "/readyz", nil, 200, 200},
		{"health is closed", open("docs"), "GET", "/readyz", nil, 401, 200},
		{"the root is closed with it", open("docs"), "HEAD", "/", nil, 401, 200},
		{"docs are open", nil, "GET", "/docs", nil, 200, 200},
		{"the page to try models is open with them", nil, "GET", "/try", nil, 200, 200},
		{"so is what it loads", nil, "GET", "/try/start.js", nil, 200, 200},
		{"the page to try models is closed with them", open("health"), "GET", "/try", nil, 401, 200},
		{"docs are closed", open("health"), "GET", "/docs", nil, 401, 200},
		{"what they load is closed, too", open("health"), "GET", "/docs/start.js", nil, 401, 200},
		{"the document is closed, too", open("health"), "GET", "/openapi.json", nil, 401, 200},
		{"metrics are closed", nil, "GET", "/metrics", nil, 401, 200},
		{"metrics are open", open("metrics"), "GET", "/metrics", nil, 200, 200},
		{"nothing is open", open(), "GET", "/livez", nil, 401, 200},
		{"a route is not opened by any of them", open("health", "docs", "metrics", "admin"), "GET", "/args", nil, 401, 200},
		{"no route", nil, "GET", "/nope", nil, 401, 404},
		{"no route below the docs", nil, "GET", "/docs/nope", nil, 401, 404},
		{"another method", nil, "PUT", "/args", nil, 401, 405},
		{"a method that is none", nil, "BREW", "/args", nil, 401, 405},
		{"a slash too much", nil, "GET", "/args/", nil, 307, 307},
		{"an escaped path", nil, "GET", "/%61rgs", nil, 401, 200},
		{"two slashes", nil, "GET", "//args", nil, 401, 404},
		{"a dot", nil, "GET", "/./args", nil, 401, 404},
		{"from health to elsewhere", nil, "GET", "/livez/../args", nil, 401, 404},
		{"escaped dots", nil, "GET", "/docs/%2e%2e/args", nil, 401, 404},
		{"another action", nil, "POST", "/predict", nil, 401, 403},
		{"a page asks beforehand", cors, "OPTIONS", "/predict", preflight, 200, 200},
		{"a page asks beforehand, and pages may not", nil, "OPTIONS", "/predict", preflight, 401, 405},
		{"a page asks", cors, "GET", "/args", http.Header{"Origin": {"https://example.org"}}, 401, 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var changes []func(*config.Settings)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			h := s.alone(t, changes...)
			both := key.Clone()
			maps.Copy(both, test.header)
			for _, request := range []struct {
				header http.Header
				want   int
			}{{test.header, test.want}, {both, test.keyed}} {
				got := serve(h, test.method, test.path, request.header, "")
				if got.Code != request.want {
					t.Errorf("got %d, want %d: %s", got.Code, request.want, got.Body)
				}
				if origin := request.header.Get("Origin"); test.change != nil && origin != "" && got.Header().Get("Access-Control-Allow-Origin") != origin {
					t.Errorf("%d: the page may not read the answer: %v", got.Code, got.Header())
				}
			}
		})
	}
	t.Run("the admin listener is open", func(t *testing.T) {
		open := newGuardedShop(t, open("admin"))
		walk(t, open.server.AdminHandler(), func(method, pattern string) {
			if strings.HasSuffix(pattern, "profile") || strings.HasSuffix(pattern, "trace") {
				return // they take a second
			}
			path, body := target(method, pattern)
			if got := serve(open.server.AdminHandler(), method, path, nil, body); got.Code == http.StatusUnauthorized {
				t.Errorf("%s %s: got %d", method, path, got.Code)
			}
		})
		if got := serve(open.server.Handler(), http.MethodGet, "/args", nil, ""); got.Code != http.StatusUnauthorized {
			t.Errorf("the public listener: got %d", got.Code)
		}
	})
}

// The answer to who has no credential is in the dialect of the route, and names what is
// missing.
func TestGuardAnswers(t *testing.T) {
	s := newGuardedShop(t, nil)
	reader := http.Header{"X-Api-Key": {s.key(t, "reader", auth.Read, []string{"tagger"}, time.Time{})}}
	predictor := http.Header{"X-Api-Key": {s.key(t, "predictor", auth.Predict, nil, time.Time{})}}
	expired := http.Header{"X-Api-Key": {s.key(t, "expired", auth.Read, nil, time.Now().Add(-time.Hour))}}
	s.reread()
	s.server.Speak("/bare")
	tests := []struct {
		name, method, path string
		header             http.Header
		status             int
		detail, challenge  string
	}{
		{"no credential", "GET", "/args", nil, 401, `"detail":"A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key"`, `Bearer realm="TagIfAI"`},
		{"no credential, another dialect", "GET", "/bare/x", nil, 401, `{"error":"A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key"}`, `Bearer realm="TagIfAI"`},
		{"a wrong key", "GET", "/args", http.Header{"X-Api-Key": {"x"}}, 401, `"detail":"The key is not known: it is mistyped, or it was revoked"`, `Bearer realm="TagIfAI", error="invalid_token", error_description="The key is not known: it is mistyped, or it was revoked"`},
		{"an expired key", "GET", "/args", expired, 401, `"detail":"The key has expired"`, `Bearer realm="TagIfAI", error="invalid_token", error_description="The key has expired"`},
		{"an action", "POST", "/predict", reader, 403, `"detail":"The action predict is needed, which the credential does not have"`, `Bearer realm="TagIfAI", error="insufficient_scope", scope="predict"`},
		{"an explanation", "POST", "/predict?include=explanation", predictor, 403, `"detail":"The action explain is needed, which the credential does not have"`, `Bearer realm="TagIfAI", error="insufficient_scope", scope="explain"`},
		{"a model", "GET", "/models/other", reader, 403, `"detail":"The credential is not for the model \"other\""`, `Bearer realm="TagIfAI", error="insufficient_scope", scope="read"`},
		{"a model that is not there", "GET", "/models/nope", reader, 403, `"detail":"The credential is not for the model \"nope\""`, `Bearer realm="TagIfAI", error="insufficient_scope", scope="read"`},
		{"a version that is not there", "GET", "/models/tagger/versions/9", reader, 404, `"detail":"model \"tagger\" has no version 9"`, ""},
		{"the list of models", "GET", "/models", reader, 200, `"data":{"models":[{"name":"tagger","aliases":{"stable":"1"},"default":true}]}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := serve(s.server.Handler(), test.method, test.path, test.header, oneCNN)
			if got.Code != test.status || !strings.Contains(got.Body.String(), test.detail) || got.Header().Get("Www-Authenticate") != test.challenge {
				t.Errorf("got %d, %s: %s", got.Code, got.Header().Get("Www-Authenticate"), got.Body)
			}
		})
	}
}
