package http1_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tagifai/internal/logtest"
)

// A server that stops closes what waits, answers what has begun to come, and then returns.
func TestShutdown(t *testing.T) { both(t, testShutdown) }

func testShutdown(t *testing.T, start starter) {
	begun, goOn := make(chan struct{}, 3), make(chan struct{})
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			begun <- struct{}{}
			<-goOn
		}
		echo(w, r)
	})
	const waiting = "POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
	fresh, idle, handedOver := s.send(""), s.send(get), s.send("PUT / HTTP/1.1\r\nHost: a\r\n\r\n")
	idle.wants(http.StatusOK, "")
	handedOver.wants(http.StatusOK, "")
	halfForeign := s.send("HEAD")
	halfHead, halfBody := s.send("POST /"), s.send(post("abcdef")[:len(post("abcdef"))-3])
	active, pipelined := s.send(waiting), s.send(waiting+get)
	foreign := s.send(strings.Replace(waiting, "POST", "PUT", 1))
	for range 3 {
		<-begun
	}
	eventually(t, "the body is read", func() bool { return s.active.Load() >= 6 })

	s.unlisten()
	ctx, cancel := context.WithTimeout(context.Background(), short)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || err.Error() != ctx.Err().Error() {
		t.Errorf("with requests in flight: got %v", err)
	}
	fresh.wantsEnd()
	idle.wantsEnd()
	handedOver.wantsEnd()

	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	halfForeign.send(" / HTTP/1.1\r\n") // which net/http does not serve any more
	_, _ = io.Copy(io.Discard, halfForeign)
	halfHead.send(" HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
	halfHead.wantsLast("x")
	halfBody.send("def")
	halfBody.wantsLast("abcdef")
	select {
	case err := <-stopped:
		t.Errorf("it has not waited: %v", err)
	default:
	}
	close(goOn)
	for _, c := range []*client{active, pipelined, foreign} {
		c.wantsLast("abc")
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// wantsLast reads an answer that says that it is the last, and the end of the connection.
func (c *client) wantsLast(body string) {
	c.t.Helper()
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	if b, err := io.ReadAll(answer.Body); !answer.Close || string(b) != body || err != nil {
		c.t.Errorf("got %q, the last: %t, %v", b, answer.Close, err)
	}
	_, _ = io.Copy(io.Discard, c.answers) // or a reset, where a request was dropped
}

// Whatever handlers have answered while a server stops, the clients get.
func TestShutdownAtOnce(t *testing.T) { both(t, testShutdownAtOnce) }

func testShutdownAtOnce(t *testing.T, start starter) {
	for range 20 {
		var handled, answered atomic.Int32
		s := start(t, func(w http.ResponseWriter, r *http.Request) {
			handled.Add(1)
			echo(w, r)
		})
		var clients sync.WaitGroup
		for range 10 {
			c := s.send("")
			clients.Go(func() {
				for {
					_, _ = io.WriteString(c, post("abc")) // the connection may end at any time
					if _, body, err := c.answer(); body != "abc" || err != nil {
						return
					}
					answered.Add(1)
				}
			})
		}
		eventually(t, "all clients have asked", func() bool { return s.active.Load() == 10 })
		if err := s.stop(5 * time.Second); err != nil {
			t.Error(err)
		}
		clients.Wait()
		if handled.Load() != answered.Load() {
			t.Errorf("handled %d requests, answered %d", handled.Load(), answered.Load())
		}
	}
}

// Close ends all connections, and the contexts of those that are watched.
func TestClose(t *testing.T) { both(t, testClose) }

func testClose(t *testing.T, start starter) {
	begun, over := make(chan struct{}, 2), make(chan error, 2)
	s := start(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		over <- wait(r.Context())
	})
	idle, active, handedOver := s.send(""), s.send(get), s.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
	for range 2 {
		<-begun
	}
	s.unlisten()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	for _, c := range []*client{idle, active, handedOver} {
		c.wantsEnd()
	}
}

// A handler that panics ends its connection, and nothing else. The log says so, unless it is
// meant.
func TestPanics(t *testing.T) { both(t, testPanics) }

func testPanics(t *testing.T, start starter) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/error":
			panic(errors.New("the error"))
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/watched":
			_ = r.Context().Done()
			write(w, 10, 1)
			panic("the panic")
		}
	})
	other := s.send("")
	for path, logged := range map[string]string{"/error": "the error", "/abort": "", "/watched": "the panic"} {
		c := s.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
		c.wantsEnd()
		s.log.WaitFor(t, 1, logged)
		if logged != "" && !strings.Contains(s.log.String(), "http: panic serving "+c.LocalAddr().String()+": "+logged+"\ngoroutine") {
			t.Errorf("%s: logged %q", path, s.log.String())
		}
	}
	if got := strings.Count(s.log.String(), "panic serving"); got != 2 {
		t.Errorf("logged %d panics", got)
	}
	other.send(get)
	other.wants(http.StatusOK, "")
}

// A connection begins, is active and ends, as for net/http. One that is handed over begins anew
// before it ends here, so that there is never none.
func TestConnStates(t *testing.T) { both(t, testConnStates) }

func testConnStates(t *testing.T, start starter) {
	for sent, want := range map[string]string{
		"":        "new closed",
		get + get: "new active closed",
		get + strings.Replace(get, "GET", "PUT", 1): "new active new hijacked new active idle closed",
		strings.Replace(get, "GET", "PUT", 1):       "new new hijacked new active idle closed",
	} {
		var states logtest.Log
		s := start(t, echo, func(h *http.Server) {
			h.ConnState = func(_ net.Conn, state http.ConnState) { fmt.Fprintln(&states, state) }
		})
		c := s.send(sent)
		for range strings.Count(sent, "\r\n\r\n") {
			c.wants(http.StatusOK, "")
		}
		_ = c.Close()
		eventually(t, want, func() bool { return strings.Join(strings.Fields(states.String()), " ") == want })
	}
}
