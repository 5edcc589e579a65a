package auth_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A guarded is a guard that follows changes, and what it says.
type guarded struct {
	*auth.Guard
	hangups chan os.Signal
	metrics *prometheus.Registry
	log     *logtest.Log
}

func open(t *testing.T, change func(*config.Access)) *guarded {
	t.Helper()
	settings := config.Defaults().Access
	change(&settings)
	g := &guarded{hangups: make(chan os.Signal), metrics: prometheus.NewRegistry(), log: new(logtest.Log)}
	var err error
	if g.Guard, err = auth.Open(auth.Options{Settings: settings, Log: zerolog.New(g.log), Metrics: g.metrics}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		g.Follow(ctx, g.hangups)
	}()
	t.Cleanup(func() {
		cancel()
		<-followed
	})
	return g
}

// reread has the files read, once before it returns and perhaps once more.
func (g *guarded) reread() {
	g.hangups <- os.Interrupt
	g.hangups <- os.Interrupt
}

// who returns who a credential is, or what is wrong with it.
func (g *guarded) who(credential string) string {
	p, err := g.Authenticate(context.Background(), http.Header{"Authorization": {"Bearer " + credential}}, time.Now())
	if err != nil {
		return err.Error()
	}
	return p.ID()
}

func (g *guarded) stale(t *testing.T, source string) string {
	t.Helper()
	families, err := g.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "tagifai_credentials_stale" && m.GetLabel()[0].GetValue() == source {
				return fmt.Sprint(m.GetGauge().GetValue())
			}
		}
	}
	return "absent"
}

// replace gives a file another text in one step, as it may be read at any time.
func replace(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

const unknown = "The key is not known: it is mistyped, or it was revoked"

// A change of the keys file counts after a reread; a bad one leaves the old keys in place.
func TestKeysAreReread(t *testing.T) {
	name := filepath.Join(t.TempDir(), "keys.yaml")
	add := func(id string) string {
		secret, sum := auth.NewSecret()
		if err := auth.AddKey(name, auth.Key{ID: id, SHA256: sum, Actions: auth.Read}); err != nil {
			t.Fatal(err)
		}
		return secret
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	a := add("a")
	g := open(t, func(s *config.Access) { s.KeysFile = name })
	check("at the start", g.who(a), "a")

	b := add("b")
	g.reread()
	check("added", g.who(b), "b")

	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string]string{"bad YAML": "- id: [", "a key without an id": "- actions: [read]\n"} {
		replace(t, name, bad)
		g.reread()
		check(what, g.who(a)+", "+g.who(b)+", stale "+g.stale(t, "keys"), "a, b, stale 1")
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	g.reread()
	check("the file is gone", g.who(a)+", stale "+g.stale(t, "keys"), "a, stale 1")
	if !strings.Contains(g.log.String(), "keys.yaml:1: ") || !strings.Contains(g.log.String(), "no such file") || !strings.Contains(g.log.String(), "those from before count") {
		t.Errorf("the log is %s", g.log)
	}

	replace(t, name, string(good))
	if err := auth.RevokeKey(name, "a"); err != nil {
		t.Fatal(err)
	}
	g.reread()
	check("revoked", g.who(a)+", "+g.who(b)+", stale "+g.stale(t, "keys"), unknown+", b, stale 0")

	// Without a hang-up, the change itself is noticed.
	c := add("c")
	for deadline := time.Now().Add(10 * time.Second); g.who(c) != "c"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the change was not noticed")
		}
	}
}

// A secret is found by its whole hash.
func TestAuthenticate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "keys.yaml")
	secret, sum := auth.NewSecret()
	if !strings.HasPrefix(secret, "tagifai_") || len(secret) != 60 {
		t.Errorf("got %d bytes of a secret", len(secret))
	}
	now := time.Now().Truncate(time.Second)
	if err := auth.AddKey(name, auth.Key{ID: "a", SHA256: sum, Actions: auth.Read, Expires: now}); err != nil {
		t.Fatal(err)
	}
	other := sum
	other[31]++ // the rest is the same, the indexed beginning too
	other[0]++
	if err := auth.AddKey(name, auth.Key{ID: "b", SHA256: other, Actions: auth.Read}); err != nil {
		t.Fatal(err)
	}
	g := open(t, func(s *config.Access) { s.KeysFile = name })
	tests := []struct {
		name   string
		header http.Header
		at     time.Time
		want   string
	}{
		{"before the end", http.Header{"X-Api-Key": {secret}}, now.Add(-time.Nanosecond), "a"},
		{"at the end", http.Header{"X-Api-Key": {secret}}, now, "The key has expired"},
		{"none", nil, now, "there is no credential"},
		{"an empty one", http.Header{"X-Api-Key": {""}}, now, "there is no credential"},
		{"the scheme alone", http.Header{"Authorization": {"Bearer"}}, now, "there is no credential"},
		{"no scheme", http.Header{"Authorization": {secret}}, now, "there is no credential"},
		{"spaces around it", http.Header{"Authorization": {"BEARER   " + secret + " "}}, now.Add(-time.Second), "a"},
		{"two headers", http.Header{"Authorization": {"Bearer x", "Bearer " + secret}}, now.Add(-time.Second), unknown},
		{"a token, though none are known", http.Header{"Authorization": {"Bearer a.b.c"}}, now, unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := g.Authenticate(t.Context(), test.header, test.at)
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = p.ID()
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// A key that a guard is opened with has to be good.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		name := filepath.Join(dir, fmt.Sprintf("%x", len(text)))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	tests := []struct {
		name   string
		change func(*config.Access)
		want   string
	}{
		{"no keys file", func(s *config.Access) { s.KeysFile = filepath.Join(dir, "absent") }, "no such file"},
		{"a bad keys file", func(s *config.Access) { s.KeysFile = file("- id: a\n") }, ":1: the key has no sha256"},
		{"no JWK Set", func(s *config.Access) { s.JWKS = config.JWKS(filepath.Join(dir, "absent")) }, "no such file"},
		{"an empty JWK Set", func(s *config.Access) { s.JWKS = config.JWKS(file(`{"keys":[]}`)) }, "it has no public key for signatures"},
		{"a JWK Set that is none", func(s *config.Access) { s.JWKS = config.JWKS(file(`<html>`)) }, "it is no JWK Set"},
		{"a secret key", func(s *config.Access) { s.JWKS = config.JWKS(file(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`)) }, "it has no public key for signatures"},
		{"a key to encrypt", func(s *config.Access) {
			s.JWKS = config.JWKS(file(`{"keys":[{"kty":"OKP","use":"enc","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
		}, "it has no public key for signatures"},
		{"half a key", func(s *config.Access) { s.JWKS = config.JWKS(file(`{"keys":[{"kty":"RSA","kid":"a","n":"AQAB"}]}`)) }, `key "a": `},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			settings := config.Defaults().Access
			test.change(&settings)
			g, err := auth.Open(auth.Options{Settings: settings, Metrics: prometheus.NewRegistry()})
			if g != nil || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	t.Run("nothing is asked for", func(t *testing.T) {
		if g, err := auth.Open(auth.Options{Settings: config.Defaults().Access}); g != nil || err != nil {
			t.Errorf("got %v, %v", g, err)
		}
	})
}

// A jwksServer publishes keys.
type jwksServer struct {
	*httptest.Server
	set   atomic.Value // string; "" is a 500
	asked atomic.Int32
	to    string // redirects there
}

func newJWKSServer(t *testing.T) *jwksServer {
	t.Helper()
	s := &jwksServer{}
	s.set.Store("")
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if s.to != "" {
			http.Redirect(w, r, s.to, http.StatusFound)
			return
		}
		set := s.set.Load().(string)
		if set == "" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = w.Write([]byte(set))
	}))
	t.Cleanup(s.Close)
	return s
}

// pair returns a key for tokens, and a JWK Set with its public half.
func pair(t *testing.T, id string) (ed25519.PrivateKey, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	made, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(map[string]any{"keys": []any{made.Marshal(), map[string]string{"kty": "future"}}})
	if err != nil {
		t.Fatal(err)
	}
	return private, string(set)
}

func token(t *testing.T, id string, key ed25519.PrivateKey, subject string) string {
	t.Helper()
	made := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": subject, "exp": time.Now().Add(time.Hour).Unix(), "scope": "read"})
	made.Header["kid"] = id
	signed, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// The keys of the issuer change, go away and come back while we serve.
func TestIssuer(t *testing.T) {
	auth.Pause(t, 0)
	s := newJWKSServer(t)
	g := open(t, func(c *config.Access) { c.JWKS = config.JWKS(s.URL + "/jwks.json") })
	first, firstSet := pair(t, "1")
	second, secondSet := pair(t, "2")
	const foreign = "The token is signed with a key that the issuer does not have"
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	check("the issuer is away from the start", g.who(token(t, "1", first, "ann")), auth.ErrUnavailable.Error())
	g.reread()
	check("and is looked for", g.stale(t, "jwks"), "1")

	s.set.Store(firstSet)
	check("it is there", g.who(token(t, "1", first, "ann")), "jwt:ann")
	check("a key that it does not have", g.who(token(t, "2", second, "ann")), foreign)

	s.set.Store(secondSet)
	check("the keys are new, and a token with one is the first to know", g.who(token(t, "2", second, "bob")), "jwt:bob")
	check("the old key is gone, and with it tokens that were verified", g.who(token(t, "1", first, "ann")), foreign)

	for what, set := range map[string]string{"fails": "", "has no keys": `{"keys":[]}`, "is too large": strings.Repeat(" ", 1<<20) + secondSet} {
		s.set.Store(set)
		g.reread()
		check("the issuer "+what, g.who(token(t, "2", second, "eve"))+", stale "+g.stale(t, "jwks"), "jwt:eve, stale 1")
	}
	s.set.Store(secondSet)
	g.reread()
	check("it is back", g.stale(t, "jwks"), "0")
}

// Tokens with made-up keys cause no more than a fetch at times.
func TestIssuerIsNotAskedAllTheTime(t *testing.T) {
	auth.Pause(t, time.Hour)
	s := newJWKSServer(t)
	key, set := pair(t, "1")
	s.set.Store(set)
	g := open(t, func(c *config.Access) { c.JWKS = config.JWKS(s.URL) })
	g.reread()
	if got := g.who(token(t, "1", key, "ann")); got != "jwt:ann" {
		t.Errorf("got %s", got)
	}
	before := s.asked.Load()
	for i := range 50 {
		g.who(token(t, fmt.Sprint("made up ", i), key, "ann"))
	}
	if asked := s.asked.Load() - before; asked > 1 { // the hang-up may be one
		t.Errorf("the issuer was asked %d times within the pause", asked)
	}
}

// A redirect may not lead where the setting could not.
func TestIssuerRedirects(t *testing.T) {
	auth.Pause(t, time.Hour)
	s := newJWKSServer(t)
	s.to = "http://issuer.example/jwks.json"
	g := open(t, func(c *config.Access) { c.JWKS = config.JWKS(s.URL) })
	g.reread()
	if !strings.Contains(g.log.String(), "is not encrypted on its way") {
		t.Errorf("the log is %s", g.log)
	}
}

// A client with a token cannot make the guard keep more than a number of them.
func TestVerifiedAreBounded(t *testing.T) {
	key, set := pair(t, "1")
	name := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(name, []byte(set), 0o600); err != nil {
		t.Fatal(err)
	}
	g := open(t, func(c *config.Access) { c.JWKS = config.JWKS(name) })
	for i := range auth.MaxVerified + 10 {
		subject := fmt.Sprint("user-", i)
		if got := g.who(token(t, "1", key, subject)); got != "jwt:"+subject {
			t.Fatalf("got %s", got)
		}
	}
	if got := g.Verified(); got > auth.MaxVerified || got == 0 {
		t.Errorf("%d tokens are kept", got)
	}
	once := token(t, "1", key, "ann")
	first, err := g.Authenticate(t.Context(), http.Header{"Authorization": {"Bearer " + once}}, time.Now())
	again, errAgain := g.Authenticate(t.Context(), http.Header{"Authorization": {"Bearer " + once}}, time.Now())
	if err := errors.Join(err, errAgain); err != nil || first != again {
		t.Errorf("it was verified twice: %v", err)
	}
	// A token that was verified counts until it expires, and no longer.
	if _, err = g.Authenticate(t.Context(), http.Header{"Authorization": {"Bearer " + once}}, time.Now().Add(2*time.Hour)); err == nil || err.Error() != "The token has expired" {
		t.Errorf("after its end: got %v", err)
	}
}
