package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
)

// A page that somebody on the machine looks at can send requests to the admin listener,
// by its address or by a name of the page's own.
func TestAdminListenerIsNoPages(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.AdminAddr, c.AdminHosts = "127.0.0.1:0", []config.Hostname{"Tagger.internal", "tagger"}
	}))
	admin := &service{Server: s.Server, url: "http://" + s.AdminAddr(), logs: s.logs}
	const refused = `"Ask for an address, for localhost, or for a name that the setting admin-hosts lists"`
	tests := []struct {
		name, method, path, host string
		header                   http.Header
		status                   int
		detail                   string
	}{
		{"an IPv4 address", "GET", "/metrics", "127.0.0.1:9000", nil, 200, ""},
		{"an IPv4 address without a port", "GET", "/metrics", "10.1.2.3", nil, 200, ""},
		{"an IPv6 address", "GET", "/metrics", "[::1]:9000", nil, 200, ""},
		{"an IPv6 address without a port", "GET", "/metrics", "[2001:db8::1]", nil, 200, ""},
		{"localhost", "GET", "/metrics", "localhost:9000", nil, 200, ""},
		{"localhost in capitals", "POST", "/reload", "LOCALHOST", nil, 200, ""},
		{"a listed name", "GET", "/metrics", "tagger:9000", nil, 200, ""},
		{"a listed name in other letters", "GET", "/metrics", "TAGGER.internal", nil, 200, ""},
		{"another name", "GET", "/metrics", "evil.example:9000", nil, 421, refused},
		{"another name, to reload", "POST", "/reload", "evil.example", nil, 421, refused},
		{"another name, for a profile", "GET", "/debug/pprof/heap", "evil.example", nil, 421, refused},
		{"another name, for no route", "GET", "/nope", "evil.example", nil, 421, refused},
		{"a name below localhost", "GET", "/metrics", "localhost.evil.example", nil, 421, refused},
		{"an address and more", "GET", "/metrics", "127.0.0.1.evil.example", nil, 421, refused},

		{"a program", "POST", "/reload", "127.0.0.1", nil, 200, ""},
		{"a page of ours", "POST", "/reload", "127.0.0.1", http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://127.0.0.1"}}, 200, ""},
		{"a page of another site", "POST", "/reload", "127.0.0.1", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}, 403, `"Pages of other sites may not do this"`},
		{"a page of the same machine", "POST", "/reload", "127.0.0.1", http.Header{"Sec-Fetch-Site": {"same-site"}}, 403, `"Pages of other sites may not do this"`},
		{"a page in an old browser", "POST", "/reload", "127.0.0.1", http.Header{"Origin": {"https://evil.example"}}, 403, `"Pages of other sites may not do this"`},
		{"a page that looks on", "GET", "/livez", "127.0.0.1", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 200, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var header strings.Builder
			if err := test.header.Write(&header); err != nil {
				t.Fatal(err)
			}
			got := rawTo(t, s.AdminAddr(), fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n%s\r\n", test.method, test.path, test.host, &header), 1)[0]
			if got.status != test.status {
				t.Errorf("got %d, want %d: %.200s", got.status, test.status, got.body)
			}
			if test.detail != "" {
				if diff := cmp.Diff(string(decodeEnvelope(t, got.body).Detail), test.detail); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	t.Run("no host", func(t *testing.T) {
		if got := rawTo(t, s.AdminAddr(), "GET /livez HTTP/1.0\r\n\r\n", 1)[0]; got.status != http.StatusOK {
			t.Errorf("got %d", got.status)
		}
	})
	t.Run("the public listener", func(t *testing.T) {
		if got := s.raw(t, "GET /livez HTTP/1.1\r\nHost: any.example\r\n\r\n", 1)[0]; got.status != http.StatusOK {
			t.Errorf("got %d", got.status)
		}
	})
	metrics := scrape(t, admin)
	for name, want := range map[string]string{`{reason="misdirected"}`: "6", `{reason="cross_origin"}`: "3"} {
		if got := metrics["tagifai_rejected_requests_total"+name]; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
