package server_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/server"
)

func TestCORS(t *testing.T) {
	const ours = "https://example.org"
	preflight := http.Header{"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type"}}
	tests := []struct {
		name    string
		allowed []string
		method  string
		path    string
		header  http.Header
		origin  string
		status  int
		want    string // the origin that may read the answer
	}{
		{"off", nil, "GET", "/", nil, ours, 200, ""},
		{"off, asked beforehand", nil, "OPTIONS", "/predict", preflight, ours, 405, ""},
		{"one", []string{"https://a.example", ours}, "GET", "/", nil, ours, 200, ours},
		{"one, an error", []string{ours}, "GET", "/nope", nil, ours, 404, ours},
		{"one, an invalid body", []string{ours}, "POST", "/predict", nil, ours, 422, ours},
		{"one, asked beforehand", []string{ours}, "OPTIONS", "/predict", preflight, ours, 200, ours},
		{"one, no origin", []string{ours}, "GET", "/", nil, "", 200, ""},
		{"one, no preflight", []string{ours}, "OPTIONS", "/predict", nil, ours, 405, ours},
		{"another", []string{ours}, "GET", "/", nil, "https://example.org.evil.example", 200, ""},
		{"another scheme", []string{ours}, "GET", "/", nil, "http://example.org", 200, ""},
		{"another, asked beforehand", []string{ours}, "OPTIONS", "/predict", preflight, "https://evil.example", 200, ""},
		{"all", []string{"*"}, "GET", "/", nil, ours, 200, "*"},
		{"all, asked beforehand", []string{"*"}, "OPTIONS", "/predict", preflight, "null", 200, "*"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, server.Options{CORSOrigins: test.allowed})
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
				exposed = "X-Request-Id"
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

func TestOptions(t *testing.T) {
	tests := []struct {
		name    string
		options server.Options
		want    string
	}{
		{"none", server.Options{}, ""},
		{"all", server.Options{MaxText: 1, RootPath: "/a/b/", TrustedProxies: []string{"::1", "10.0.0.0/8", "0.0.0.0/0"}, CORSOrigins: []string{"https://a", "http://localhost:3000", "*"}}, ""},
		{"a negative length", server.Options{MaxText: -1}, "a limit is negative"},
		{"a root path without its slash", server.Options{RootPath: "a"}, `root path "a": want one such as /tagger, of letters, digits and -._~`},
		{"a root path like a host", server.Options{RootPath: "//a"}, `root path "//a": want one such as /tagger, of letters, digits and -._~`},
		{"a root path with a space", server.Options{RootPath: "/a b"}, `root path "/a b": want one such as /tagger, of letters, digits and -._~`},
		{"an empty proxy", server.Options{TrustedProxies: []string{""}}, `trusted proxy "": want an IP address, or a network such as 10.0.0.0/8`},
		{"a proxy's name", server.Options{TrustedProxies: []string{"::1", "proxy"}}, `trusted proxy "proxy": want an IP address, or a network such as 10.0.0.0/8`},
		{"too long a mask", server.Options{TrustedProxies: []string{"10.0.0.0/33"}}, `trusted proxy "10.0.0.0/33": want an IP address, or a network such as 10.0.0.0/8`},
		{"an address within a network", server.Options{TrustedProxies: []string{"10.0.0.1/8"}}, `trusted proxy "10.0.0.1/8": an address within a network: want 10.0.0.1 or 10.0.0.0/8`},
		{"a zone", server.Options{TrustedProxies: []string{"fe80::1%eth0"}}, `trusted proxy "fe80::1%eth0": want an IP address, or a network such as 10.0.0.0/8`},
		{"an admin host with a port", server.Options{AdminHosts: []string{"a", "b:80"}}, `admin host "b:80": want a name such as tagifai.internal, without a port`},
		{"an empty admin host", server.Options{AdminHosts: []string{""}}, `admin host "": want a name such as tagifai.internal, without a port`},
		{"an origin with a path", server.Options{CORSOrigins: []string{"https://a/"}}, `CORS origin "https://a/": want one such as https://example.org, or * for all`},
		{"an origin of a star and more", server.Options{CORSOrigins: []string{"https://*.a"}}, `CORS origin "https://*.a": want one such as https://example.org, or * for all`},
		{"an empty origin", server.Options{CORSOrigins: []string{""}}, `CORS origin "": want one such as https://example.org, or * for all`},
		{"another scheme", server.Options{CORSOrigins: []string{"ftp://a"}}, `CORS origin "ftp://a": want one such as https://example.org, or * for all`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := test.options.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
