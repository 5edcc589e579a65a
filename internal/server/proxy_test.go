package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
)

// What a service that trusts its proxy, which is this machine, takes from each
// header; what is none of what belongs there is as if it were not sent.
func TestTrustedProxy(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.RootPath = "/root"
		c.TrustedProxies = networks("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")
	}))
	host := strings.TrimPrefix(s.url, "http://")
	long := strings.Repeat("a", 300)
	tests := []struct {
		name, header string
		values       []string
		want         string // the URL of the service
	}{
		{"none", "", nil, "http://" + host + "/root"},
		{"a scheme", "X-Forwarded-Proto", []string{"HTTPS"}, "https://" + host + "/root"},
		{"the last scheme", "X-Forwarded-Proto", []string{"ftp,http , https"}, "https://" + host + "/root"},
		{"the last header", "X-Forwarded-Proto", []string{"http", "https"}, "https://" + host + "/root"},
		{"no scheme of ours", "X-Forwarded-Proto", []string{"javascript"}, "http://" + host + "/root"},
		{"a scheme and more", "X-Forwarded-Proto", []string{"https://evil.example"}, "http://" + host + "/root"},
		{"an empty scheme", "X-Forwarded-Proto", []string{"https,"}, "http://" + host + "/root"},
		{"a host", "X-Forwarded-Host", []string{"Example.org"}, "http://Example.org/root"},
		{"a host and port", "X-Forwarded-Host", []string{"example.org:8443"}, "http://example.org:8443/root"},
		{"an IPv4 address", "X-Forwarded-Host", []string{"192.0.2.1:80"}, "http://192.0.2.1:80/root"},
		{"an IPv6 address", "X-Forwarded-Host", []string{"[2001:db8::1]"}, "http://[2001:db8::1]/root"},
		{"an IPv6 address and port", "X-Forwarded-Host", []string{"[2001:db8::1]:80"}, "http://[2001:db8::1]:80/root"},
		{"the last host", "X-Forwarded-Host", []string{"evil.example, example.org"}, "http://example.org/root"},
		{"a host with a space", "X-Forwarded-Host", []string{"a b"}, "http://" + host + "/root"},
		{"a host with a path", "X-Forwarded-Host", []string{"evil.example/x"}, "http://" + host + "/root"},
		{"a host with a user", "X-Forwarded-Host", []string{"a@evil.example"}, "http://" + host + "/root"},
		{"a host to quote", "X-Forwarded-Host", []string{`a"b\`}, "http://" + host + "/root"},
		{"a host of markup", "X-Forwarded-Host", []string{"<b>"}, "http://" + host + "/root"},
		{"a host with a tab", "X-Forwarded-Host", []string{"a\tb"}, "http://" + host + "/root"},
		{"no port", "X-Forwarded-Host", []string{"a:"}, "http://" + host + "/root"},
		{"too high a port", "X-Forwarded-Host", []string{"a:65536"}, "http://" + host + "/root"},
		{"a host of colons", "X-Forwarded-Host", []string{"::1"}, "http://" + host + "/root"},
		{"a zone", "X-Forwarded-Host", []string{"[fe80::1%<b>]:80"}, "http://" + host + "/root"},
		{"an open bracket", "X-Forwarded-Host", []string{"[::1"}, "http://" + host + "/root"},
		{"too long a host", "X-Forwarded-Host", []string{long}, "http://" + host + "/root"},
		{"a prefix", "X-Forwarded-Prefix", []string{"/a/b-1.2_~"}, "http://" + host + "/a/b-1.2_~"},
		{"a prefix with a slash", "X-Forwarded-Prefix", []string{"/a/"}, "http://" + host + "/a"},
		{"no prefix", "X-Forwarded-Prefix", []string{"/"}, "http://" + host},
		{"an empty prefix", "X-Forwarded-Prefix", []string{""}, "http://" + host + "/root"},
		{"the last prefix", "X-Forwarded-Prefix", []string{"//evil.example, /a"}, "http://" + host + "/a"},
		{"a prefix like a host", "X-Forwarded-Prefix", []string{"//evil.example"}, "http://" + host + "/root"},
		{"a prefix like a URL", "X-Forwarded-Prefix", []string{"https://evil.example"}, "http://" + host + "/root"},
		{"a prefix of a backslash", "X-Forwarded-Prefix", []string{`/\evil.example`}, "http://" + host + "/root"},
		{"a prefix of dots", "X-Forwarded-Prefix", []string{"/a/../b"}, "http://" + host + "/root"},
		{"a prefix of escapes", "X-Forwarded-Prefix", []string{"/%2e%2e"}, "http://" + host + "/root"},
		{"a prefix of markup", "X-Forwarded-Prefix", []string{`/"><b>`}, "http://" + host + "/root"},
		{"a prefix of a query", "X-Forwarded-Prefix", []string{"/a?b#c"}, "http://" + host + "/root"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			if test.header != "" {
				header[test.header] = test.values
			}
			answer := s.ask(t, http.MethodGet, "/args/analyzer?x", header, "")
			if diff := cmp.Diff(decodeEnvelope(t, answer.body).URL, test.want+"/args/analyzer?x"); diff != "" {
				t.Error(diff)
			}
			// A redirect stays on the host, whichever that is.
			_, after, _ := strings.Cut(test.want, "://")
			path := after[strings.IndexAny(after+"/", "/"):]
			redirect := s.ask(t, http.MethodGet, "/args/?x", header, "")
			if diff := cmp.Diff(redirect.header.Get("Location"), path+"/args?x"); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a host on two lines", func(t *testing.T) {
		answer := s.raw(t, "GET /args HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: example\r\n .org\r\n\r\n", 1)[0]
		if diff := cmp.Diff(decodeEnvelope(t, answer.body).URL, "http://a/root/args"); diff != "" {
			t.Error(diff)
		}
	})
}

// Who may not say who the client is.
func TestUntrustedProxy(t *testing.T) {
	header := http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Prefix": {"/evil"}}
	for name, trusted := range map[string][]string{"none is trusted": nil, "others are": {"192.0.2.0/24", "::1"}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, settings(func(c *config.Settings) { c.TrustedProxies = networks(trusted...) }))
			answer := s.ask(t, http.MethodGet, "/args", header, "")
			if diff := cmp.Diff(decodeEnvelope(t, answer.body).URL, s.url+"/args"); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(s.ask(t, http.MethodGet, "/args/", header, "").header.Get("Location"), "/args"); diff != "" {
				t.Error(diff)
			}
			if err := s.stop(); err != nil { // after which all is logged
				t.Fatal(err)
			}
			if strings.Contains(s.logs.String(), "192.0.2.1") || !strings.Contains(s.logs.String(), `"remote":"127.0.0.1:`) {
				t.Errorf("the log believes it: %s", s.logs)
			}
		})
	}
}

// Behind a proxy that takes /tagger off, everything works below it.
func TestRootPath(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.RootPath = "/tagger" }))
	absolute := s.raw(t, "GET http://example.org?x HTTP/1.1\r\nHost: a\r\n\r\n", 1)[0]
	if diff := cmp.Diff(decodeEnvelope(t, absolute.body).URL, "http://example.org/tagger?x"); diff != "" {
		t.Error(diff)
	}
	if answer := s.ask(t, http.MethodGet, "/tagger/args", nil, ""); answer.status != http.StatusNotFound {
		t.Errorf("got %d for a path that no proxy has taken anything off, want 404 as FastAPI", answer.status)
	}
	page := s.ask(t, http.MethodGet, "/docs", nil, "")
	for _, absolute := range []string{`src="/`, `href="/`, `url: "/`, `url: "\/`} {
		if strings.Contains(page.body, absolute) {
			t.Errorf("the page has %s, which leads out of the root path", absolute)
		}
	}
	var document struct {
		Servers []struct {
			URL string `json:"url"`
		} `json:"servers"`
		Paths map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(s.ask(t, http.MethodGet, "/openapi.json", nil, "").body), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Servers) != 1 || document.Servers[0].URL != "/tagger" || document.Paths["/predict"] == nil {
		t.Errorf("got %+v", document)
	}
}
