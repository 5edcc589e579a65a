package http1_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// What follows a request whose client is watched is the next one, however it comes.
func TestBehindWatched(t *testing.T) { both(t, testBehindWatched) }

func testBehindWatched(t *testing.T, start starter) {
	watched := make(chan struct{}, 1)
	goOn := make(chan struct{})
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			echo(w, r)
			return
		}
		done := r.Context().Done()
		watched <- struct{}{}
		select {
		case <-done:
			t.Error("the context is over")
		case <-goOn:
		}
		write(w, 3, 1)
	})
	next := post("next")
	for cut := range len(next) + 1 {
		c := s.send(get + next[:cut])
		<-watched
		c.send(next[cut:])
		if cut%2 == 0 {
			time.Sleep(time.Millisecond) // has it come before the answer, or later
		}
		goOn <- struct{}{}
		c.wants(http.StatusOK, "xxx")
		c.wants(http.StatusOK, "next")
		_ = c.Close()
	}

	many := strings.Repeat(next, 2*4096/len(next)) // more than is read at once
	c := s.send(get + many)
	<-watched
	goOn <- struct{}{}
	c.wants(http.StatusOK, "xxx")
	for range strings.Count(many, next) {
		c.wants(http.StatusOK, "next")
	}
}

// A body comes to whoever reads it, also if somebody waits for the client to go away.
func TestBodyBehindDone(t *testing.T) { both(t, testBodyBehindDone) }

func testBodyBehindDone(t *testing.T, start starter) {
	waits := make(chan struct{})
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.Context().Done()
		waits <- struct{}{}
		echo(w, r)
	})
	c := s.send("")
	for range 3 {
		sent := post("abcdef")
		c.send(sent[:len(sent)-3])
		<-waits
		time.Sleep(time.Millisecond)
		c.send(sent[len(sent)-3:])
		c.wants(http.StatusOK, "abcdef")
	}
}

// When the handler has returned, the context is over, whether anybody has waited or not, and
// nothing can be read any more. What comes later is not the cause.
func TestContextEnds(t *testing.T) { both(t, testContextEnds) }

func testContextEnds(t *testing.T, start starter) {
	base, cut := context.WithCancelCause(context.Background())
	requests := make(chan *http.Request, 1)
	waits := false
	s := start(t, func(_ http.ResponseWriter, r *http.Request) {
		if waits {
			_ = r.Context().Done()
		}
		if err := r.Context().Err(); err != nil {
			t.Errorf("at the beginning: %v", err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		requests <- r
	}, func(h *http.Server) { h.BaseContext = func(net.Listener) context.Context { return base } })
	c := s.send("")
	var last *http.Request
	for _, waits = range []bool{false, true} {
		c.send(post("abc"))
		c.wants(http.StatusOK, "")
		last = <-requests
		ctx := last.Context()
		if err := wait(ctx); !errors.Is(err, context.Canceled) || !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("got %v", err)
		}
		if ctx.Value(http.ServerContextKey) != s.HTTP {
			t.Error("its values are gone")
		}
	}
	if err := s.stop(5 * time.Second); err != nil {
		t.Error(err)
	}
	cut(errors.New("later"))
	if err := context.Cause(last.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("its cause has become %v", err)
	}
	if _, err := last.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("its body: got %v", err)
	}
	if len(last.Header) > 0 {
		t.Errorf("its connection keeps %v", last.Header)
	}
}

// Contexts that are derived from that of a request need no goroutine.
func TestDerived(t *testing.T) {
	s := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = r.Context().Done() // which has one
		before := runtime.NumGoroutine()
		for range 100 {
			context.AfterFunc(r.Context(), func() {})
		}
		if got := runtime.NumGoroutine() - before; got > 50 {
			t.Errorf("100 contexts have %d goroutines", got)
		}
	})
	s.send(get).wants(http.StatusOK, "")
}

type key struct{}

// A request has the values of the server's hooks, and the end of what they return reaches it,
// with its cause.
func TestContextOfConnection(t *testing.T) { both(t, testContextOfConnection) }

func testContextOfConnection(t *testing.T, start starter) {
	errStopped := errors.New("stopped")
	base, cut := context.WithCancelCause(context.Background())
	contexts, over := make(chan context.Context), make(chan error, 1)
	s := start(t, func(_ http.ResponseWriter, r *http.Request) {
		derived, cancel := context.WithCancel(context.WithValue(r.Context(), key{}, "derived"))
		defer cancel()
		contexts <- r.Context()
		over <- errors.Join(wait(derived), context.Cause(derived), wait(r.Context()), context.Cause(r.Context()))
	}, func(h *http.Server) {
		h.BaseContext = func(l net.Listener) context.Context { return context.WithValue(base, key{}, l.Addr()) }
		h.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			if ctx.Value(http.ServerContextKey) != h {
				t.Error("ConnContext is called without the server")
			}
			if ctx.Value(key{}).(net.Addr).String() != c.LocalAddr().String() {
				t.Error("BaseContext is called with another listener")
			}
			return context.WithValue(ctx, key{}, c.RemoteAddr())
		}
	})
	c := s.send(get)
	ctx := <-contexts
	for what, values := range map[string][2]any{
		"the server":        {ctx.Value(http.ServerContextKey), s.HTTP},
		"the address":       {ctx.Value(http.LocalAddrContextKey).(net.Addr).String(), s.listener.Addr().String()},
		"that of the hook":  {ctx.Value(key{}).(net.Addr).String(), c.LocalAddr().String()},
		"what nobody knows": {ctx.Value("unknown"), nil},
	} {
		if values[0] != values[1] {
			t.Errorf("%s: got %v, want %v", what, values[0], values[1])
		}
	}
	if err := ctx.Err(); err != nil {
		t.Errorf("before its end: %v", err)
	}
	cut(errStopped)
	want := strings.Join([]string{"context canceled", "stopped", "context canceled", "stopped"}, "\n")
	if got := <-over; got.Error() != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c.wants(http.StatusOK, "")
	c.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n") // from here on it is net/http that calls the hooks
	if got := (<-contexts).Value(key{}).(net.Addr).String(); got != c.LocalAddr().String() {
		t.Errorf("behind a handover: got %s", got)
	}
	<-over
}

// A context may be asked by several goroutines at once, while the body is read, and then the next
// request is there all the same.
func TestContextAtOnce(t *testing.T) { both(t, testContextAtOnce) }

func testContextAtOnce(t *testing.T, start starter) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		read := make(chan struct{})
		var asking sync.WaitGroup
		for _, ask := range []func(){
			func() { _ = r.Context().Done() },
			func() { _ = context.Cause(r.Context()) },
			func() { _ = r.Context().Value(key{}) },
			func() { _ = http.NewResponseController(w).SetReadDeadline(time.Time{}) },
		} {
			asking.Go(func() {
				for {
					select {
					case <-read:
						ask()
						return
					case <-time.After(20 * time.Microsecond):
						ask()
					}
				}
			})
		}
		body, err := io.ReadAll(r.Body)
		close(read)
		asking.Wait()
		if _, err := w.Write(body); err != nil {
			t.Error(err)
		}
		if err != nil {
			t.Error(err)
		}
	})
	c := s.send("")
	body := strings.Repeat("x", 5000)
	sent := post(body)
	for range 20 {
		c.send(sent[:4500])
		time.Sleep(time.Millisecond)
		c.send(sent[4500:] + sent[:2000])
		c.wants(http.StatusOK, body)
		c.send(sent[2000:])
		c.wants(http.StatusOK, body)
	}
}
