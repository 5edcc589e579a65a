package http1_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tagifai/internal/logtest"
)

// speakHTTP2 lets a service speak HTTP/2 as well, with TLS and without.
func speakHTTP2(h *http.Server) {
	h.Protocols = new(http.Protocols)
	h.Protocols.SetHTTP1(true)
	h.Protocols.SetHTTP2(true)
	h.Protocols.SetUnencryptedHTTP2(true)
}

// http2 returns a client that speaks HTTP/2, and the address of the service.
func (s *service) http2() (client *http.Client, url string) {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	if s.client == nil {
		transport.Protocols.SetUnencryptedHTTP2(true)
		url = "http://"
	} else {
		transport.TLSClientConfig = s.client.Clone()
		transport.TLSClientConfig.NextProtos = nil
		transport.Protocols.SetHTTP2(true)
		url = "https://"
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}, url + s.listener.Addr().String()
}

// A handler learns of TLS whoever serves it.
func TestState(t *testing.T) { both(t, testState) }

func testState(t *testing.T, start starter) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			fmt.Fprint(w, r.Proto, " alone")
			return
		}
		fmt.Fprintln(w, r.Proto, r.TLS.HandshakeComplete, r.TLS.NegotiatedProtocol, r.TLS.ServerName, tls.VersionName(r.TLS.Version))
	}, speakHTTP2)
	over := func(http, negotiated string) string {
		if s.client == nil {
			return http + " alone"
		}
		return http + " true " + negotiated + " localhost TLS 1.3\n"
	}
	c := s.send("")
	for _, request := range []string{get, get, strings.Replace(get, "GET", "PUT", 1), get} {
		c.send(request)
		c.wants(http.StatusOK, over("HTTP/1.1", "http/1.1"))
	}
	if s.client != nil {
		s.client.NextProtos = nil
		s.send(get).wants(http.StatusOK, over("HTTP/1.1", ""))
	}
	client, url := s.http2()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != over("HTTP/2.0", "h2") || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
}

// A handshake that fails, or is not ended in time, ends as with net/http, for the client and in the
// log.
func TestHandshakes(t *testing.T) {
	var twinLog logtest.Log
	s := startTLS(t, echo, func(h *http.Server) { h.ReadHeaderTimeout = short })
	twin := s.naive(t, &twinLog)
	for i, test := range []struct{ name, sent, logged string }{
		{"plain HTTP", get, "client sent an HTTP request to an HTTPS server"},
		{"nothing", "", "i/o timeout"},
		{"half a hello", "\x16\x03\x01\x02\x00\x01", "i/o timeout"},
		{"something else", "220 mail.example ESMTP\r\n", "first record does not look like a TLS handshake"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var seen [2]string
			for side, addr := range []net.Addr{s.listener.Addr(), twin} {
				began := time.Now()
				c := dial(t, addr, nil)
				c.send(test.sent)
				answer, err := io.ReadAll(c)
				if took := time.Since(began); took > 20*short {
					t.Errorf("it took %s", took)
				}
				log := []*logtest.Log{&s.log, &twinLog}[side]
				log.WaitFor(t, i+1, "http: TLS handshake error")
				lines := strings.Split(strings.TrimSpace(log.String()), "\n")
				line := lines[len(lines)-1]
				if !strings.Contains(line, test.logged) {
					t.Errorf("logged %q", line)
				}
				_, reason, _ := strings.Cut(line, c.LocalAddr().String()+": ")
				reason, _, _ = strings.Cut(reason, addr.String()) // of what was read from whom
				seen[side] = fmt.Sprintf("%q, %v, %s", answer, err, reason)
			}
			if seen[0] != seen[1] {
				t.Errorf("got %s, want %s", seen[0], seen[1])
			}
		})
	}
}

// A client that renews its keys, and has the service renew its own, is served on, whether it waits
// for an answer or is to send a request, and however long after the last.
func TestKeyUpdates(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl, and package tls does not renew keys by itself")
	}
	waits := make(chan struct{})
	s := startTLS(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			waits <- struct{}{}
			select {
			case <-r.Context().Done():
				t.Error("the context is over")
			case <-waits:
			}
		}
		echo(w, r)
	}, func(h *http.Server) { h.WriteTimeout = short })
	var seen logtest.Log
	client := exec.Command("openssl", "s_client", "-tls1_3", "-connect", s.listener.Addr().String())
	client.Stdout, client.Stderr = &seen, &seen
	sent, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = sent.Close()
		_ = client.Wait() // which tells that the certificate is unknown
	}()
	send := func(text string) {
		if _, err := io.WriteString(sent, text); err != nil {
			t.Error(err)
		}
	}
	const renew = "K\n"
	for i, request := range []string{get, get, strings.Replace(get, "/", "/wait", 1), get} {
		send(request)
		if strings.Contains(request, "/wait") {
			<-waits
			send(renew)
			seen.WaitFor(t, 3, "KEYUPDATE")
			time.Sleep(short / 3)
			waits <- struct{}{}
		}
		seen.WaitFor(t, i+1, "HTTP/1.1 200 OK")
		if i < 2 {
			time.Sleep(2 * short)
			send(renew)
			seen.WaitFor(t, i+1, "KEYUPDATE")
		}
	}
}

// A stuckListener is one whose clients take nothing once it is stuck.
type stuckListener struct {
	net.Listener
	stuck atomic.Bool
	freed chan struct{}
}

func (l *stuckListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return stuckConn{c, l}, err
}

type stuckConn struct {
	net.Conn
	of *stuckListener
}

func (c stuckConn) Write(p []byte) (int, error) {
	if c.of.stuck.Load() {
		<-c.of.freed
	}
	return c.Conn.Write(p)
}

// A client that has no room for the news that its connection is closed does not hold up the end.
func TestStuck(t *testing.T) {
	for name, end := range map[string]func(*service) error{
		"Shutdown": func(s *service) error { return s.stop(short) },
		"Close":    func(s *service) error { return s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			l := &stuckListener{Listener: listen(t), freed: make(chan struct{})}
			s := startTLSAt(t, l, echo)
			s.send(get).wants(http.StatusOK, "")
			l.stuck.Store(true)
			ended := make(chan error, 1)
			go func() { ended <- end(s) }()
			select {
			case err := <-ended:
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			case <-time.After(5 * time.Second):
				t.Error("it does not return")
			}
			close(l.freed)
		})
	}
}
