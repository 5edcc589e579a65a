package server_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
)

func TestCORS(t *testing.T) {
	const ours = "https://example.org"
	preflight := http.Header{"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type"}}
	tests := []struct {
		name    string
		allowed []config.Origin
		method  string
		path    string
		header  http.Header
		origin  string
		status  int
		want    string // the origin that may read the answer
	}{
		{"off", nil, "GET", "/", nil, ours, 200, ""},
		{"off, asked beforehand", nil, "OPTIONS", "/predict", preflight, ours, 405, ""},
		{"one", []config.Origin{"https://a.example", ours}, "GET", "/", nil, ours, 200, ours},
		{"one, an error", []config.Origin{ours}, "GET", "/nope", nil, ours, 404, ours},
		{"one, an invalid body", []config.Origin{ours}, "POST", "/predict", nil, ours, 422, ours},
		{"one, asked beforehand", []config.Origin{ours}, "OPTIONS", "/predict", preflight, ours, 200, ours},
		{"one, no origin", []config.Origin{ours}, "GET", "/", nil, "", 200, ""},
		{"one, no preflight", []config.Origin{ours}, "OPTIONS", "/predict", nil, ours, 405, ours},
		{"another", []config.Origin{ours}, "GET", "/", nil, "https://example.org.evil.example", 200, ""},
		{"another scheme", []config.Origin{ours}, "GET", "/", nil, "http://example.org", 200, ""},
		{"another, asked beforehand", []config.Origin{ours}, "OPTIONS", "/predict", preflight, "https://evil.example", 200, ""},
		{"all", []config.Origin{"*"}, "GET", "/", nil, ours, 200, "*"},
		{"all, asked beforehand", []config.Origin{"*"}, "OPTIONS", "/predict", preflight, "null", 200, "*"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, settings(func(c *config.Settings) { c.CORSOrigins = test.allowed }))
			header := http.Header{}
			for key, values := range test.header {
				header[key] = values
			}
			if test.origin != "" {
				header.Set("Origin", test.origin)
			}
			answer := s.ask(t, test.method, test.path, header, "")
			if answer.status != test.status {
				t.Errorf("got %d, want %d", answer.status, test.status)
			}
			got := answer.header
			if diff := cmp.Diff(got.Get("Access-Control-Allow-Origin"), test.want); diff != "" {
				t.Error(diff)
			}
			exposed, methods, headers := "", "", ""
			switch {
			case test.want == "":
			case test.method == http.MethodOptions && test.status == http.StatusOK:
				methods, headers = "POST", "Content-Type"
			default:
				exposed = "X-Request-Id, Retry-After, Ratelimit, Ratelimit-Policy"
			}
			if diff := cmp.Diff(
				[]string{got.Get("Access-Control-Expose-Headers"), got.Get("Access-Control-Allow-Methods"), got.Get("Access-Control-Allow-Headers"), got.Get("Access-Control-Allow-Credentials")},
				[]string{exposed, methods, headers, ""},
			); diff != "" {
				t.Error(diff)
			}
		})
	}
}
