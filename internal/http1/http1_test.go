package http1_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tagifai/internal/certificate/certificatetest"
	"tagifai/internal/http1"
	"tagifai/internal/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A service is a server and what a test learns of it.
type service struct {
	*http1.Server
	t          testing.TB
	listener   net.Listener
	settings   *tls.Config  // nil if it speaks plain HTTP
	client     *tls.Config  // of its clients
	served     chan error   // what Serve returned
	handedOver atomic.Int32 // connections
	active     atomic.Int32 // connections that have sent an ordinary request, or any to net/http
	log        logtest.Log
	once       sync.Once
}

// start serves with h, changed, until the test ends.
func start(t testing.TB, h http.HandlerFunc, changes ...func(*http.Server)) *service {
	t.Helper()
	return startAt(t, listen(t), h, changes...)
}

// listen takes a port.
func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// startTLS serves over TLS, as start does without.
func startTLS(t testing.TB, h http.HandlerFunc, changes ...func(*http.Server)) *service {
	t.Helper()
	return startTLSAt(t, listen(t), h, changes...)
}

func startTLSAt(t testing.TB, l net.Listener, h http.HandlerFunc, changes ...func(*http.Server)) *service {
	t.Helper()
	authority := certificatetest.NewAuthority(t, "authority")
	settings := &tls.Config{
		Certificates: []tls.Certificate{authority.Issue(t, "service").TLS},
		NextProtos:   []string{"h2", "http/1.1"},
	}
	s := startAt(t, tls.NewListener(l, settings), h, append(changes, func(h *http.Server) { h.TLSConfig = settings.Clone() })...)
	s.settings = settings
	s.client = &tls.Config{RootCAs: authority.Pool, ServerName: "localhost", NextProtos: []string{"http/1.1"}}
	return s
}

// A starter is start or startTLS.
type starter func(t testing.TB, h http.HandlerFunc, changes ...func(*http.Server)) *service

// both runs a test over plain HTTP and over TLS.
func both(t *testing.T, test func(t *testing.T, start starter)) {
	t.Run("plain", func(t *testing.T) { test(t, start) })
	t.Run("TLS", func(t *testing.T) { test(t, startTLS) })
}

func startAt(t testing.TB, l net.Listener, h http.HandlerFunc, changes ...func(*http.Server)) *service {
	t.Helper()
	s := &service{t: t, listener: l, served: make(chan error, 1)}
	s.Server = http1.New(&http.Server{Handler: h, ErrorLog: log.New(&s.log, "", 0)})
	s.HTTP.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateHijacked:
			s.handedOver.Add(1)
		case http.StateActive:
			s.active.Add(1)
		}
	}
	for _, change := range changes {
		change(s.HTTP)
	}
	go func() { s.served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.stop(5 * time.Second); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return s
}

// unlisten has Serve end.
func (s *service) unlisten() {
	s.once.Do(func() {
		_ = s.listener.Close()
		if err := <-s.served; !errors.Is(err, net.ErrClosed) {
			s.t.Errorf("Serve: %v", err)
		}
	})
}

func (s *service) stop(within time.Duration) error {
	s.unlisten()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return s.Shutdown(ctx)
}

// A client is a connection, of which a test reads answers.
type client struct {
	net.Conn
	t       testing.TB
	answers *bufio.Reader
}

// CloseWrite tells the service that nothing more comes.
func (c *client) CloseWrite() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// dial opens a connection, which hangs for no longer than some seconds. It is one of TLS if there
// are settings for it.
func dial(t testing.TB, addr net.Addr, settings *tls.Config) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if settings != nil {
		secure := tls.Client(conn, settings)
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
		conn = secure
	}
	return &client{conn, t, bufio.NewReader(conn)}
}

// send opens a connection and sends bytes over it.
func (s *service) send(sent string) *client {
	s.t.Helper()
	c := dial(s.t, s.listener.Addr(), s.client)
	c.send(sent)
	return c
}

func (c *client) send(sent string) {
	c.t.Helper()
	if _, err := io.WriteString(c, sent); err != nil {
		c.t.Fatal(err)
	}
}

// wants reads an answer, and compares the status and the body.
func (c *client) wants(status int, body string) {
	c.t.Helper()
	gotStatus, gotBody, err := c.answer()
	if gotStatus != status || gotBody != body || err != nil {
		c.t.Errorf("got %d %q, %v; want %d %q", gotStatus, gotBody, err, status, body)
	}
}

func (c *client) answer() (status int, body string, err error) {
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b), err
}

// wantsEnd waits for the end of the connection, without another answer.
func (c *client) wantsEnd() {
	c.t.Helper()
	if b, err := io.ReadAll(c.answers); len(b) > 0 || err != nil {
		c.t.Errorf("got %q, %v; want the end", b, err)
	}
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// post returns a request with a body.
func post(body string, fields ...string) string {
	lines := ""
	for _, field := range fields {
		lines += field + "\r\n"
	}
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n%s", lines, len(body), body)
}

// echo answers with the body of the request.
func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

// eventually waits until something is so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not after 5 s", what)
		}
	}
}
