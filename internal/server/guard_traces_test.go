package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tagifai/internal/auth"
	"tagifai/internal/server"
)

// Who asked is in the log, in a metric and in the history; the credential is nowhere.
func TestGuardTraces(t *testing.T) {
	s := newGuardedShop(t, nil)
	full := s.key(t, "full", everyAction, nil, time.Time{})
	expired := s.key(t, "expired", everyAction, nil, time.Now().Add(-time.Hour))
	revoked := s.key(t, "revoked", everyAction, nil, time.Time{})
	s.reread()
	if err := auth.RevokeKey(s.access.KeysFile, "revoked"); err != nil {
		t.Fatal(err)
	}
	s.reread()
	good := token(t, jwt.MapClaims{"sub": "auth0|ann"})
	wrong := token(t, jwt.MapClaims{"aud": "billing"})
	made := "tagifai_" + strings.Repeat("q7", 26)
	secrets := []string{full, expired, revoked, made}
	for _, credential := range []string{good, wrong} {
		secrets = append(secrets, strings.Split(credential, ".")...)
	}

	var answers strings.Builder
	ask := func(h http.Handler, method, path, credential, body string) int {
		w := serve(h, method, path, http.Header{"Authorization": {"Bearer " + credential}, "X-Forwarded-User": {"mallory"}}, body)
		fmt.Fprintln(&answers, w.Code, w.Header(), w.Body)
		return w.Code
	}
	server.RoutePanic(s.server, "/panics")
	public, admin := s.server.Handler(), s.server.AdminHandler()
	for _, credential := range []string{full, good, expired, revoked, made, wrong} {
		ask(public, http.MethodGet, "/args", credential, "")
		ask(public, http.MethodPost, "/predict", credential, oneCNN)
		ask(public, http.MethodPost, "/predict", credential, "{")
		ask(public, http.MethodGet, "/nope", credential, "")
		ask(public, http.MethodGet, "/panics", credential, "")
	}
	if got := ask(admin, http.MethodPut, "/models/tagger/aliases/next", full, `{"version":"2"}`); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	if got := ask(admin, http.MethodPut, "/models/tagger/aliases/stable", good, `{"version":"2"}`); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	for _, profile := range []string{"heap", "goroutine", "allocs", "threadcreate", "block", "mutex"} {
		ask(admin, http.MethodGet, "/debug/pprof/"+profile+"?debug=2", full, "")
		ask(admin, http.MethodGet, "/debug/pprof/"+profile+"?debug=1", full, "")
	}
	ask(admin, http.MethodGet, "/debug/pprof/cmdline", full, "")
	metrics := serve(promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}), http.MethodGet, "/", nil, "").Body.String()
	ask(admin, http.MethodGet, "/metrics", full, "")
	history := serve(public, http.MethodGet, "/models/tagger", http.Header{"X-Api-Key": {full}}, "").Body.String()

	for where, text := range map[string]string{"the log": s.logs.String(), "the metrics": metrics, "an answer": answers.String(), "the history": history} {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a credential: %s", where, secret)
			}
		}
	}
	for what, pattern := range map[string]string{
		"a request with a key":        `"route":"/args","status":200,.*"principal":"full"`,
		"a request with a token":      `"route":"/args","status":200,.*"principal":"jwt:auth0\|ann"`,
		"a request that was refused":  `"route":"/args","status":401,.*"reason":"bad_credential"`,
		"a request by an expired key": `"route":"/args","status":401,.*"principal":"expired"`,
		"a move":                      `"model":"tagger","what":"next","to":2,"by":"full@192.0.2.1","message":"moved"`,
		"a move by a token":           `"model":"tagger","what":"stable","from":1,"to":2,"by":"jwt:auth0\|ann@192.0.2.1","message":"moved"`,
	} {
		if !regexp.MustCompile(pattern).MatchString(s.logs.String()) {
			t.Errorf("%s: the log has no %s: %s", what, pattern, s.logs)
		}
	}
	for _, want := range []string{`"by":"full@192.0.2.1","what":"next","to":"2"`, `"by":"jwt:auth0|ann@192.0.2.1","what":"stable","from":"1","to":"2"`} {
		if !strings.Contains(history, want) {
			t.Errorf("the history has no %s: %s", want, history)
		}
	}
	if !strings.Contains(metrics, `tagifai_principal_requests_total{principal="jwt:auth0|ann"} 6`) {
		t.Errorf("the metrics do not count the requests of a token")
	}
}
