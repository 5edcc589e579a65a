package auth_test

import (
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

	"tagifai/internal/auth"
	"tagifai/internal/config"
)

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
