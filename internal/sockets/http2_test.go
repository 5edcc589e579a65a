package sockets_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"tagifai/internal/config"
	"tagifai/internal/sockets"
)

// streamed has the service answer over HTTP/2 alone, with the limits.
func streamed(t *testing.T, h http.HandlerFunc, cutOff func(), changes ...func(*config.Limits)) *service {
	t.Helper()
	limits := config.Defaults().Limits
	for _, change := range changes {
		change(&limits)
	}
	streams := sockets.NewStreams(limits, time.Minute, cutOff)
	return newService(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("it speaks %s", r.Proto)
		}
		paced, ok := streams.Begin(w, time.Now())
		defer streams.End()
		if !ok {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h(paced, r)
	}, changes...).secure(t).start(t)
}

// A client that takes nothing of one answer is cut off from it, while others over the same
// connection go on. One that takes it slowly, but not too slowly, gets all of it.
func TestSlowStreams(t *testing.T) {
	cut, ended := make(chan struct{}, 10), make(chan time.Time, 10)
	s := streamed(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/much" {
			answerMuch(w, r)
			ended <- time.Now()
		}
	}, func() { cut <- struct{}{} }, func(c *config.Limits) {
		c.MinRate = 10_000
		c.MinRateOver = 500 * time.Millisecond
	})
	client := s.speakHTTP2(t, nil)
	url := "https://" + s.Addr()
	begin := time.Now()
	silent, err := client.Get(url + "/much")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Body.Close() }()
	slow, err := client.Get(url + "/much")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Body.Close() }()
	got, piece := 0, make([]byte, 1<<20)
	for err == nil {
		var n int
		n, err = io.ReadFull(slow.Body, piece)
		got += n
		time.Sleep(20 * time.Millisecond)
	}
	if got != 64<<20 {
		t.Errorf("the slow client got %d bytes: %v", got, err)
	}
	if took := (<-ended).Sub(begin); took < 400*time.Millisecond || took > 5*time.Second {
		t.Errorf("the silent client was cut off after %s", took)
	}
	<-ended
	if len(cut) != 1 {
		t.Errorf("counted %d answers, want 1", len(cut))
	}
	after, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	if err := after.Body.Close(); err != nil || after.StatusCode != http.StatusOK {
		t.Errorf("over the same connection: got %d, %v", after.StatusCode, err)
	}
}

// There are no more requests over HTTP/2 than there may be connections.
func TestMaxStreams(t *testing.T) {
	asked, may := make(chan struct{}, 10), make(chan struct{})
	s := streamed(t, func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-may
	}, nil, func(c *config.Limits) { c.MaxConnections = 4 })
	client := s.speakHTTP2(t, nil)
	statuses := make(chan int, 10)
	ask := func() {
		response, err := client.Get("https://" + s.Addr())
		if err != nil {
			t.Error(err)
			statuses <- 0
			return
		}
		_ = response.Body.Close()
		statuses <- response.StatusCode
	}
	for range 4 {
		go ask()
		<-asked
	}
	ask()
	if got := <-statuses; got != http.StatusServiceUnavailable {
		t.Errorf("beyond the limit: got %d", got)
	}
	close(may)
	for range 4 {
		if got := <-statuses; got != http.StatusOK {
			t.Errorf("got %d", got)
		}
	}
	ask()
	if got := <-statuses; got != http.StatusOK {
		t.Errorf("afterwards: got %d", got)
	}
}

// A body of HTTP/2 has as much time as the pace allows.
func TestSlowStreamBody(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		pace := sockets.Pace{Bytes: 1000, Within: time.Second}
		body := sockets.SetPace(w, r, pace, time.Now().Add(time.Minute))
		if body.AnswerEarly(r) {
			t.Error("an answer over HTTP/2 need not wait for the body")
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	}).secure(t)
	s.HTTP.ReadTimeout = time.Second
	s.start(t)
	client := s.speakHTTP2(t, nil)
	for _, test := range []struct {
		name   string
		pieces int // of 500 bytes each 100 ms
		want   int
	}{{"keeps the pace", 20, http.StatusOK}, {"stops", 1, http.StatusRequestTimeout}} {
		t.Run(test.name, func(t *testing.T) {
			body, w := io.Pipe()
			go func() {
				for range test.pieces {
					_, _ = w.Write(make([]byte, 500))
					time.Sleep(100 * time.Millisecond)
				}
				if test.want == http.StatusOK {
					_ = w.Close()
				}
			}()
			response, err := client.Post("https://"+s.Addr(), "", body)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != test.want {
				t.Errorf("got %d, want %d", response.StatusCode, test.want)
			}
		})
	}
}
