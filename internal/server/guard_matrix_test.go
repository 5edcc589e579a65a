package server_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"tagifai/internal/auth"
)

const everyAction = auth.Predict | auth.Explain | auth.Read | auth.Batch | auth.Admin

// Who may do what: every credential at every route of both listeners, plain and by TLS.
func TestGuardMatrix(t *testing.T) {
	t.Parallel()
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
	r.Header.Set("Range", "bytes=0-99") // of the files of the documentation, which are long
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
