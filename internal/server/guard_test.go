package server_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/internal/store"
	"tagifai/model"
)

const everyAction = auth.Predict | auth.Explain | auth.Read | auth.Batch | auth.Admin

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

// A guardedShop is a service of the models tagger and other with a guard, without its
// listeners.
type guardedShop struct {
	*keyring
	server  *server.Server
	models  *registry.Registry
	metrics *prometheus.Registry
	logs    *logs
}

func newGuardedShop(tb testing.TB, change func(*config.Settings)) *guardedShop {
	tb.Helper()
	dir, run := tb.TempDir(), filepath.Join(tb.TempDir(), "run")
	if err := os.CopyFS(run, model.DefaultFS()); err != nil {
		tb.Fatal(err)
	}
	st, err := store.Open(dir, "", nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"tagger", "other"} {
		for range 2 {
			if _, err := st.Add(tb.Context(), name, run, store.Origin{Source: "/runs/first", By: "ann", Tool: "a test"}); err != nil {
				tb.Fatal(err)
			}
		}
		if _, err := st.Move(tb.Context(), name, store.Stable, 1, "ann"); err != nil {
			tb.Fatal(err)
		}
	}
	s := &guardedShop{logs: new(logs), metrics: prometheus.NewRegistry()}
	s.keyring = newKeyring(tb, s.logs, s.metrics)
	c := settings(func(c *config.Settings) {
		c.AdminAddr, c.Models, c.DefaultModel = "127.0.0.1:0", dir, "tagger"
		c.Access = s.access
		if change != nil {
			change(c)
		}
	})
	log := zerolog.New(s.logs)
	s.models = registry.New(registry.Options{Source: c.Source, Tool: "a test", Log: log, Metrics: s.metrics})
	ctx, cancel := context.WithCancel(context.Background())
	if err := s.models.Start(ctx); err != nil {
		tb.Fatal(err)
	}
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		s.models.Follow(ctx, nil)
	}()
	tb.Cleanup(func() {
		cancel()
		<-followed
	})
	s.server = server.New(server.Options{Settings: c, Versions: s.models, Guard: s.guard, Metrics: s.metrics, Log: log})
	return s
}

// alone returns a service of the same models without an admin listener.
func (s *guardedShop) alone(tb testing.TB, changes ...func(*config.Settings)) http.Handler {
	tb.Helper()
	c := settings(append(changes, func(c *config.Settings) { c.Access.KeysFile = s.access.KeysFile })...)
	return server.New(server.Options{Settings: c, Versions: s.models, Guard: s.guard, Metrics: prometheus.NewRegistry(), Log: zerolog.New(s.logs)}).Handler()
}

// target returns a request for a route that does no harm.
func target(method, pattern string) (path, body string) {
	path = strings.NewReplacer("{name}", "tagger", "{version}", "1", "{alias}", "next", "{arg}", "analyzer", "*", "goroutine").Replace(pattern)
	switch {
	case strings.HasSuffix(path, "/predict"):
		path, body = strings.Replace(path, "aliases/next", "aliases/stable", 1), oneCNN
	case path == "/debug/pprof/profile", path == "/debug/pprof/trace":
		path += "?seconds=1"
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

// Who may do what: every credential at every route of both listeners, plain and by TLS.
func TestGuardMatrix(t *testing.T) {
	s := newGuardedShop(t, nil)
	never, past := time.Time{}, time.Now().Add(-time.Minute)
	bearer := func(credential string) http.Header { return http.Header{"Authorization": {"Bearer " + credential}} }
	full := s.key(t, "full", everyAction, nil, time.Now().Add(time.Hour))
	revoked := s.key(t, "revoked", everyAction, nil, never)
	oldIssuer := jwt.MapClaims{"iss": "https://issuer.example.evil"}

	const refused = "401"
	type row struct {
		name    string
		header  http.Header
		actions string // that are allowed; "401" if the credential does not count
		of      string // "tagger", "other", or "" for every model
	}
	all := strings.Join(everyAction.Names(), " ")
	rows := []row{
		{"no credential", nil, refused, ""},
		{"no secret", bearer(""), refused, ""},
		{"another scheme", http.Header{"Authorization": {"Basic " + full}}, refused, ""},
		{"a wrong key", bearer("tagifai_" + strings.Repeat("a", 52)), refused, ""},
		{"a wrong key, as X-API-Key", http.Header{"X-Api-Key": {"tagifai_" + strings.Repeat("a", 52)}}, refused, ""},
		{"a key and more", bearer(full + "a"), refused, ""},
		{"the beginning of a key", bearer(full[:len(full)-1]), refused, ""},
		{"the hash of a key", bearer(fmt.Sprintf("%x", full)), refused, ""},
		{"a giant key", bearer(strings.Repeat(full, 20)), refused, ""},
		{"a key", bearer(full), all, ""},
		{"a key, with the scheme in small letters", http.Header{"Authorization": {"bearer " + full}}, all, ""},
		{"a key, as X-API-Key", http.Header{"X-Api-Key": {full}}, all, ""},
		{"a key, as X-API-Key beside another scheme", http.Header{"X-Api-Key": {full}, "Authorization": {"Basic YTpi"}}, all, ""},
		{"a wrong key beside a right one", http.Header{"X-Api-Key": {full}, "Authorization": {"Bearer a"}}, refused, ""},
		{"a token as X-API-Key", http.Header{"X-Api-Key": {token(t, nil)}}, refused, ""},
		{"an expired key", bearer(s.key(t, "expired", everyAction, nil, past)), refused, ""},
		{"a revoked key", bearer(revoked), refused, ""},
		{"a key of the model", bearer(s.key(t, "tagger", everyAction, []string{"a", "tag*"}, never)), all, "tagger"},
		{"a key of another model", bearer(s.key(t, "other", everyAction, []string{"other"}, never)), all, "other"},
		{"a token", bearer(token(t, nil)), all, ""},
		{"a token by ECDSA", bearer(sign(t, jwt.SigningMethodES256, "ec", ecKey(), nil)), all, ""},
		{"a token without the id of a key", bearer(sign(t, jwt.SigningMethodRS256, "", rsaKey(), nil)), all, ""},
		{"a token of some actions", bearer(token(t, jwt.MapClaims{"scope": "read explain"})), "read explain", ""},
		{"a token with a list of actions", bearer(token(t, jwt.MapClaims{"scope": []string{"predict", "other:read"}})), "predict", ""},
		{"a token of no action", bearer(token(t, jwt.MapClaims{"scope": "openid"})), "none", ""},
		{"a token without a scope", bearer(token(t, jwt.MapClaims{"scope": nil})), "none", ""},
		{"a token with a scope of another kind", bearer(token(t, jwt.MapClaims{"scope": 7})), "none", ""},
		{"a token of the model", bearer(token(t, jwt.MapClaims{"models": "tagger"})), all, "tagger"},
		{"a token of another model", bearer(token(t, jwt.MapClaims{"models": []string{"other*"}})), all, "other"},
		{"a token of no model", bearer(token(t, jwt.MapClaims{"models": []string{}})), all, "nothing"},
		{"a token of models of another kind", bearer(token(t, jwt.MapClaims{"models": true})), refused, ""},
		{"a token of a bad pattern", bearer(token(t, jwt.MapClaims{"models": "[a"})), refused, ""},
		{"an expired token", bearer(token(t, jwt.MapClaims{"exp": past.Unix()})), refused, ""},
		{"a token without an end", bearer(token(t, jwt.MapClaims{"exp": nil})), refused, ""},
		{"a token of tomorrow", bearer(token(t, jwt.MapClaims{"nbf": time.Now().Add(time.Hour).Unix()})), refused, ""},
		{"a token of another issuer", bearer(token(t, oldIssuer)), refused, ""},
		{"a token without an issuer", bearer(token(t, jwt.MapClaims{"iss": nil})), refused, ""},
		{"a token for another audience", bearer(token(t, jwt.MapClaims{"aud": "billing"})), refused, ""},
		{"a token without an audience", bearer(token(t, jwt.MapClaims{"aud": nil})), refused, ""},
		{"a token for several audiences", bearer(token(t, jwt.MapClaims{"aud": []string{"billing", ourAudience}})), all, ""},
		{"a token of nobody", bearer(token(t, jwt.MapClaims{"sub": nil})), refused, ""},
		{"a token of two lines", bearer(token(t, jwt.MapClaims{"sub": "ann\nbob"})), refused, ""},
		{"alg none", bearer(sign(t, jwt.SigningMethodNone, "rsa", jwt.UnsafeAllowNoneSignatureType, nil)), refused, ""},
		{"HMAC with the public key", bearer(sign(t, jwt.SigningMethodHS256, "rsa", publicPEM(), nil)), refused, ""},
		{"HMAC with the modulus", bearer(sign(t, jwt.SigningMethodHS256, "rsa", rsaKey().N.Bytes(), nil)), refused, ""},
		{"HMAC with nothing", bearer(sign(t, jwt.SigningMethodHS256, "", []byte{}, nil)), refused, ""},
		{"an algorithm that is not allowed", bearer(sign(t, jwt.SigningMethodRS512, "rsa", rsaKey(), nil)), refused, ""},
		{"the id of a key of another issuer", bearer(sign(t, jwt.SigningMethodRS256, "foreign", foreignKey(), nil)), refused, ""},
		{"the id of our key, and another's signature", bearer(sign(t, jwt.SigningMethodRS256, "rsa", foreignKey(), nil)), refused, ""},
		{"the id of a key of another kind", bearer(sign(t, jwt.SigningMethodRS256, "ec", rsaKey(), nil)), refused, ""},
		{"other claims behind a signature", bearer(mixed(token(t, jwt.MapClaims{"scope": "read"}), token(t, nil))), refused, ""},
		{"a header that must be understood", bearer(critical(t)), refused, ""},
		{"three parts that are none", bearer("a.b.c"), refused, ""},
		{"a giant token", bearer(token(t, jwt.MapClaims{"x": strings.Repeat("a", 30<<10)})), refused, ""},
	}
	for _, action := range everyAction.Names() {
		only := must(auth.ParseAction(action))
		rows = append(rows, row{"a key to " + action, bearer(s.key(t, action, only, nil, never)), action, ""})
	}
	s.reread()
	if err := auth.RevokeKey(s.access.KeysFile, "revoked"); err != nil {
		t.Fatal(err)
	}
	if got := serve(s.server.Handler(), http.MethodGet, "/args", bearer(revoked), ""); got.Code != http.StatusOK {
		t.Fatalf("before the reread a revoked key gets %d", got.Code)
	}
	s.reread()

	withMetrics := maps.Clone(publicRoutes)
	withMetrics["GET /metrics"] = routeNeed{"read", "all"}
	listeners := []struct {
		name    string
		handler http.Handler
		routes  map[string]routeNeed
	}{
		{"public", s.server.Handler(), publicRoutes},
		{"only", s.alone(t), withMetrics},
		{"admin", s.server.AdminHandler(), adminRoutes},
	}
	for _, listener := range listeners {
		plain, secure := httptest.NewServer(listener.handler), httptest.NewTLSServer(listener.handler)
		t.Cleanup(plain.Close)
		t.Cleanup(secure.Close)
		tested := map[string]bool{}
		walk(t, listener.handler, func(method, pattern string) {
			n, known := needOf(listener.routes, method, pattern)
			if !known {
				t.Errorf("%s listener: it is not said what %s %s needs", listener.name, method, pattern)
				return
			}
			tested[method+" "+pattern] = true
			for _, r := range rows {
				want := "let in"
				switch {
				case n.action == "":
				case r.actions == refused:
					want = refused
				case !slices.Contains(strings.Fields(r.actions), n.action):
					want = "403 " + n.action
				case n.of == "all" && r.of != "", n.of == "one" && r.of != "" && r.of != "tagger":
					want = "403"
				}
				slow := pattern == "/debug/pprof/profile" || pattern == "/debug/pprof/trace"
				if slow && want == "let in" && (r.name != "a key" || method == http.MethodHead) {
					continue // it takes a second
				}
				for _, at := range []*httptest.Server{plain, secure} {
					path, body := target(method, pattern)
					if got := admitted(t, at, method, path, r.header, body); !strings.HasPrefix(got, want) {
						t.Errorf("%s listener, %s: %s at %s %s: got %s, want %s", listener.name, at.URL[:5], r.name, method, pattern, got, want)
					}
				}
			}
		})
		for route := range listener.routes {
			if !tested[route] {
				t.Errorf("%s listener: there is no %s", listener.name, route)
			}
		}
		t.Logf("%s listener: %d routes, %d credentials, plain and TLS", listener.name, len(tested), len(rows))
	}
}

// detailOf returns what an error of any dialect says.
func detailOf(t *testing.T, body string) string {
	t.Helper()
	var answer struct {
		Detail, Error, Message string
		Status                 int `json:"status-code"`
	}
	if err := json.Unmarshal([]byte(body), &answer, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if answer.Status != 0 {
		return answer.Detail
	}
	return answer.Error + answer.Message
}

// mixed returns the claims of a token with the signature of another.
func mixed(signature, claims string) string {
	s, c := strings.Split(signature, "."), strings.Split(claims, ".")
	return strings.Join([]string{c[0], c[1], s[2]}, ".")
}

func critical(tb testing.TB) string {
	tb.Helper()
	made := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": ourIssuer, "aud": ourAudience, "sub": "ann", "exp": time.Now().Add(time.Hour).Unix()})
	made.Header["kid"], made.Header["crit"] = "rsa", []string{"exp"}
	return must(made.SignedString(rsaKey()))
}

// admitted says what became of a request: "401", "403" and the missing action, or "let in".
func admitted(t *testing.T, at *httptest.Server, method, path string, header http.Header, body string) string {
	t.Helper()
	r, err := http.NewRequest(method, at.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Encoding", "identity")
	response, err := at.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	challenge := response.Header.Get("Www-Authenticate")
	switch response.StatusCode {
	case http.StatusUnauthorized:
		if !strings.HasPrefix(challenge, `Bearer realm="TagIfAI"`) || (header == nil) == strings.Contains(challenge, "invalid_token") && len(header["Authorization"]) != 1 {
			t.Errorf("%s %s: challenge %q", method, path, challenge)
		}
		return "401"
	case http.StatusForbidden:
		detail := ""
		if method != http.MethodHead {
			detail = detailOf(t, string(text))
		}
		_, scope, _ := strings.Cut(challenge, `scope="`)
		scope = strings.TrimSuffix(scope, `"`)
		if strings.Contains(detail, "action") && !strings.Contains(detail, "The action "+scope+" is needed") {
			t.Errorf("%s %s: scope %q and detail %s", method, path, scope, detail)
		}
		return "403 " + scope
	}
	if response.StatusCode >= http.StatusInternalServerError {
		return fmt.Sprintf("%d: %.200s", response.StatusCode, text)
	}
	return "let in"
}

// serve lets a handler answer without a network.
func serve(h http.Handler, method, path string, header http.Header, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost" // the admin listener asks for it
	maps.Copy(r.Header, header)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

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
