package sides

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/config"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/model"
)

func get(t *testing.T, h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: got %d, want 200", method, path, w.Code)
	}
	return w
}

// TestFloor makes sure that the floor sends as many bytes as the service, under the
// same names of headers: else it would be no floor to it.
func TestFloor(t *testing.T) {
	settings, metrics := config.Defaults(), prometheus.NewRegistry()
	models := registry.New(registry.Options{Source: settings.Source, Open: model.Default, Metrics: metrics})
	if err := models.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := server.New(server.Options{Settings: settings, Versions: models, Metrics: metrics})
	const body = `{"texts":[{"text":"Object detection with YOLO"}]}`
	service := get(t, s.Handler(), http.MethodPost, "/predict", body)

	floor := newFloor().handler()
	get(t, floor, http.MethodGet, "/", "")
	get(t, floor, http.MethodPut, "/answer", service.Body.String())
	for range 2 { // the answer is used again and again
		got := get(t, floor, http.MethodPost, "/predict", body)
		if got, want := got.Body.String(), service.Body.String(); got != want {
			t.Errorf("got body %s, want %s", got, want)
		}
		for name, want := range service.Header() {
			if got := got.Header()[name]; len(got) != 1 || len(got[0]) != len(want[0]) {
				t.Errorf("%s: got %q, want as many bytes as %q", name, got, want)
			}
		}
		if got, want := len(got.Header()), len(service.Header()); got != want {
			t.Errorf("got %d headers, want %d", got, want)
		}
	}
}

func TestServeFloor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ServeFloor(ctx, "127.0.0.1:0"); err != nil {
		t.Errorf("stopped: got %v, want no error", err)
	}
	if err := ServeFloor(t.Context(), "127.0.0.1:-1"); err == nil {
		t.Error("an address that is none: got no error")
	}
}
