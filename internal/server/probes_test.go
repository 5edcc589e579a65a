package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tagifai/internal/config"
)

// While the service drains it answers, but is not ready, and asks clients to leave.
func TestDrain(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.DrainDelay = 300 * time.Millisecond }))
	for _, path := range []string{"/livez", "/readyz"} {
		got := s.ask(t, http.MethodGet, path, nil, "")
		if got.status != http.StatusOK || string(decodeEnvelope(t, got.body).Data) != "{}" || got.closes {
			t.Errorf("%s: got %d, %v: %s", path, got.status, got.header, got.body)
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	var got answer
	for range 1000 {
		if got = s.ask(t, http.MethodGet, "/readyz", nil, ""); got.status != http.StatusOK {
			break
		}
	}
	if got.status != http.StatusServiceUnavailable || string(decodeEnvelope(t, got.body).Detail) != `"The service is about to stop"` {
		t.Errorf("got %d: %s", got.status, got.body)
	}
	for path, want := range map[string]int{"/livez": 200, "/args": 200, "/nope": 404} {
		raw := s.raw(t, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n", 1)[0]
		if raw.status != want || !raw.closes {
			t.Errorf("%s: got %d, closing: %v, want %d, closing", path, raw.status, raw.closes, want)
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if strings.Contains(s.logs.String(), "/readyz") {
		t.Errorf("probes are logged: %s", s.logs)
	}
}

func TestProbesAreLoggedOnRequest(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.LogProbes = true }))
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		s.ask(t, http.MethodGet, path, nil, "")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		if !strings.Contains(s.logs.String(), `"route":"`+path+`"`) {
			t.Errorf("%s is not logged", path)
		}
	}
}
