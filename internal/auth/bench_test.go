package auth_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/auth"
	"tagifai/internal/config"
)

func BenchmarkAuthenticate(b *testing.B) {
	name := filepath.Join(b.TempDir(), "keys.yaml")
	var secret string
	for i := range 100 {
		made, sum := auth.NewSecret()
		if err := auth.AddKey(name, auth.Key{ID: fmt.Sprint("key-", i), SHA256: sum, Actions: auth.Read, Expires: time.Now().Add(time.Hour)}); err != nil {
			b.Fatal(err)
		}
		secret = made
	}
	settings := config.Defaults().Access
	settings.KeysFile = name
	g, err := auth.Open(auth.Options{Settings: settings, Metrics: prometheus.NewRegistry()})
	if err != nil {
		b.Fatal(err)
	}
	header, now := http.Header{"X-Api-Key": {secret}}, time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Authenticate(b.Context(), header, now); err != nil {
			b.Fatal(err)
		}
	}
}
