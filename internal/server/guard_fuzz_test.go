package server_test

import (
	"bufio"
	"flag"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tagifai/internal/auth"
)

var requests = flag.Int("requests", 10_000, "how many requests TestRouter makes up")

// A sent is what a client sends, and may make up.
type sent struct{ method, target, header, body string }

// A prober sends the same with several credentials to both listeners.
type prober struct {
	keys      map[string]http.Header
	listeners map[string]http.Handler
	seeds     []sent
}

func newProber(tb testing.TB) *prober {
	tb.Helper()
	s := newGuardedShop(tb, nil)
	p := &prober{
		keys: map[string]http.Header{
			"none":    nil,
			"reader":  {"X-Api-Key": {s.key(tb, "reader", auth.Read, nil, time.Time{})}},
			"limited": {"X-Api-Key": {s.key(tb, "limited", everyAction, []string{"other"}, time.Time{})}},
			"full":    {"X-Api-Key": {s.key(tb, "full", everyAction, nil, time.Time{})}},
		},
		listeners: map[string]http.Handler{"public": s.server.Handler(), "admin": s.server.AdminHandler()},
		seeds: []sent{
			{"GET", "/models/other/../tagger", "Authorization: Bearer a.b.c", ""},
			{"POST", "/predict?include=probabilities", "Authorization: Basic YTpi\r\nX-API-Key:", oneCNN},
			{"OPTIONS", "*", "Origin: https://example.org\r\nAccess-Control-Request-Method: POST", ""},
			{"GET", "http://example.org/%2e%2e//args/", "X-HTTP-Method-Override: POST\r\nX-Original-URL: /livez", ""},
			{"GET", "/%61rgs/%2F%00", "X-Forwarded-Prefix: /a\r\nX-Forwarded-User: admin", ""},
		},
	}
	s.reread()
	for _, h := range p.listeners {
		walk(tb, h, func(method, pattern string) {
			if strings.HasSuffix(pattern, ".js") || strings.HasSuffix(pattern, ".css") {
				return // megabytes
			}
			path, body := target(method, pattern)
			p.seeds = append(p.seeds, sent{method, path, "Accept: */*", body})
		})
	}
	return p
}

// send returns how many requests it has made of s. Whatever that is, there is no panic and
// no failure, and without a credential that counts nothing is answered that needs one.
func (p *prober) send(t *testing.T, s sent) (n int) {
	t.Helper()
	open := append([]string{"/", "", "/livez", "/readyz", "/ping", "/health", "/v2/health/live", "/v2/health/ready"}, undocumented...) // an opaque URL has no path, which is the root
	for listener, h := range p.listeners {
		for name, key := range p.keys {
			if listener == "admin" && (name == "full" || name == "limited") {
				continue // what they may do there is work for the disk
			}
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(s.method + " " + s.target + " HTTP/1.1\r\nHost: localhost\r\n" + s.header + "\r\n\r\n")))
			if err != nil {
				return n // net/http does not ask us
			}
			if strings.HasPrefix(r.URL.Path, "/debug/pprof/") && key != nil {
				continue // a profile may take as long as it is asked to
			}
			r.Body, r.ContentLength, r.RemoteAddr = http.NoBody, 0, "192.0.2.1:1234"
			if s.body != "" {
				r.Body, r.ContentLength = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(s.body)).Body, int64(len(s.body))
			}
			if key != nil {
				r.Header["X-Api-Key"] = key["X-Api-Key"]
				delete(r.Header, "Authorization")
			}
			path := r.URL.Path
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			n++
			if w.Code >= http.StatusInternalServerError {
				t.Errorf("%s listener, %s: %d to %s %q: %s", listener, name, w.Code, s.method, s.target, w.Body)
			}
			refused := []int{http.StatusUnauthorized, http.StatusTemporaryRedirect, http.StatusMisdirectedRequest}
			if listener == "admin" {
				refused = append(refused, http.StatusForbidden) // a page of another site
			}
			if key == nil && !slices.Contains(refused, w.Code) && !slices.Contains(open, path) {
				t.Errorf("%s listener: %d to %s %q without a credential: %.200s", listener, w.Code, s.method, s.target, w.Body)
			}
			if name == "reader" && w.Code == http.StatusOK && s.method != http.MethodGet && s.method != http.MethodHead && path != "/v2/repository/index" {
				t.Errorf("%s listener: 200 to %s %q with a key that may only read", listener, s.method, s.target)
			}
			if name == "limited" && w.Code == http.StatusOK && strings.Contains(w.Body.String(), `"tagger"`) && !slices.Contains(open, path) {
				t.Errorf("%s listener: %s %q tells of a model that the key is not for: %s", listener, s.method, s.target, w.Body)
			}
		}
	}
	return n
}

func FuzzRouter(f *testing.F) {
	p := newProber(f)
	for _, s := range p.seeds {
		f.Add(s.method, s.target, s.header, s.body)
	}
	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		p.send(t, sent{method, target, header, body})
	})
}

// TestRouter does without the engine what FuzzRouter does, and so makes more requests.
func TestRouter(t *testing.T) {
	p := newProber(t)
	random := rand.New(rand.NewPCG(1, 2))
	pick := func() sent { return p.seeds[random.IntN(len(p.seeds))] }
	alphabet := []string{"/", "//", "..", ".", "%2e", "%2F", "%00", "?", "#", ";", "a", "tagger", "other", "stable", "1", "models", "predict", "args", "docs", "livez", "metrics", ":", "@", "\t", "é"}
	n := 0
	for n < *requests {
		s := sent{pick().method, pick().target, pick().header, pick().body}
		for range random.IntN(3) {
			at := random.IntN(len(s.target) + 1)
			to := min(len(s.target), at+random.IntN(4))
			s.target = s.target[:at] + alphabet[random.IntN(len(alphabet))] + s.target[to:]
		}
		n += p.send(t, s)
	}
	t.Logf("%d requests", n)
}
