package auth_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		{"a JWK Set that is none", func(s *config.Access) { s.JWKS = config.JWKS(file(`<html>`)) }, "it is not a JWK Set"},
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
	t.Run("no key yet", func(t *testing.T) {
		settings := config.Defaults().Access
		settings.KeysFile = file("")
		var lines bytes.Buffer
		g, err := auth.Open(auth.Options{Settings: settings, Log: zerolog.New(&lines), Metrics: prometheus.NewRegistry()})
		if g == nil || err != nil || !strings.Contains(lines.String(), "the keys file has no key") {
			t.Errorf("got %v, %v, and in the log %q", g, err, lines.String())
		}
	})
	t.Run("nothing is asked for", func(t *testing.T) {
		if g, err := auth.Open(auth.Options{Settings: config.Defaults().Access}); g != nil || err != nil {
			t.Errorf("got %v, %v", g, err)
		}
	})
}
