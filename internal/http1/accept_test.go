package http1_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A scripted listener returns what a test tells it to.
type scripted struct {
	net.Listener
	accepts chan func() (net.Conn, error)
	closed  chan struct{}
	once    sync.Once
}

func script(t *testing.T) *scripted {
	t.Helper()
	return &scripted{Listener: listen(t), accepts: make(chan func() (net.Conn, error), 10), closed: make(chan struct{})}
}

func (s *scripted) Accept() (net.Conn, error) {
	select {
	case accept := <-s.accepts:
		return accept()
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *scripted) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Listener.Close()
}

// When files run out for a moment, the server tries again, later each time until it succeeds.
func TestTemporaryErrors(t *testing.T) {
	l := script(t)
	s := startAt(t, l, echo)
	began := time.Now()
	for range 2 {
		for range 3 {
			l.accepts <- func() (net.Conn, error) {
				return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
			}
		}
		l.accepts <- l.Listener.Accept
		s.send(get).wants(http.StatusOK, "")
	}
	if took := time.Since(began); took < 2*(5+10+20)*time.Millisecond {
		t.Errorf("it has paused for %s", took)
	}
	want := "http: Accept error: accept tcp: too many open files; retrying in "
	for _, pause := range []string{"5ms", "10ms", "20ms"} {
		if got := strings.Count(s.log.String(), want+pause+"\n"); got != 2 {
			t.Errorf("logged %d pauses of %s, want 2:\n%s", got, pause, &s.log)
		}
	}
}

// Any other error is the end.
func TestLastError(t *testing.T) {
	l := script(t)
	broken := errors.New("broken")
	s := startAt(t, l, echo)
	l.accepts <- func() (net.Conn, error) { return nil, broken }
	if err := <-s.served; !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	s.served <- net.ErrClosed // for the end of the test
}

// gone is a connection whose client was gone before it was accepted.
type gone struct{ net.Conn }

func (gone) RemoteAddr() net.Addr { return nil }

func TestWithoutPeer(t *testing.T) {
	l := script(t)
	s := startAt(t, l, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.RemoteAddr)) })
	l.accepts <- func() (net.Conn, error) {
		c, err := l.Listener.Accept()
		return gone{c}, err
	}
	s.send(get).wants(http.StatusOK, "")
	l.accepts <- l.Listener.Accept
	c := s.send(get)
	c.wants(http.StatusOK, c.LocalAddr().String())
}
