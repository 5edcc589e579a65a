package http1_test

import (
	"context"
	"errors"
	"io"
	"net/http"
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
func TestGone(t *testing.T) { both(t, testGone) }

func testGone(t *testing.T, start starter) {
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
