package http1_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// wait waits for the end of a context, and returns its error.
func wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5 * time.Second):
		return errors.New("still not over after 5 s")
	}
}

// A handler that waits for its context, in any way, learns that the client has gone away.
func TestGone(t *testing.T) {
	read := func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
	tests := []struct {
		name, sent string
		learn      func(http.ResponseWriter, *http.Request) error
	}{
		{"Done", get, func(_ http.ResponseWriter, r *http.Request) error { return wait(r.Context()) }},
		{"Done behind a body", post("abc"), func(_ http.ResponseWriter, r *http.Request) error {
			read(r)
			return wait(r.Context())
		}},
		{"Done before a body", post("abc"), func(_ http.ResponseWriter, r *http.Request) error {
			ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
			defer cancel()
			read(r)
			return wait(ctx)
		}},
		{"Done behind a body that was closed", post("abc"), func(_ http.ResponseWriter, r *http.Request) error {
			_ = r.Body.Close()
			return wait(r.Context())
		}},
		{"Done behind a body that was drained", post("abc"), func(w http.ResponseWriter, r *http.Request) error {
			flush(w)
			return wait(r.Context())
		}},
		{"Err", get, func(_ http.ResponseWriter, r *http.Request) error {
			for range 5000 {
				if err := r.Context().Err(); err != nil {
					return err
				}
				time.Sleep(time.Millisecond)
			}
			return errors.New("still not over")
		}},
		{"AfterFunc", get, func(_ http.ResponseWriter, r *http.Request) error {
			over := make(chan struct{})
			context.AfterFunc(r.Context(), func() { close(over) })
			<-over
			return r.Context().Err()
		}},
		{"reading", post("abc")[:len(post("abc"))-1], func(_ http.ResponseWriter, r *http.Request) error {
			read(r)
			return r.Context().Err()
		}},
		{"reading, and Done in another goroutine", post("abc")[:len(post("abc"))-1], func(_ http.ResponseWriter, r *http.Request) error {
			go read(r)
			return wait(r.Context())
		}},
		{"writing", get, func(w http.ResponseWriter, r *http.Request) error {
			for range 10_000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return r.Context().Err()
				}
			}
			return errors.New("still not over")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			began, learnt := make(chan struct{}), make(chan error, 1)
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				close(began)
				err := test.learn(w, r)
				if cause := context.Cause(r.Context()); !errors.Is(cause, context.Canceled) {
					t.Errorf("its cause is %v", cause)
				}
				learnt <- err
			})
			c := s.send(test.sent)
			<-began
			_ = c.Close()
			if err := <-learnt; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What follows a request whose client is watched is the next one, however it comes.
func TestBehindWatched(t *testing.T) {
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

// The context is over when the handler has returned, whether anybody has waited or not.
func TestContextEnds(t *testing.T) {
	contexts := make(chan context.Context, 1)
	waits := false
	s := start(t, func(_ http.ResponseWriter, r *http.Request) {
		if waits {
			_ = r.Context().Done()
		}
		if err := r.Context().Err(); err != nil {
			t.Errorf("at the beginning: %v", err)
		}
		contexts <- r.Context()
	})
	c := s.send("")
	for _, waits = range []bool{false, true} {
		c.send(get)
		c.wants(http.StatusOK, "")
		ctx := <-contexts
		if err := wait(ctx); !errors.Is(err, context.Canceled) || !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("got %v", err)
		}
		if ctx.Value(http.ServerContextKey) != s.HTTP {
			t.Error("its values are gone")
		}
	}
}

type key struct{}

// A request has the values of the server's hooks, and the end of what they return reaches it,
// with its cause.
func TestContextOfConnection(t *testing.T) {
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
func TestContextAtOnce(t *testing.T) {
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
