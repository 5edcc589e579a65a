package sockets_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tagifai/internal/certificate/certificatetest"
	"tagifai/internal/config"
	"tagifai/internal/sockets"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A service is a listener that a test has made.
type service struct {
	*sockets.Listener
	client *tls.Config  // nil if it speaks plain HTTP
	cutOff atomic.Int64 // connections
}

// newService returns a listener for a free port, with changed limits, that is to serve h.
func newService(t testing.TB, h http.HandlerFunc, changes ...func(*config.Limits)) *service {
	t.Helper()
	limits := config.Defaults().Limits
	for _, change := range changes {
		change(&limits)
	}
	s := new(service)
	s.Listener = sockets.NewLimited("127.0.0.1:0", limits, func() { s.cutOff.Add(1) })
	s.HTTP.Handler = h
	return s
}

// secure has the service speak TLS with a certificate that its clients know.
func (s *service) secure(t testing.TB) *service {
	t.Helper()
	authority := certificatetest.NewAuthority(t, "authority")
	s.HTTP.TLSConfig = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, "service").TLS}}
	s.HTTP.HTTP2 = sockets.HTTP2(config.Defaults().Limits)
	s.client = &tls.Config{RootCAs: authority.Pool, ServerName: "localhost"}
	return s
}

// listen takes a port.
func (s *service) listen(t testing.TB) *service {
	t.Helper()
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	return s
}

// start serves until the test ends.
func (s *service) start(t testing.TB) *service {
	t.Helper()
	s.listen(t)
	go s.Serve()
	t.Cleanup(func() { s.stop(t) })
	return s
}

func (s *service) stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// dial opens a connection, over which TLS is not agreed on yet.
func (s *service) dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if s.client != nil {
		return tls.Client(conn, s.client)
	}
	return conn
}

// send sends bytes as they are over a connection of their own.
func (s *service) send(t *testing.T, request string) net.Conn {
	t.Helper()
	conn := s.dial(t)
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn
}

// A sluggish connection is one to a client that takes some time for whatever it sends.
type sluggish struct{ net.Conn }

func (s sluggish) Write(p []byte) (int, error) {
	time.Sleep(30 * time.Millisecond)
	return s.Conn.Write(p)
}

// speakHTTP2 returns a client that speaks HTTP/2 over connections that dial returns, one if
// that is nil.
func (s *service) speakHTTP2(t *testing.T, dial func() (net.Conn, error)) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.client.Clone(), ForceAttemptHTTP2: true}
	if dial != nil {
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return dial() }
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// both runs a test over plain HTTP and over TLS.
func both(t *testing.T, test func(t *testing.T, prepare func(*service) *service)) {
	t.Run("plain", func(t *testing.T) { test(t, func(s *service) *service { return s }) })
	t.Run("TLS", func(t *testing.T) { test(t, func(s *service) *service { return s.secure(t) }) })
}

// status reads an answer and returns its status.
func status(conn net.Conn) (int, error) {
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func answerNothing(http.ResponseWriter, *http.Request) {}

// answerMuch answers with much more than the kernel keeps.
func answerMuch(w http.ResponseWriter, _ *http.Request) {
	piece := make([]byte, 64<<10)
	for range 1024 {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// Whoever has connected before the listener stops gets an answer, though it takes a moment
// to send the request.
func TestStopServesBacklog(t *testing.T) {
	one := func(_ *service, conn net.Conn) (int, error) {
		conn = sluggish{conn}
		if _, err := io.WriteString(conn, request); err != nil {
			return 0, err
		}
		return status(conn)
	}
	tests := []struct {
		name   string
		secure bool
		ask    func(*service, net.Conn) (int, error)
	}{
		{"plain", false, one},
		{"TLS", true, one},
		{"HTTP/2", true, func(s *service, conn net.Conn) (int, error) {
			client := s.speakHTTP2(t, func() (net.Conn, error) { return sluggish{conn.(*tls.Conn).NetConn()}, nil })
			defer client.CloseIdleConnections()
			response, err := client.Get("https://localhost/")
			if err != nil {
				return 0, err
			}
			if response.ProtoMajor != 2 {
				t.Errorf("it speaks %s", response.Proto)
			}
			return response.StatusCode, response.Body.Close()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t, answerNothing)
			if test.secure {
				s.secure(t)
			}
			s.listen(t)
			const clients = 30
			errs := make(chan error, clients)
			for range clients {
				conn := s.dial(t) // nobody accepts it yet
				go func() {
					got, err := test.ask(s, conn)
					if err == nil && got != http.StatusOK {
						err = fmt.Errorf("got %d", got)
					}
					errs <- err
				}()
			}
			go s.Serve()
			s.stop(t)
			lost := 0
			var last error
			for range clients {
				if err := <-errs; err != nil {
					lost++
					last = err
				}
			}
			if lost > 0 {
				t.Errorf("%d of %d clients got no answer: %v", lost, clients, last)
			}
			if conn, err := net.Dial("tcp", s.Addr()); err == nil {
				_ = conn.Close()
				t.Error("it still listens")
			}
		})
	}
}

// A listener of which all connections are taken stops nevertheless, and serves those that
// still wait.
func TestStopWithoutPlaces(t *testing.T) {
	both(t, func(t *testing.T, prepare func(*service) *service) {
		s := prepare(newService(t, answerNothing, func(c *config.Limits) { c.MaxConnections = 1 })).listen(t)
		go s.Serve()
		open := s.send(t, "GET / HT")
		waiting := s.dial(t)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			s.stop(t)
		}()
		if _, err := io.WriteString(waiting, request); err != nil {
			t.Fatal(err)
		}
		if got, err := status(waiting); got != http.StatusOK {
			t.Errorf("got %d, %v", got, err)
		}
		_ = open.Close()
		<-stopped
	})
}

// No more than so many connections are open at once; one that waits is served when another
// ends.
func TestMaxConnections(t *testing.T) {
	s := newService(t, answerNothing, func(c *config.Limits) { c.MaxConnections = 4 }).start(t)
	var open []net.Conn
	for i := range 4 {
		conn := s.send(t, request)
		if got, err := status(conn); got != http.StatusOK {
			t.Fatalf("got %d, %v", got, err)
		}
		open = append(open, conn)
		// The listener takes the place of the next connection before that comes.
		for end := time.Now().Add(10 * time.Second); s.Scarce() != (i >= 2); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("with %d open: scarce is %t", i+1, s.Scarce())
			}
		}
	}
	waiting := s.send(t, request)
	if err := waiting.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := waiting.Read(make([]byte, 1)); err == nil {
		t.Fatal("served beyond the limit")
	}
	if err := waiting.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_ = open[0].Close()
	if got, err := status(waiting); got != http.StatusOK {
		t.Errorf("after another has ended: got %d, %v", got, err)
	}
}

// A client that takes nothing of an answer is cut off in time, and so is one that sends
// requests on and on and reads no answers.
func TestSlowReaders(t *testing.T) {
	tests := []struct {
		name, requests string
		secure         bool
	}{
		{"one large answer", request, false},
		{"many", strings.Repeat(request, 1000), false},
		{"one large answer over TLS", request, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ended := make(chan time.Time, 1)
			s := newService(t, func(w http.ResponseWriter, r *http.Request) {
				answerMuch(w, r)
				select {
				case ended <- time.Now():
				default:
				}
			}, func(c *config.Limits) {
				c.SendBuffer = 4 << 10
				c.MinRate = 10_000
				c.MinRateOver = 500 * time.Millisecond
			})
			if test.secure {
				s.secure(t)
			}
			s.start(t)
			begin := time.Now()
			s.send(t, test.requests)
			if took := (<-ended).Sub(begin); took < 400*time.Millisecond || took > 5*time.Second {
				t.Errorf("cut off after %s", took)
			}
			if got := s.cutOff.Load(); got != 1 {
				t.Errorf("counted %d connections, want 1", got)
			}
		})
	}
}

// The kernel's memory for connections whose clients take nothing is bounded: who comes when
// there is no more is cut off after a second.
func TestStalledReaders(t *testing.T) {
	ended := make(chan struct{}, 4)
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		answerMuch(w, r)
		ended <- struct{}{}
	}, func(c *config.Limits) {
		c.SendBuffer, c.ReceiveBuffer = 4<<10, 4<<10
		c.MaxHeldBytes = 80 << 10 // of two connections
		c.MinRateOver = 5 * time.Second
	}).start(t)
	for range 4 {
		s.send(t, request)
	}
	time.Sleep(2500 * time.Millisecond)
	if got := len(ended); got != 2 {
		t.Errorf("%d of 4 connections were cut off, want 2", got)
	}
}

func TestTakenAddress(t *testing.T) {
	s := newService(t, answerNothing).listen(t)
	defer s.Close()
	second := sockets.New(s.Addr())
	if err := second.Listen(); err == nil || !strings.Contains(err.Error(), s.Addr()) {
		t.Errorf("got %v", err)
	}
	if got := second.Addr(); got != "" {
		t.Errorf("got the address %s", got)
	}
	second.Close() // which does nothing
}
