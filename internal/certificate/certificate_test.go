package certificate_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"tagifai/internal/certificate"
	"tagifai/internal/certificate/certificatetest"
	"tagifai/internal/config"
	"tagifai/internal/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files writes the files of a service into a directory, without a client's authority if ca
// is nil.
func files(t *testing.T, dir string, pair certificatetest.Pair, ca []byte) config.TLS {
	t.Helper()
	f := config.TLS{TLSCert: filepath.Join(dir, "tls.crt"), TLSKey: filepath.Join(dir, "tls.key")}
	write(t, f.TLSCert, pair.Cert)
	write(t, f.TLSKey, pair.Key)
	if ca != nil {
		f.TLSClientCA = filepath.Join(dir, "ca.crt")
		write(t, f.TLSClientCA, ca)
	}
	return f
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, f config.TLS, log zerolog.Logger) *certificate.Source {
	t.Helper()
	s, err := certificate.Load(certificate.Options{Files: f, Log: log, Metrics: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shake agrees on TLS with a server of these settings and returns the name in its
// certificate, "" if it resumes a session and sees none.
func shake(t *testing.T, server, client *tls.Config) (string, error) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, err = conn.Write([]byte{1}) // shakes hands first
			err = errors.Join(err, conn.Close())
		}
		served <- err
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), client)
	if err != nil {
		<-served
		return "", err
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.Read(make([]byte, 1)) // with TLS 1.3 only here the client learns that it is refused
	<-served
	state := conn.ConnectionState()
	if state.DidResume {
		return "", err
	}
	return state.PeerCertificates[0].Subject.CommonName, err
}

// What the files must not be, and what is said of it.
func TestLoadRefuses(t *testing.T) {
	authority := certificatetest.NewAuthority(t, "authority")
	pair := authority.Issue(t, "service")
	other := authority.Issue(t, "other")
	expired := authority.Issue(t, "expired", func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	})
	early := authority.Issue(t, "early", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })
	tests := []struct {
		name          string
		cert, key, ca []byte
		want          string
	}{
		{"no certificate", []byte("a"), pair.Key, nil, "tls-cert DIR/tls.crt with tls-key DIR/tls.key: tls: failed to find any PEM data in certificate input"},
		{"the key of another", pair.Cert, other.Key, nil, "tls-cert DIR/tls.crt with tls-key DIR/tls.key: tls: private key does not match public key"},
		{"no key", pair.Cert, nil, nil, "tls-cert DIR/tls.crt with tls-key DIR/tls.key: tls: failed to find any PEM data in key input"},
		{"half a certificate", pair.Cert[:len(pair.Cert)/2], pair.Key, nil, "tls-cert DIR/tls.crt with"},
		{"expired", expired.Cert, expired.Key, nil, "tls-cert DIR/tls.crt: it expired at "},
		{"not valid yet", early.Cert, early.Key, nil, "tls-cert DIR/tls.crt: it is valid from "},
		{"no authority", pair.Cert, pair.Key, []byte(" "), "tls-client-ca DIR/ca.crt: it has no certificate in PEM form"},
		{"a key for an authority", pair.Cert, pair.Key, pair.Key, "tls-client-ca DIR/ca.crt: it has no certificate in PEM form"},
		{"a broken authority", pair.Cert, pair.Key, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "tls-client-ca DIR/ca.crt: certificate 1: x509: malformed certificate"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			f := files(t, dir, certificatetest.Pair{Cert: test.cert, Key: test.key}, test.ca)
			_, err := certificate.Load(certificate.Options{Files: f, Metrics: prometheus.NewRegistry()})
			if err == nil || !strings.HasPrefix(err.Error(), strings.ReplaceAll(test.want, "DIR", dir)) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	_, err := certificate.Load(certificate.Options{Files: config.TLS{TLSCert: "absent", TLSKey: "absent"}})
	if err == nil || !strings.HasPrefix(err.Error(), "tls-cert: open absent: ") {
		t.Errorf("without files: got %v", err)
	}
}

// A certificate, and the authorities of the clients, are those of the files after each
// reload that went well, and those of before after one that did not.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	authority, clients, newClients := certificatetest.NewAuthority(t, "authority"), certificatetest.NewAuthority(t, "clients"), certificatetest.NewAuthority(t, "clients")
	f := files(t, dir, authority.Issue(t, "first"), clients.PEM)
	s := load(t, f, zerolog.Nop())
	client := func(issuer *certificatetest.Authority) *tls.Config {
		return &tls.Config{
			RootCAs: authority.Pool, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(0),
			Certificates: []tls.Certificate{issuer.Issue(t, "client").TLS},
		}
	}
	old, young := client(clients), client(newClients)
	second := authority.Issue(t, "second")
	steps := []struct {
		name      string
		change    func()
		changed   bool
		fails     bool
		server    string
		old, anew bool // which client is admitted
	}{
		{"nothing", func() {}, false, false, "first", true, false},
		{"the certificate without its key", func() { write(t, f.TLSCert, second.Cert) }, false, true, "first", true, false},
		{"then the key", func() { write(t, f.TLSKey, second.Key) }, true, false, "second", true, false},
		{"a file of nothing", func() { write(t, f.TLSClientCA, nil) }, false, true, "second", true, false},
		{"another authority", func() { write(t, f.TLSClientCA, newClients.PEM) }, true, false, "second", false, true},
		{"both authorities", func() { write(t, f.TLSClientCA, append(bytes.Clone(clients.PEM), newClients.PEM...)) }, true, false, "second", true, true},
		{"no file", func() {
			if err := os.Remove(f.TLSCert); err != nil {
				t.Fatal(err)
			}
		}, false, true, "second", true, true},
	}
	server := s.Config() // one for all, as in a service, so that sessions could be resumed
	for _, step := range steps {
		step.change()
		changed, err := s.Reload()
		if changed != step.changed || (err != nil) != step.fails {
			t.Errorf("%s: got %t, %v", step.name, changed, err)
		}
		for _, test := range []struct {
			name     string
			client   *tls.Config
			admitted bool
		}{{"the old client", old, step.old}, {"the new client", young, step.anew}} {
			got, err := shake(t, server, test.client)
			if got != "" && got != step.server {
				t.Errorf("%s: %s sees the certificate %q, want %q", step.name, test.name, got, step.server)
			}
			if (err == nil) != test.admitted {
				t.Errorf("%s: %s: got %v, want it admitted: %t", step.name, test.name, err, test.admitted)
			}
		}
		if _, err := shake(t, server, &tls.Config{RootCAs: authority.Pool, ServerName: "localhost"}); err == nil {
			t.Errorf("%s: a client without a certificate is admitted", step.name)
		}
	}
}

// What changes the files is noticed: a write, a link of Kubernetes, a hangup, time. A
// problem is logged once, unless somebody asks.
func TestFollow(t *testing.T) {
	const changed, problem = `"message":"certificate changed"`, `"message":"certificate not changed: the old one stays"`
	authority := certificatetest.NewAuthority(t, "authority")
	dir, other := t.TempDir(), t.TempDir()
	for name, pair := range map[string]certificatetest.Pair{"..1": authority.Issue(t, "first"), "..2": authority.Issue(t, "second")} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		files(t, filepath.Join(dir, name), pair, nil)
	}
	link := func(target string) {
		t.Helper()
		path := filepath.Join(dir, "..data")
		if err := errors.Join(os.Symlink(target, path+".new"), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
	link("..1")
	f := config.TLS{TLSCert: filepath.Join(dir, "tls.crt"), TLSKey: filepath.Join(dir, "tls.key")}
	if err := errors.Join(os.Symlink("..data/tls.crt", f.TLSCert), os.Symlink("..data/tls.key", f.TLSKey)); err != nil {
		t.Fatal(err)
	}
	certificate.Every(t, 20*time.Millisecond)
	logs := new(logtest.Log)
	s := load(t, f, zerolog.New(logs))
	ctx, cancel := context.WithCancel(t.Context())
	hangups, ended := make(chan os.Signal), make(chan struct{})
	go func() {
		defer close(ended)
		s.Follow(ctx, hangups)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	name := func() string {
		t.Helper()
		got, err := shake(t, s.Config(), &tls.Config{RootCAs: authority.Pool, ServerName: "localhost"})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}

	link("..2")
	logs.WaitFor(t, 1, changed)
	if got := name(); got != "second" {
		t.Errorf("after a link was swapped: got %q", got)
	}
	link("..3") // which is not there
	logs.WaitFor(t, 1, problem)
	time.Sleep(100 * time.Millisecond) // some intervals
	if got := strings.Count(logs.String(), problem); got != 1 {
		t.Errorf("the problem was logged %d times", got)
	}
	hangups <- syscall.SIGHUP
	logs.WaitFor(t, 2, problem)
	if got := name(); got != "second" {
		t.Errorf("after a problem: got %q", got)
	}
	// A link into a directory that nobody watches.
	files(t, other, authority.Issue(t, "third"), nil)
	link(other)
	logs.WaitFor(t, 2, changed)
	write(t, filepath.Join(other, "tls.key"), []byte("a secret"))
	logs.WaitFor(t, 3, problem)
	if got := name(); got != "third" {
		t.Errorf("in the end: got %q", got)
	}
	if strings.Contains(logs.String(), "a secret") {
		t.Error("the log has the key")
	}
}
