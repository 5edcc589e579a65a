package server_test

import (
	"bufio"
	"fmt"
	"io"
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

// A client that does not wait for its answer is no failure of the service.
func TestClientGoesAway(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxQueueWait = time.Minute }), (*server.Server).Occupy)
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(oneText), oneText)
	for s.Waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	_ = conn.Close()
	const gone = `http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="499",http_route="/predict"}`
	got := scrape(t, s)
	for deadline := time.Now().Add(10 * time.Second); got[gone] != "1" && time.Now().Before(deadline); got = scrape(t, s) {
		time.Sleep(time.Millisecond)
	}
	if reason := `tagifai_rejected_requests_total{reason="canceled"}`; got[gone] != "1" || got[reason] != "1" {
		t.Errorf("%s: got %q; %s: got %q; want 1", gone, got[gone], reason, got[reason])
	}
}

// Places and memory are given back whatever becomes of a request.
func TestNothingIsKept(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.MaxInFlight = 1
		c.MaxQueued = 0
		c.MaxHeldBytes = 80 << 10
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
	if got := s.ask(t, http.MethodPost, "/predict", jsonBody, large+oneText); got.status != http.StatusOK {
		t.Errorf("got %d: %s", got.status, got.body)
	}
	for end := time.Now().Add(10 * time.Second); s.Free() < 80<<10; time.Sleep(time.Millisecond) {
		if time.Now().After(end) { // by when the service has noticed the last to go
			t.Fatalf("%d bytes of the allowance are left", s.Free())
		}
	}
}

// Bodies that arrive slowly hold no place, and only the memory that has arrived.
func TestSlowBodies(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.MaxInFlight = 1
		c.MaxQueued = 0
		c.MaxHeldBytes = 64 << 10
		c.MaxBodyBytes = 16 << 10
	}))
	for range 20 {
		s.park(t, 16000, "{")
	}
	large := strings.Repeat(" ", 14<<10)
	if got := s.ask(t, http.MethodPost, "/predict", jsonBody, large+oneText); got.status != http.StatusOK {
		t.Errorf("beside slow clients: got %d: %s", got.status, got.body)
	}
	for range 8 { // each holds 16 KiB, of which 8 are free
		s.park(t, 16000, large)
	}
	s.waitForFree(t, 0)
	got := s.ask(t, http.MethodPost, "/predict", jsonBody, large+oneText)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("without memory: got %d: %s", got.status, got.body)
	}
	if got := s.ask(t, http.MethodPost, "/predict", jsonBody, oneText); got.status != http.StatusOK {
		t.Errorf("a tiny one without memory: got %d: %s", got.status, got.body)
	}
}

// Large bodies that are parked take nothing from small ones.
func TestParkedBodies(t *testing.T) {
	const most = 256 << 10
	s := start(t, settings(func(c *config.Settings) {
		c.MaxHeldBytes = 4 * most
		c.MaxBodyBytes = most
	}))
	parked := strings.Repeat(" ", most-1)
	for range 4 { // in chunks, so that their length is not known before
		s.send(t, fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", most, parked))
	}
	s.waitForFree(t, 300<<10)
	large := strings.Repeat(" ", 200<<10)
	if got := s.ask(t, http.MethodPost, "/predict", jsonBody, large+oneText); got.status != http.StatusServiceUnavailable {
		t.Errorf("one more large one: got %d: %s", got.status, got.body)
	}
	small := strings.Repeat(" ", 20<<10)
	for range 10 {
		if got := s.ask(t, http.MethodPost, "/predict", jsonBody, small+oneText); got.status != http.StatusOK {
			t.Fatalf("a small one: got %d: %s", got.status, got.body)
		}
	}
}

// A client that stops in the middle of a body is cut off when it has sent less than the
// rate for the time, and one that goes on slowly enough to keep the rate is not.
func TestBodyPace(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.MinRate = 10_000
		c.MinRateOver = 200 * time.Millisecond
		c.ReadHeaderTimeout = 100 * time.Millisecond
	}))
	begin := time.Now()
	conn := s.park(t, 1<<20, "{")
	if got := readAnswer(t, conn); got.status != http.StatusRequestTimeout || time.Since(begin) > 5*time.Second {
		t.Errorf("a body that stops: got %d after %s", got.status, time.Since(begin))
	}
	conn = s.park(t, 40_000+len(oneText), "")
	for range 10 { // 40,000 bytes in 500 ms
		if _, err := io.WriteString(conn, strings.Repeat(" ", 4000)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if _, err := io.WriteString(conn, oneText); err != nil {
		t.Fatal(err)
	}
	if got := readAnswer(t, conn); got.status != http.StatusOK {
		t.Errorf("a slow body: got %d: %s", got.status, got.body)
	}
}

// park sends a request of which the body stops after what is sent.
func (s *service) park(t *testing.T, length int, sent string) net.Conn {
	t.Helper()
	return s.send(t, fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", length, sent))
}

// send sends bytes as they are over a connection of their own.
func (s *service) send(t *testing.T, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn
}

func readAnswer(t *testing.T, conn net.Conn) answer {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

// waitForFree waits until no more than so many bytes of the allowance are left.
func (s *service) waitForFree(t *testing.T, most int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); s.Free() > most; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes of the allowance are left", s.Free())
		}
	}
}
