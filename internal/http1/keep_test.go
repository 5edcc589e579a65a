package http1_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tagifai/internal/http1"
)

// Requests on one connection have the same T one after the other, those on two never, and those
// that net/http serves one each.
func TestKeep(t *testing.T) { both(t, testKeep) }

func testKeep(t *testing.T, start starter) {
	type counter struct{ requests int }
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		c := http1.Keep[counter](r)
		c.requests++
		_, _ = w.Write([]byte(strconv.Itoa(c.requests)))
	})
	for range 2 {
		c := s.send("")
		for _, want := range []string{"1", "2", "3"} {
			c.send(get)
			c.wants(http.StatusOK, want)
		}
		for range 2 {
			c.send(strings.Replace(get, "GET", "PUT", 1))
			c.wants(http.StatusOK, "1")
		}
	}
}

// Requests of HTTP/2 share a connection that requests of HTTP/1 could have.
func TestKeepOfStreams(t *testing.T) { both(t, testKeepOfStreams) }

func testKeepOfStreams(t *testing.T, start starter) {
	const streams = 3
	var arrived sync.WaitGroup
	arrived.Add(streams)
	seen := make(chan *[8]byte, streams)
	s := start(t, func(_ http.ResponseWriter, r *http.Request) {
		seen <- http1.Keep[[8]byte](r)
		arrived.Done()
		arrived.Wait() // until all are here at once
	}, speakHTTP2)
	client, url := s.http2()
	var asked sync.WaitGroup
	for range streams {
		asked.Go(func() {
			response, err := client.Get(url)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
			if response.ProtoMajor != 2 {
				t.Errorf("answered by %s", response.Proto)
			}
		})
	}
	asked.Wait()
	kept := make(map[*[8]byte]bool)
	for range streams {
		kept[<-seen] = true
	}
	if len(kept) != streams {
		t.Errorf("%d requests at once had %d of their own", streams, len(kept))
	}
}
