package server_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tagifai/internal/config"
	"tagifai/internal/server"
)

const oneText = `{"texts":[{"text":"Object detection with YOLO"}]}`

// What happens to requests while others have all places.
func TestBusy(t *testing.T) {
	tests := []struct {
		name     string
		settings config.Settings
		reason   string
	}{
		{"nobody may wait", settings(func(c *config.Settings) { c.MaxQueued = 0 }), "queue_full"},
		{"nobody may wait for long", settings(func(c *config.Settings) { c.MaxQueueWait = 20 * time.Millisecond }), "queue_wait"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, test.settings, (*server.Server).Occupy)
			busy := []answer{
				s.ask(t, http.MethodPost, "/predict", jsonBody, oneText),
				s.ask(t, http.MethodGet, "/args", nil, ""),
				s.ask(t, http.MethodGet, "/args/learning_rate", nil, ""),
				s.ask(t, http.MethodGet, "/performance", nil, ""),
			}
			for _, got := range busy {
				if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "1" || !strings.Contains(string(decodeEnvelope(t, got.body).Detail), "busy") {
					t.Errorf("got %d, %v: %s", got.status, got.header, got.body)
				}
			}
			for _, path := range []string{"/", "/livez", "/readyz", "/metrics", "/docs"} {
				if got := s.ask(t, http.MethodGet, path, nil, ""); got.status != http.StatusOK {
					t.Errorf("%s: got %d", path, got.status)
				}
			}
			metric := fmt.Sprintf("tagifai_rejected_requests_total{reason=%q}", test.reason)
			if got := scrape(t, s)[metric]; got != "4" {
				t.Errorf("%s: got %s", metric, got)
			}
			if strings.Contains(s.logs.String(), `"level":"error"`) {
				t.Errorf("no failure of the service, but logged as one: %s", s.logs)
			}
			s.Vacate()
			if got := s.ask(t, http.MethodPost, "/predict", jsonBody, oneText); got.status != http.StatusOK {
				t.Errorf("afterwards: got %d: %s", got.status, got.body)
			}
		})
	}
}

// A request that waits gets the place of the one that leaves.
func TestQueue(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxInFlight = 1; c.MaxQueueWait = time.Minute }), (*server.Server).Occupy)
	got := make(chan answer, 3)
	for range cap(got) {
		go func() { got <- s.ask(t, http.MethodPost, "/predict", jsonBody, oneText) }()
	}
	for s.Waiting() < cap(got) {
		time.Sleep(time.Millisecond)
	}
	if len(got) > 0 {
		t.Error("answered without a place")
	}
	s.Vacate()
	for range cap(got) {
		if answer := <-got; answer.status != http.StatusOK {
			t.Errorf("got %d: %s", answer.status, answer.body)
		}
	}
}

// Places and memory are given back whatever becomes of a request.
func TestNothingIsKept(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.MaxInFlight = 1
		c.MaxQueued = 0
		c.MaxHeldBytes = 20 << 10
		c.MaxBodyBytes = 16 << 10
		c.ReadTimeout = time.Second
	}), func(s *server.Server) {
		s.Route(http.MethodGet, "/error", func(*http.Request) (any, error) { panic("the cause") })
	})
	large := strings.Repeat(" ", 10<<10)
	for range 3 {
		for _, body := range []string{large + oneText, large + "[", large + `{"texts":[]}`, large + "\xff", large + large} {
			s.ask(t, http.MethodPost, "/predict", jsonBody, body)
		}
		s.ask(t, http.MethodGet, "/error", nil, "")
		// Its client goes away in the middle.
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 15000\r\n\r\n%s", large)
		_ = conn.Close()
	}
	var got answer
	for range 100 { // until the service has noticed the last to go
		if got = s.ask(t, http.MethodPost, "/predict", jsonBody, large+oneText); got.status == http.StatusOK {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got.status != http.StatusOK {
		t.Errorf("got %d: %s", got.status, got.body)
	}
	if free := s.Free(); free != 20<<10 {
		t.Errorf("%d bytes of the allowance are left", free)
	}
}

// Bodies that arrive slowly hold no place, and take what has arrived of the memory.
func TestSlowBodies(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.MaxInFlight = 1
		c.MaxQueued = 0
		c.MaxHeldBytes = 20 << 10
		c.MaxBodyBytes = 16 << 10
	}))
	slow := func(sent string) net.Conn {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		fmt.Fprintf(conn, "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 16000\r\n\r\n%s", sent)
		return conn
	}
	for range 20 {
		slow("{")
	}
	large := strings.Repeat(" ", 14<<10)
	if got := s.ask(t, http.MethodPost, "/predict", jsonBody, large+oneText); got.status != http.StatusOK {
		t.Errorf("beside slow clients: got %d: %s", got.status, got.body)
	}
	conn := slow(large)
	for s.Free() == 20<<10 {
		time.Sleep(time.Millisecond)
	}
	for s.Free() > 11<<10 { // 14 KiB of which 4 are free
		time.Sleep(time.Millisecond)
	}
	got := s.ask(t, http.MethodPost, "/predict", jsonBody, large+large[:1<<10]+oneText)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("without memory: got %d: %s", got.status, got.body)
	}
	if got := s.ask(t, http.MethodPost, "/predict", jsonBody, oneText); got.status != http.StatusOK {
		t.Errorf("a small one without memory: got %d: %s", got.status, got.body)
	}
	_ = conn.Close()
}
