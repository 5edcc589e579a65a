package main

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tagifai/internal/certificate/certificatetest"
)

// The service shows the certificate of its files, also when they change while it serves; a
// pair that does not belong together changes nothing.
func TestServeTLS(t *testing.T) {
	authority := certificatetest.NewAuthority(t, "authority")
	first, second := authority.Issue(t, "first"), authority.Issue(t, "second")
	cert, key := write(t, "tls.crt", string(first.Cert)), write(t, "tls.key", string(first.Key))
	s := startServe(t, "--tls-cert", cert, "--tls-key", key, "--admin-addr", "127.0.0.1:0")
	check := func(want string) {
		t.Helper()
		for _, addr := range []string{s.addr, s.admin} {
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool, ServerName: "localhost"}, ForceAttemptHTTP2: true}
			response, err := (&http.Client{Transport: transport}).Get("https://" + addr + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			transport.CloseIdleConnections()
			if got := response.TLS.PeerCertificates[0].Subject.CommonName; got != want || response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
				t.Errorf("%s: got %q, %s, %s, want %q", addr, got, response.Status, response.Proto, want)
			}
		}
	}
	replace := func(path string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check("first")
	replace(cert, second.Cert)
	if line := s.logged(t, "certificate not changed: the old one stays"); !strings.Contains(line.Error, "private key does not match public key") {
		t.Errorf("got %q", line.Error)
	}
	check("first")
	replace(key, second.Key)
	s.logged(t, "certificate changed")
	check("second")
	replace(key, nil)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.logged(t, "certificate not changed: the old one stays")
	check("second")
}

// A service without its certificate does not start.
func TestServeTLSRefuses(t *testing.T) {
	pair := certificatetest.NewAuthority(t, "authority").Issue(t, "service")
	cert, key := write(t, "tls.crt", string(pair.Cert)), write(t, "tls.key", string(pair.Key))
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no key", []string{"--tls-cert", cert}, misuse, "is of no use without tls-key"},
		{"no certificate", []string{"--tls-key", key}, misuse, "is of no use without tls-cert"},
		{"clients without a certificate", []string{"--tls-client-ca", cert}, misuse, "is of no use without tls-cert"},
		{"plain without an admin listener", []string{"--tls-cert", cert, "--tls-key", key, "--admin-plain"}, misuse, "is of no use without tls-cert and admin-addr"},
		{"an absent file", []string{"--tls-cert", filepath.Join(t.TempDir(), "absent"), "--tls-key", key}, failure, "tls-cert: open "},
		{"swapped", []string{"--tls-cert", key, "--tls-key", cert}, failure, "tls: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := tagifai(t, "", append([]string{"serve", "--addr", "127.0.0.1:0"}, test.args...)...)
			if got.code != test.code || !strings.Contains(got.stderr, test.want) || strings.Contains(got.stderr, "PRIVATE") {
				t.Errorf("got %d, %s", got.code, got.stderr)
			}
		})
	}
}
