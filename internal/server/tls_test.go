package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/certificate"
	"tagifai/internal/certificate/certificatetest"
	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/server"
)

// A secureService is a service that speaks TLS, with the authority of its certificate.
type secureService struct {
	*service
	authority *certificatetest.Authority
	ca        string // the file of the authority's certificate
	client    certificatetest.Pair
}

// startTLS serves the default model over TLS until the test ends. Clients need a certificate
// if mutual is set.
func startTLS(t *testing.T, mutual bool, settings config.Settings) *secureService {
	t.Helper()
	s := &secureService{authority: certificatetest.NewAuthority(t, "authority")}
	s.client = s.authority.Issue(t, "client")
	pair := s.authority.Issue(t, "service")
	dir := t.TempDir()
	for name, content := range map[string][]byte{"tls.crt": pair.Cert, "tls.key": pair.Key, "ca.crt": s.authority.PEM, "client.pem": append(bytes.Clone(s.client.Cert), s.client.Key...)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.ca = filepath.Join(dir, "ca.crt")
	settings.TLS = config.TLS{TLSCert: filepath.Join(dir, "tls.crt"), TLSKey: filepath.Join(dir, "tls.key")}
	if mutual {
		settings.TLSClientCA = s.ca
	}
	logs, metrics := new(logtest.Log), prometheus.NewRegistry()
	log := zerolog.New(logs)
	source, err := certificate.Load(certificate.Options{Files: settings.TLS, Log: log, Metrics: metrics})
	if err != nil {
		t.Fatal(err)
	}
	s.service = startServing(t, server.Options{Settings: settings, TLS: source.Config(), Versions: newRegistry(t, defaultModel, log, metrics), Metrics: metrics, Log: log}, logs)
	s.url = "https://" + s.Addr()
	return s
}

// config returns the settings of a client, with its certificate or without.
func (s *secureService) config(protocol string, with bool) *tls.Config {
	c := &tls.Config{RootCAs: s.authority.Pool, ServerName: "localhost", NextProtos: []string{protocol}}
	if with {
		c.Certificates = []tls.Certificate{s.client.TLS}
	}
	return c
}

// askOver sends one request over HTTP/1.1 or HTTP/2.
func (s *secureService) askOver(t *testing.T, protocol, addr, method, path string, header http.Header, body string) (answer, string, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.config(protocol, s.client.Cert != nil), ForceAttemptHTTP2: protocol == "h2"}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequest(method, "https://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	response, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		return answer{}, "", err
	}
	return read(t, response), response.Proto, nil
}

// dialTLS opens a connection of HTTP/1.1.
func (s *secureService) dialTLS(t *testing.T) net.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Addr(), s.config("http/1.1", false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Over TLS everything is as it is without, over both versions of HTTP, but for the URL of an
// answer.
func TestTLS(t *testing.T) {
	s := startTLS(t, false, settings(func(c *config.Settings) {
		c.TrustedProxies = networks("127.0.0.1")
		c.MaxBodyBytes, c.MaxHeldBytes = 4<<20, 16<<20
	}))
	tests := []struct {
		name, method, path, body string
		header                   http.Header
		status                   int
		url                      string
	}{
		{"a prediction", "POST", "/predict", oneText, jsonBody, 200, s.url + "/predict"},
		{"no route", "GET", "/nope?a=b", "", nil, 404, s.url + "/nope?a=b"},
		{"a bad body", "POST", "/predict", "[", jsonBody, 422, s.url + "/predict"},
		{"a body that is too large", "POST", "/predict", strings.Repeat(" ", 9<<20), jsonBody, 413, s.url + "/predict"},
		{"a body for no route", "POST", "/nope", strings.Repeat(" ", 9<<20), jsonBody, 404, s.url + "/nope"},
		{"behind a proxy that speaks plain HTTP", "GET", "/args", "", http.Header{"X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"example.org"}}, 200, "http://example.org/args"},
	}
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, test := range tests {
			t.Run(protocol+": "+test.name, func(t *testing.T) {
				got, proto, err := s.askOver(t, protocol, s.Addr(), test.method, test.path, test.header, test.body)
				if err != nil {
					t.Fatal(err)
				}
				if got.status != test.status || proto != map[string]string{"http/1.1": "HTTP/1.1", "h2": "HTTP/2.0"}[protocol] {
					t.Errorf("got %d over %s: %.200s", got.status, proto, got.body)
				}
				if diff := cmp.Diff(decodeEnvelope(t, got.body).URL, test.url); diff != "" {
					t.Error(diff)
				}
				if free := s.Free(); free != 16<<20 {
					t.Errorf("%d bytes of the allowance are left", free)
				}
			})
		}
	}
}

// What comes to a port of TLS without speaking it.
func TestNoTLS(t *testing.T) {
	s := startTLS(t, false, settings(func(c *config.Settings) { c.ReadHeaderTimeout = 200 * time.Millisecond }))
	if got := s.raw(t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1)[0]; got.status != http.StatusBadRequest || !strings.Contains(got.body, "HTTPS") {
		t.Errorf("plain HTTP: got %d: %s", got.status, got.body)
	}
	for name, sent := range map[string]string{"silence": "", "half a hello": "\x16\x03\x01\x02\x00\x01"} {
		begin := time.Now()
		if rest, err := io.ReadAll(s.send(t, sent)); len(rest) > 0 || time.Since(begin) > 5*time.Second {
			t.Errorf("%s: got %q, %v after %s", name, rest, err, time.Since(begin))
		}
	}
	old := s.config("", false)
	old.MaxVersion = tls.VersionTLS11
	if _, err := tls.Dial("tcp", s.Addr(), old); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	got, _, err := s.askOver(t, "h2", s.Addr(), http.MethodGet, "/metrics", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.body, "\ntagifai_failed_tls_handshakes_total 4\n") {
		t.Error("not all that failed were counted")
	}
	if text := s.logs.String(); strings.Count(text, "TLS handshake error") != strings.Count(text, `"level":"debug","from":"net/http"`) {
		t.Errorf("anyone can fill the log: %s", text)
	}
}

// With authorities of clients, nobody without a certificate of theirs is answered, on either
// listener.
func TestMutualTLS(t *testing.T) {
	s := startTLS(t, true, settings(func(c *config.Settings) { c.AdminAddr = "127.0.0.1:0" }))
	stranger := certificatetest.NewAuthority(t, "authority").Issue(t, "client")
	for name, addr := range map[string]string{"public": s.Addr(), "admin": s.AdminAddr()} {
		for _, protocol := range []string{"http/1.1", "h2"} {
			for _, test := range []struct {
				name    string
				pair    certificatetest.Pair
				invited bool
			}{{"a client", s.client, true}, {"no certificate", certificatetest.Pair{}, false}, {"a stranger", stranger, false}} {
				t.Run(name+", "+protocol+": "+test.name, func(t *testing.T) {
					client := *s
					client.client = test.pair
					got, _, err := client.askOver(t, protocol, addr, http.MethodGet, "/livez", nil, "")
					if (err == nil) != test.invited {
						t.Errorf("got %d, %v", got.status, err)
					}
				})
			}
		}
	}
}

// The admin listener speaks TLS too, unless it is told not to.
func TestAdminTLS(t *testing.T) {
	for _, plain := range []bool{false, true} {
		s := startTLS(t, true, settings(func(c *config.Settings) { c.AdminAddr, c.AdminPlain = "127.0.0.1:0", plain }))
		_, _, err := s.askOver(t, "http/1.1", s.AdminAddr(), http.MethodGet, "/readyz", nil, "")
		if (err == nil) == plain {
			t.Errorf("plain %t: over TLS: got %v", plain, err)
		}
		got := rawTo(t, s.AdminAddr(), "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n", 1)[0]
		if (got.status == http.StatusOK) != plain {
			t.Errorf("plain %t: over plain HTTP: got %d", plain, got.status)
		}
	}
}

// The defences against slow clients hold over TLS: who takes nothing of an answer, or stops
// in a body, holds memory for a while and is cut off.
func TestTLSSlowClients(t *testing.T) {
	t.Parallel()
	const held = 1 << 20
	s := startTLS(t, false, settings(func(c *config.Settings) {
		c.MaxHeldBytes, c.MaxBodyBytes = held, 128<<10
		c.SendBuffer = 4 << 10
		c.MinRate, c.MinRateOver = 1000, time.Second
		c.ReadHeaderTimeout = 100 * time.Millisecond
	}))
	tests := []struct{ name, request string }{
		{"an answer", manyTexts(8000)},
		{"a body", "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 120000\r\n\r\n" + strings.Repeat(" ", 100_000)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := io.WriteString(s.dialTLS(t), test.request); err != nil {
				t.Fatal(err)
			}
			s.waitForFree(t, held-64<<10)
			if got, _, err := s.askOver(t, "http/1.1", s.Addr(), http.MethodPost, "/predict", jsonBody, oneText); err != nil || got.status != http.StatusOK {
				t.Errorf("beside it: got %d, %v", got.status, err)
			}
			for end := time.Now().Add(10 * time.Second); s.Free() < held; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the client was not cut off")
				}
			}
		})
	}
}

// A client that takes one answer of HTTP/2 and leaves another holds memory for a while only.
func TestSlowStreams(t *testing.T) {
	t.Parallel()
	const held = 64 << 20
	s := startTLS(t, false, settings(func(c *config.Settings) {
		c.MaxHeldBytes = held
		c.MinRate, c.MinRateOver = 1000, time.Second
	}))
	transport := &http.Transport{TLSClientConfig: s.config("h2", false), ForceAttemptHTTP2: true, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	body := `{"texts":[` + strings.TrimSuffix(strings.Repeat(`{"text":"a"},`, 10_000), ",") + `]}`
	response, err := client.Post(s.url+"/predict?include=probabilities,scores", "application/json", strings.NewReader(strings.ReplaceAll(body, `"a"`, `"`+strings.Repeat("a", 800)+`"`)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.ContentLength < 8<<20 { // the client takes 4 MiB by itself
		t.Fatalf("an answer of %d bytes is too short", response.ContentLength)
	}
	if free := s.Free(); free >= held {
		t.Errorf("nothing is held: %d bytes are left", free)
	}
	for end := time.Now().Add(10 * time.Second); s.Free() < held; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the client was not cut off")
		}
	}
	if n, err := io.Copy(io.Discard, response.Body); err == nil {
		t.Errorf("the client got all %d bytes", n)
	}
	metrics, err := client.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, metrics); !strings.Contains(got.body, "\ntagifai_cut_off_connections_total 1\n") {
		t.Error("it is not counted")
	}
}

// An answer that is early reaches a client that sends all of its request first.
func TestTLSEarlyAnswer(t *testing.T) {
	s := startTLS(t, false, settings(func(c *config.Settings) { c.MaxBodyBytes, c.MaxHeldBytes = 4<<20, 16<<20 }))
	conn := s.dialTLS(t)
	body := strings.Repeat(" ", 9<<20)
	if _, err := fmt.Fprintf(conn, "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // in which a reset would arrive
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, response); got.status != http.StatusRequestEntityTooLarge || !got.closes {
		t.Errorf("got %d, closes %t: %s", got.status, got.closes, got.body)
	}
}

// What the README tells users to ask with curl.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl to ask with")
	}
	s, mutual := startTLS(t, false, settings()), startTLS(t, true, settings())
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, bytes.Repeat([]byte(" "), 9<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	pem := filepath.Join(filepath.Dir(mutual.ca), "client.pem")
	tests := []struct {
		name string
		args []string
		want string // status and version of HTTP
	}{
		{"a probe", []string{"--cacert", s.ca, s.url + "/readyz"}, "200 2"},
		{"a probe over HTTP/1.1", []string{"--http1.1", "--cacert", s.ca, s.url + "/livez"}, "200 1.1"},
		{"a prediction", []string{"--cacert", s.ca, "--json", oneText, s.url + "/predict"}, "200 2"},
		{"too large a body", []string{"--cacert", s.ca, "--data-binary", "@" + large, s.url + "/predict"}, "413 2"},
		{"too large a body over HTTP/1.1", []string{"--http1.1", "-H", "Expect:", "--cacert", s.ca, "--data-binary", "@" + large, s.url + "/predict"}, "413 1.1"},
		{"without the authority", []string{s.url + "/readyz"}, "000 0"},
		{"with a certificate", []string{"--cacert", mutual.ca, "--cert", pem, mutual.url + "/readyz"}, "200 2"},
		{"without a certificate", []string{"--cacert", mutual.ca, mutual.url + "/readyz"}, "000 "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"--silent", "--max-time", "20", "--output", os.DevNull, "--write-out", "%{http_code} %{http_version}"}, test.args...)
			output, _ := exec.Command(curl, args...).Output() // the exit code of a refusal is no concern
			if got := string(output); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
