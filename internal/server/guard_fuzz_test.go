package server_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tagifai/internal/auth"
)

// Whatever a client sends to either listener, there is no panic and no failure, and
// without a credential that counts nothing is answered that needs one.
func FuzzRouter(f *testing.F) {
	s := newGuardedShop(f, nil)
	keys := map[string]http.Header{
		"none":    nil,
		"reader":  {"X-Api-Key": {s.key(f, "reader", auth.Read, nil, time.Time{})}},
		"limited": {"X-Api-Key": {s.key(f, "limited", everyAction, []string{"other"}, time.Time{})}},
		"full":    {"X-Api-Key": {s.key(f, "full", everyAction, nil, time.Time{})}},
	}
	s.reread()
	listeners := map[string]http.Handler{"public": s.server.Handler(), "admin": s.server.AdminHandler()}
	open := append([]string{"/", "/livez", "/readyz", "/ping", "/health", "/v2/health/live", "/v2/health/ready"}, undocumented...)
	for _, h := range listeners {
		walk(f, h, func(method, pattern string) {
			path, body := target(method, pattern)
			f.Add(method, path, "Accept: */*", body)
		})
	}
	f.Add("GET", "/models/other/../tagger", "Authorization: Bearer a.b.c", "")
	f.Add("POST", "/predict?include=probabilities", "Authorization: Basic YTpi\r\nX-API-Key:", oneCNN)
	f.Add("OPTIONS", "*", "Origin: https://example.org\r\nAccess-Control-Request-Method: POST", "")
	f.Add("GET", "http://example.org/%2e%2e//args/", "X-HTTP-Method-Override: POST\r\nX-Original-URL: /livez", "")
	f.Add("GET", "/%61rgs/%2F%00", "X-Forwarded-Prefix: /a\r\nX-Forwarded-User: admin", "")
	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		for listener, h := range listeners {
			for name, key := range keys {
				r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n\r\n")))
				if err != nil {
					return // net/http does not ask us
				}
				if strings.HasPrefix(r.URL.Path, "/debug/pprof/") && key != nil {
					return // a profile may take as long as it is asked to
				}
				r.Body, r.ContentLength, r.RemoteAddr = http.NoBody, 0, "192.0.2.1:1234"
				if body != "" {
					r.Body, r.ContentLength = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)).Body, int64(len(body))
				}
				if key != nil {
					r.Header["X-Api-Key"] = key["X-Api-Key"]
					delete(r.Header, "Authorization")
				}
				path := r.URL.Path
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code >= http.StatusInternalServerError {
					t.Errorf("%s listener, %s: %d to %s %q: %s", listener, name, w.Code, method, target, w.Body)
				}
				refused := []int{http.StatusUnauthorized, http.StatusTemporaryRedirect, http.StatusMisdirectedRequest}
				if listener == "admin" {
					refused = append(refused, http.StatusForbidden) // a page of another site
				}
				if key == nil && !slices.Contains(refused, w.Code) && !slices.Contains(open, path) {
					t.Errorf("%s listener: %d to %s %q without a credential: %.200s", listener, w.Code, method, target, w.Body)
				}
				if name == "reader" && w.Code == http.StatusOK && method != http.MethodGet && method != http.MethodHead && path != "/v2/repository/index" {
					t.Errorf("%s listener: 200 to %s %q with a key that may only read", listener, method, target)
				}
				if name == "limited" && w.Code == http.StatusOK && strings.Contains(w.Body.String(), `"tagger"`) && !slices.Contains(open, path) {
					t.Errorf("%s listener: %s %q tells of a model that the key is not for: %s", listener, method, target, w.Body)
				}
			}
		}
	})
}
