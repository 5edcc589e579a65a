package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/auth"
	"tagifai/internal/config"
)

const (
	ourIssuer   = "https://issuer.example"
	ourAudience = "tagifai"
)

// A pair of keys takes long to make.
var (
	rsaKey     = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey      = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	foreignKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A keyring makes the keys and tokens that its guard knows.
type keyring struct {
	guard   *auth.Guard
	access  config.Access
	hangups chan os.Signal
}

// newKeyring returns a guard with an empty keys file and the JWK Set of our issuer, which
// follows changes until the test ends.
func newKeyring(tb testing.TB, log io.Writer, metrics *prometheus.Registry) *keyring {
	tb.Helper()
	dir := tb.TempDir()
	k := &keyring{access: config.Defaults().Access, hangups: make(chan os.Signal)}
	k.access.KeysFile, k.access.JWKS = filepath.Join(dir, "keys.yaml"), config.JWKS(filepath.Join(dir, "jwks.json"))
	k.access.JWTIssuer, k.access.JWTAudience = ourIssuer, []string{"another", ourAudience}
	k.access.JWTAlgorithms = []config.Algorithm{"RS256", "ES256"}
	set := struct {
		Keys []jwkset.JWKMarshal `json:"keys"`
	}{[]jwkset.JWKMarshal{jwk(tb, "rsa", &rsaKey().PublicKey), jwk(tb, "ec", &ecKey().PublicKey)}}
	if err := os.WriteFile(string(k.access.JWKS), must(json.Marshal(set)), 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(k.access.KeysFile, nil, 0o600); err != nil {
		tb.Fatal(err)
	}
	guard, err := auth.Open(auth.Options{Settings: k.access, Log: zerolog.New(log), Metrics: metrics})
	if err != nil {
		tb.Fatal(err)
	}
	k.guard = guard
	ctx, cancel := context.WithCancel(context.Background())
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		guard.Follow(ctx, k.hangups)
	}()
	tb.Cleanup(func() {
		cancel()
		<-followed
	})
	return k
}

func jwk(tb testing.TB, id string, key any) jwkset.JWKMarshal {
	tb.Helper()
	made, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id}})
	if err != nil {
		tb.Fatal(err)
	}
	return made.Marshal()
}

// key adds a key and returns its secret. It counts after the next reread.
func (k *keyring) key(tb testing.TB, id string, actions auth.Action, models []string, expires time.Time) string {
	tb.Helper()
	secret, sum := auth.NewSecret()
	if err := auth.AddKey(k.access.KeysFile, auth.Key{ID: id, SHA256: sum, Actions: actions, Models: models, Expires: expires}); err != nil {
		tb.Fatal(err)
	}
	return secret
}

// reread has the guard read its files, which it has done when reread returns.
func (k *keyring) reread() {
	k.hangups <- os.Interrupt // any signal will do
	k.hangups <- os.Interrupt // is taken once the first is done with
}

// token returns a token of our issuer, with these changes: a nil claim is left out.
func token(tb testing.TB, claims jwt.MapClaims) string {
	tb.Helper()
	return sign(tb, jwt.SigningMethodRS256, "rsa", rsaKey(), claims)
}

// sign returns a token with a key of its own.
func sign(tb testing.TB, method jwt.SigningMethod, keyID string, key any, changes jwt.MapClaims) string {
	tb.Helper()
	claims := jwt.MapClaims{
		"iss": ourIssuer, "aud": ourAudience, "sub": "ann", "exp": time.Now().Add(time.Hour).Unix(),
		"scope": "openid predict explain read batch admin",
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, claim any) bool { return claim == nil })
	made := jwt.NewWithClaims(method, claims)
	if keyID != "" {
		made.Header["kid"] = keyID
	}
	signed, err := made.SignedString(key)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

// publicPEM is what an attacker takes for the secret of an HMAC.
func publicPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&rsaKey().PublicKey))})
}
