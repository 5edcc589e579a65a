package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/middleware"
)

// proxy returns settings that trust these addresses and networks.
func proxy(t *testing.T, trusted ...string) config.Proxy {
	t.Helper()
	p := config.Proxy{TrustedProxies: make([]config.Network, len(trusted))}
	for i, text := range trusted {
		if err := p.TrustedProxies[i].UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// remote returns who the client of a request is.
func remote(p config.Proxy, r *http.Request) (client string) {
	h := behind(func(w http.ResponseWriter, _ *http.Request) { client = exchange.Of(w).Remote }, middleware.Forwarded(p))
	h.ServeHTTP(httptest.NewRecorder(), r)
	return client
}

func TestForwardedFor(t *testing.T) {
	const peer = "127.0.0.1:4711"
	tests := []struct {
		name string
		hops []string
		want string
	}{
		{"none", nil, peer},
		{"a client", []string{"192.0.2.1"}, "192.0.2.1"},
		{"a client's invention", []string{"198.51.100.1, 192.0.2.1"}, "192.0.2.1"},
		{"an invention in a header of its own", []string{"198.51.100.1", "192.0.2.1"}, "192.0.2.1"},
		{"proxies behind it", []string{"198.51.100.1,192.0.2.1,10.1.2.3, 127.0.0.1"}, "192.0.2.1"},
		{"proxies only", []string{"10.1.2.3,127.0.0.1"}, "10.1.2.3"},
		{"with its port", []string{"192.0.2.1:4711"}, "192.0.2.1"},
		{"IPv6", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 with its port", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"IPv4 in IPv6", []string{"192.0.2.1, ::ffff:10.1.2.3"}, "192.0.2.1"},
		{"no address", []string{"unknown"}, peer},
		{"no address before a proxy", []string{"evil\" ,10.1.2.3"}, "10.1.2.3"},
		{"empty", []string{",,"}, peer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/here/a", nil)
			r.RemoteAddr, r.Header["X-Forwarded-For"] = peer, test.hops
			if diff := cmp.Diff(remote(proxy(t, "127.0.0.1", "10.0.0.0/8"), r), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whose headers are believed, however its address is written.
func TestForwardedTrusts(t *testing.T) {
	tests := []struct {
		name, peer string
		trusted    []string
		believed   bool
	}{
		{"nobody", "127.0.0.1:1", nil, false},
		{"the peer", "127.0.0.1:1", []string{"127.0.0.1"}, true},
		{"another", "127.0.0.2:1", []string{"127.0.0.1"}, false},
		{"its network", "10.9.8.7:1", []string{"192.0.2.0/24", "10.0.0.0/8"}, true},
		{"IPv4 in IPv6", "[::ffff:10.9.8.7]:1", []string{"10.0.0.0/8"}, true},
		{"an address with a zone", "[fe80::1%eth0]:1", []string{"fe80::/10"}, true},
		{"a peer without an address", "@", []string{"0.0.0.0/0", "::/0"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/here/a", nil)
			r.RemoteAddr = test.peer
			r.Header.Set("X-Forwarded-For", "192.0.2.1")
			want := test.peer
			if test.believed {
				want = "192.0.2.1"
			}
			if diff := cmp.Diff(remote(proxy(t, test.trusted...), r), want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
