package server_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/server"
)

// A client that sends too much gets a 429 that says when to come again, and others, probes
// and the admin listener are answered.
func TestClientRate(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.ClientRate, c.ClientBurst, c.MaxClients = 1, 5, 100
		c.TrustedProxies = networks("127.0.0.1")
		c.AdminAddr = "127.0.0.1:0"
		c.LogProbes = true
	}))
	from := func(addr string) http.Header {
		return http.Header{"X-Forwarded-For": {addr}, "Content-Type": {"application/json"}}
	}
	requests := []struct{ method, path, body string }{
		{http.MethodPost, "/predict", oneText}, {http.MethodGet, "/args", ""}, {http.MethodGet, "/docs", ""},
		{http.MethodGet, "/nope", ""}, {http.MethodPost, "/predict", "["},
	}
	for i, r := range requests {
		got := s.ask(t, r.method, r.path, from("192.0.2.1"), r.body)
		if got.status == http.StatusTooManyRequests {
			t.Fatalf("request %d is refused", i)
		}
		want := []string{`"requests";q=5;w=5`, fmt.Sprintf(`"requests";r=%d;t=%d`, 4-i, i+1)}
		if diff := cmp.Diff([]string{got.header.Get("RateLimit-Policy"), got.header.Get("RateLimit")}, want); diff != "" {
			t.Errorf("request %d: %s", i, diff)
		}
	}
	for i, r := range requests {
		got := s.ask(t, r.method, r.path, from("192.0.2.1"), r.body)
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "1" || got.header.Get("RateLimit") != `"requests";r=0;t=5` {
			t.Errorf("request %d beyond: got %d, %v", i, got.status, got.header)
		}
		if diff := cmp.Diff(string(decodeEnvelope(t, got.body).Detail), `"The client sends too many requests: try again later"`); diff != "" {
			t.Error(diff)
		}
	}
	for _, addr := range []string{"192.0.2.2", "2001:db8::1"} {
		if got := s.ask(t, http.MethodGet, "/args", from(addr), ""); got.status != http.StatusOK {
			t.Errorf("%s: got %d", addr, got.status)
		}
	}
	for i := range 5 { // addresses of one network
		got := s.ask(t, http.MethodGet, "/args", from(fmt.Sprintf("2001:db8::%x:1", i)), "").status
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 4]; got != want {
			t.Errorf("address %d of the network: got %d, want %d", i, got, want)
		}
	}
	admin := &service{Server: s.Server, url: "http://" + s.AdminAddr(), logs: s.logs}
	for range 10 {
		for _, path := range []string{"/", "/livez", "/readyz"} {
			got := s.ask(t, http.MethodGet, path, from("192.0.2.1"), "")
			if got.status != http.StatusOK || got.header.Get("RateLimit") != "" {
				t.Errorf("%s: got %d, %v", path, got.status, got.header)
			}
		}
		if got := admin.ask(t, http.MethodGet, "/nope", nil, ""); got.status != http.StatusNotFound {
			t.Errorf("the admin listener: got %d", got.status)
		}
	}
	metrics := scrape(t, admin)
	for name, want := range map[string]string{
		`tagifai_rejected_requests_total{reason="client_requests"}`: "6",
		`tagifai_limited_clients`:                                   "3",
	} {
		if metrics[name] != want {
			t.Errorf("%s: got %s, want %s", name, metrics[name], want)
		}
	}
	if text := s.logs.String(); !strings.Contains(text, `"reason":"client_requests"`) || strings.Contains(text, `"level":"error"`) {
		t.Errorf("the log: %s", text)
	}
	time.Sleep(1100 * time.Millisecond)
	if got := s.ask(t, http.MethodGet, "/args", from("192.0.2.1"), ""); got.status != http.StatusOK {
		t.Errorf("a second later: got %d", got.status)
	}
}

// Without a trusted proxy the address of the connection counts, whatever a client says.
func TestClientAddressIsItsOwn(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.ClientRate = 1 }))
	for i := range 3 {
		got := s.ask(t, http.MethodGet, "/args", http.Header{"X-Forwarded-For": {fmt.Sprintf("192.0.2.%d", i)}}, "").status
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 1]; got != want {
			t.Errorf("request %d: got %d, want %d", i, got, want)
		}
	}
}

// Texts count when they are predicted, however many requests they come in.
func TestClientTexts(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.ClientTexts = 10 }))
	texts := func(n int) string {
		return `{"texts":[` + strings.TrimSuffix(strings.Repeat(`{"text":"a"},`, n), ",") + `]}`
	}
	tests := []struct {
		name, body string
		status     int
		left       string
		detail     string
	}{
		{"some", texts(4), 200, `"texts";r=6;t=24`, ""},
		{"none", texts(0), 422, `"texts";r=6;t=24`, ""},
		{"more than ever", texts(11), 413, `"texts";r=6;t=24`, "send fewer at once"},
		{"more than are left", texts(7), 429, `"texts";r=6;t=24`, "The client has too many texts predicted: try again later"},
		{"all that are left", texts(6), 200, `"texts";r=0;t=60`, ""},
		{"one more", texts(1), 429, `"texts";r=0;t=60`, "try again later"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.ask(t, http.MethodPost, "/predict", jsonBody, test.body)
			if got.status != test.status || !strings.Contains(got.body, test.detail) {
				t.Errorf("got %d, want %d: %s", got.status, test.status, got.body)
			}
			if diff := cmp.Diff(got.header.Get("RateLimit"), test.left); diff != "" {
				t.Error(diff)
			}
			retry, err := strconv.Atoi(got.header.Get("Retry-After"))
			if (err == nil) != (test.status == 429) || err == nil && (retry < 5 || retry > 6) { // a text takes six seconds
				t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
			}
		})
	}
	if got := s.ask(t, http.MethodGet, "/args", nil, ""); got.status != http.StatusOK {
		t.Errorf("a request without texts: got %d", got.status)
	}
	predicted := 0
	for name, value := range scrape(t, s) {
		if strings.HasPrefix(name, "tagifai_predicted_texts_total{") {
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			predicted += n
		}
	}
	if predicted != 10 {
		t.Errorf("%d texts were predicted, want 10", predicted)
	}
}

// Without limits nothing tells of them.
func TestNoClientLimits(t *testing.T) {
	s := start(t, settings())
	got := s.ask(t, http.MethodPost, "/predict", jsonBody, oneText)
	if _, ok := got.header["Ratelimit"]; ok || got.header.Get("RateLimit-Policy") != "" {
		t.Errorf("got %v", got.header)
	}
	if _, ok := scrape(t, s)["tagifai_limited_clients"]; ok {
		t.Error("there is a metric for them")
	}
}

// With keys a client is a principal, wherever it asks from. Who guesses is its address.
func TestClientIsThePrincipal(t *testing.T) {
	keys := newKeyring(t, io.Discard, prometheus.NewRegistry())
	one := keys.key(t, "one", auth.Read, nil, time.Time{})
	two := keys.key(t, "two", auth.Read, nil, time.Time{})
	keys.reread()
	s := startServing(t, server.Options{Guard: keys.guard, Settings: settings(func(c *config.Settings) {
		c.ClientRate, c.ClientBurst = 1, 2
		c.TrustedProxies = networks("127.0.0.1")
	})}, new(logtest.Log))
	tests := []struct {
		name, key, addr string
		path            string
		status          int
	}{
		{"a key", one, "192.0.2.1", "/args", 200},
		{"from elsewhere", one, "192.0.2.2", "/args", 200},
		{"too often", one, "192.0.2.3", "/args", 429},
		{"too often, for no route", one, "192.0.2.3", "/nope", 429},
		{"another key at an address of the first", two, "192.0.2.1", "/args", 200},
		{"a guess", "tagifai_wrong", "192.0.2.1", "/args", 401},
		{"no key", "", "192.0.2.1", "/nope", 401},
		{"one guess too many", "tagifai_wrong", "192.0.2.1", "/args", 429},
		{"a key where somebody has guessed", two, "192.0.2.1", "/args", 200},
		{"a probe", "", "192.0.2.1", "/readyz", 200},
	}
	for _, test := range tests {
		header := http.Header{"X-Forwarded-For": {test.addr}}
		if test.key != "" {
			header.Set("X-Api-Key", test.key)
		}
		if got := s.ask(t, http.MethodGet, test.path, header, ""); got.status != test.status {
			t.Errorf("%s: got %d, want %d: %s", test.name, got.status, test.status, got.body)
		}
	}
}
