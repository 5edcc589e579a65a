package http1_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Timeouts of the tests, which are far enough apart to tell which has been kept.
const (
	short = 150 * time.Millisecond
	long  = time.Minute
)

// A client that stops is not waited for beyond the timeout of what it stops at.
func TestTimeouts(t *testing.T) { both(t, testTimeouts) }

func testTimeouts(t *testing.T, start starter) {
	t.Parallel()
	head := func(h *http.Server) { h.ReadHeaderTimeout, h.ReadTimeout, h.IdleTimeout = short, long, long }
	idle := func(h *http.Server) { h.ReadHeaderTimeout, h.ReadTimeout, h.IdleTimeout = long, long, short }
	body := func(h *http.Server) { h.ReadHeaderTimeout, h.ReadTimeout, h.IdleTimeout = long, short, long }
	only := func(h *http.Server) { h.ReadTimeout = short }
	tests := []struct {
		name    string
		set     func(*http.Server)
		before  string // with an answer
		then    string
		answers bool
	}{
		{"nothing comes", head, "", "", false},
		{"half a line", head, "", "GET / HT", false},
		{"half a head", head, "", "GET / HTTP/1.1\r\nHost: a\r\nX", false},
		{"half a head later", head, get, "GET / HTTP/1.1\r\nHost: a\r\nX", false},
		{"half a head at once", head, get + "GET / HTTP/1.1\r\n", "", false},
		{"half a head for net/http", head, "", "HEAD / HTTP/1.1\r\n", false},
		{"nothing more comes", idle, get, "", false},
		{"nothing more comes behind a body", idle, post("abc"), "", false},
		{"half a body", body, "", post("abcdef")[:len(post("abcdef"))-3], true},
		{"half a body later", body, get, post("abcdef")[:len(post("abcdef"))-3], true},
		{"nothing comes, with one timeout", only, "", "", false},
		{"half a head, with one timeout", only, "", "GET / HT", false},
		{"half a head later, with one timeout", only, get, "GET / HT", false},
		{"nothing more comes, with one timeout", only, get, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					if !errors.Is(err, os.ErrDeadlineExceeded) || r.Context().Err() == nil {
						t.Errorf("reading ended with %v, its context with %v", err, r.Context().Err())
					}
					if n, again := r.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(again, err) {
						t.Errorf("reading again: got %d, %v", n, again)
					}
					w.WriteHeader(http.StatusRequestTimeout)
				}
				_, _ = w.Write(body)
			}, test.set)
			c := s.send(test.before)
			if test.before != "" {
				_, body, _ := strings.Cut(test.before, "\r\n\r\n")
				if strings.HasPrefix(body, "GET") {
					body = ""
				}
				c.wants(http.StatusOK, body)
			}
			began := time.Now()
			c.send(test.then)
			if test.answers {
				c.wants(http.StatusRequestTimeout, "abc")
			} else {
				c.wantsEnd()
			}
			if took := time.Since(began); took < short*8/10 || took > 20*short {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// A client that sends on, but slowly, has no more time for a head than one that stops.
func TestSlowHead(t *testing.T) {
	t.Parallel()
	s := start(t, echo, func(h *http.Server) { h.ReadHeaderTimeout = short })
	for _, before := range []string{"", get} {
		c := s.send(before)
		if before != "" {
			c.wants(http.StatusOK, "")
		}
		began := time.Now()
		ended := make(chan time.Duration, 1)
		go func() {
			_, _ = io.Copy(io.Discard, c)
			ended <- time.Since(began)
		}()
		for _, b := range "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 100) {
			if _, err := io.WriteString(c, string(b)); err != nil {
				break
			}
			time.Sleep(short / 20)
		}
		if took := <-ended; took < short*8/10 || took > 3*short {
			t.Errorf("behind %q: it took %s", before, took)
		}
	}
}

// Who comes in time is answered, however long the requests take together, and so is who waits
// for longer than the head of a request may take.
func TestInTime(t *testing.T) {
	t.Parallel()
	s := start(t, echo, func(h *http.Server) { h.ReadHeaderTimeout, h.ReadTimeout, h.IdleTimeout = short, long, 2*short })
	c := s.send("")
	for range 2 {
		sent := post("abcdef")
		c.send(sent[:5])
		time.Sleep(short / 2)
		c.send(sent[5 : len(sent)-3])
		time.Sleep(short * 3 / 2) // for a body there is more time
		c.send(sent[len(sent)-3:])
		c.wants(http.StatusOK, "abcdef")
		time.Sleep(short * 3 / 2)
	}
}

// A handler that takes longer than all timeouts is not disturbed, nor is the next request.
func TestSlowHandler(t *testing.T) {
	t.Parallel()
	const least = 30 * time.Millisecond
	s := start(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
			t.Error("its context is over")
		case <-time.After(3 * least):
		}
	}, func(h *http.Server) { h.ReadHeaderTimeout, h.ReadTimeout, h.IdleTimeout = least, least, least })
	c := s.send("")
	for range 3 {
		c.send(get)
		c.wants(http.StatusOK, "")
	}
}

// A handler can set the deadlines of its request, and they are not those of the next.
func TestDeadlines(t *testing.T) { both(t, testDeadlines) }

func testDeadlines(t *testing.T, start starter) {
	t.Parallel()
	late := make(chan error, 1)
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		deadline := time.Now().Add(short)
		switch r.Header.Get("Late") {
		case "both":
			if err := errors.Join(control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline)); err != nil {
				t.Error(err)
			}
		case "read":
			_ = control.SetReadDeadline(deadline)
			_, err := io.ReadAll(r.Body)
			late <- err
			return
		case "write":
			_ = control.SetWriteDeadline(deadline)
			for range 1000 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					late <- err
					return
				}
			}
			late <- nil
		}
		echo(w, r)
	})
	c := s.send("")
	for range 2 {
		c.send(post("abc", "Late: both"))
		c.wants(http.StatusOK, "abc")
		time.Sleep(2 * short)
		c.send(post("def"))
		c.wants(http.StatusOK, "def")
	}
	sent := post("abc", "Late: read")
	for what, sent := range map[string]string{"read": sent[:len(sent)-1], "write": post("abc", "Late: write")} {
		s.send(sent)
		if err := <-late; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// An answer has the time of the server for all of it.
func TestWriteTimeout(t *testing.T) { both(t, testWriteTimeout) }

func testWriteTimeout(t *testing.T, start starter) {
	t.Parallel()
	ended := make(chan error, 1)
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		for range 1000 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}, func(h *http.Server) { h.WriteTimeout = short })
	s.send(get)
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
