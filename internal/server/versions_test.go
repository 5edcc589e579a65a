package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/registry"
	"tagifai/internal/server"
)

// asked notes what a server asks a registry for, and always answers with the default.
type asked struct {
	server.Versions
	refs []registry.Ref
}

func (a *asked) Get(ctx context.Context, ref registry.Ref) (*registry.Version, error) {
	ref.Key = nil
	a.refs = append(a.refs, ref)
	return a.Versions.Get(ctx, registry.Ref{})
}

// A route says in its path which version answers, and a request asks for it once.
func TestVersions(t *testing.T) {
	models := newRegistry(t, defaultModel, zerolog.Nop(), prometheus.NewRegistry())
	tests := []struct {
		name, below string // the routes
		path        string
		want        registry.Ref
		detail      string // of the answer of the registry itself
	}{
		{"default", "", "", registry.Ref{}, ""},
		{"model", "/models/{name}", "/models/default", registry.Ref{Model: "default"}, ""},
		{"version", "/models/{name}/versions/{version}", "/models/default/versions/1", registry.Ref{Model: "default", Version: "1"}, ""},
		{"alias", "/models/{name}/aliases/{alias}", "/models/default/aliases/stable", registry.Ref{Model: "default", Alias: "stable"}, ""},
		{"no such model", "/models/{name}", "/models/sp%61m", registry.Ref{Model: "spam"}, `"there is no model \"spam\"; there is default"`},
		{"no such version", "/models/{name}/versions/{version}", "/models/default/versions/7", registry.Ref{Model: "default", Version: "7"}, `"model \"default\" has no version \"7\"; there is 1"`},
	}
	requests := []struct{ method, path, body string }{
		{http.MethodPost, "/predict?include=model,probabilities", oneText},
		{http.MethodGet, "/args", ""},
		{http.MethodGet, "/args/learning_rate", ""},
		{http.MethodGet, "/performance", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			noted := &asked{Versions: models}
			for _, versions := range []server.Versions{noted, models} {
				s := newServer(t, server.Options{Settings: settings(), Versions: versions})
				if test.below != "" {
					s.RouteVersion(test.below)
				}
				for _, request := range requests {
					noted.refs = nil
					r, err := http.NewRequest(request.method, test.path+request.path, strings.NewReader(request.body))
					if err != nil {
						t.Fatal(err)
					}
					w := newRecorder()
					s.Handler().ServeHTTP(w, r)
					wantStatus, wantRefs := http.StatusOK, []registry.Ref{test.want}
					if versions == models {
						wantRefs = nil
					}
					if versions == models && test.detail != "" {
						wantStatus = http.StatusNotFound
						if diff := cmp.Diff(string(decodeEnvelope(t, w.body.String()).Detail), test.detail); diff != "" {
							t.Error(diff)
						}
					}
					if w.status != wantStatus {
						t.Errorf("%s: got %d, want %d: %s", request.path, w.status, wantStatus, w.body.String())
					}
					if diff := cmp.Diff(noted.refs, wantRefs); diff != "" {
						t.Errorf("%s: %s", request.path, diff)
					}
				}
			}
		})
	}
}

// Before the first version is loaded the service is alive, and neither ready nor able to
// answer.
func TestNotReady(t *testing.T) {
	models := registry.New(registry.Options{Open: defaultModel, Metrics: prometheus.NewRegistry()})
	h := newServer(t, server.Options{Settings: settings(), Versions: models}).Handler()
	for path, want := range map[string]int{"/livez": http.StatusOK, "/": http.StatusServiceUnavailable, "/readyz": http.StatusServiceUnavailable, "/args": http.StatusServiceUnavailable, "/performance": http.StatusServiceUnavailable} {
		r, err := http.NewRequest(http.MethodGet, path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		w := newRecorder()
		h.ServeHTTP(w, r)
		if w.status != want {
			t.Errorf("%s: got %d, want %d: %s", path, w.status, want, w.body.String())
		}
	}
}
