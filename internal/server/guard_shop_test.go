package server_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/internal/store"
	"tagifai/model"
)

// A guardedShop is a service of the models tagger and other with a guard, without its
// listeners.
type guardedShop struct {
	*keyring
	server  *server.Server
	models  *registry.Registry
	metrics *prometheus.Registry
	logs    *logtest.Log
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
	s := &guardedShop{logs: new(logtest.Log), metrics: prometheus.NewRegistry()}
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
