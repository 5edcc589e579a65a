package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tagifai/internal/certificate/certificatetest"
)

// A healthcheck asks the service at the address of the settings that it has in common
// with it.
func TestHealthcheck(t *testing.T) {
	dir := t.TempDir()
	pair := certificatetest.NewAuthority(t, "authority").Issue(t, "tagger.example")
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, data := range map[string][]byte{cert: pair.Cert, key: pair.Key} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plain := startServe(t).addr
	_, plainPort, _ := net.SplitHostPort(plain)
	secure := startServe(t, "--tls-cert", cert, "--tls-key", key).addr
	mutual := startServe(t, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", cert, "--admin-addr", "127.0.0.1:0", "--admin-plain")
	draining := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "The service is about to stop", http.StatusServiceUnavailable)
	}))
	defer draining.Close()
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, []byte("addr: "+plain+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tls := map[string]string{"TAGIFAI_TLS_CERT": cert, "TAGIFAI_TLS_KEY": key}

	for _, c := range []struct {
		name    string
		environ map[string]string
		args    []string
		code    int
		want    string // in what is printed
	}{
		{"flag", nil, []string{"--addr", plain}, success, "http://" + plain + "/readyz is ready"},
		{"environment", map[string]string{"TAGIFAI_ADDR": plain}, nil, success, "is ready"},
		{"port of a platform", map[string]string{"PORT": plainPort}, nil, success, "is ready"},
		{"every address", map[string]string{"TAGIFAI_ADDR": "[::]:" + plainPort}, nil, success, "is ready"},
		{"file", nil, []string{"--config", config}, success, "is ready"},
		{"HTTPS", tls, []string{"--addr", secure}, success, "https://" + secure + "/readyz is ready"},
		{"mutual TLS", map[string]string{
			"TAGIFAI_TLS_CERT": cert, "TAGIFAI_TLS_KEY": key, "TAGIFAI_TLS_CLIENT_CA": cert, "TAGIFAI_ADMIN_ADDR": mutual.admin, "TAGIFAI_ADMIN_PLAIN": "true",
		}, []string{"--addr", mutual.addr}, success, "http://" + mutual.admin + "/readyz is ready"},
		{"mutual TLS alone", map[string]string{"TAGIFAI_TLS_CERT": cert, "TAGIFAI_TLS_KEY": key, "TAGIFAI_TLS_CLIENT_CA": cert}, nil, failure, "set admin-addr and admin-plain"},
		{"nobody listens", nil, []string{"--addr", "127.0.0.1:1"}, failure, "refused"},
		{"about to stop", nil, []string{"--addr", draining.Listener.Addr().String()}, failure, "503 Service Unavailable: The service is about to stop"},
		{"no address", nil, []string{"--addr", "here"}, misuse, "is not an address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, value := range c.environ {
				t.Setenv(name, value)
			}
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), append([]string{"healthcheck"}, c.args...), strings.NewReader(""), &stdout, &stderr)
			if got := stdout.String() + stderr.String(); code != c.code || !strings.Contains(got, c.want) || strings.Count(got, "\n") != 1 {
				t.Errorf("exit code %d and %q, want %d and a line with %q", code, got, c.code, c.want)
			}
		})
	}
}
