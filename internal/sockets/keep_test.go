package sockets_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"tagifai/internal/sockets"
)

// Requests on one connection have the same T one after the other, those on two never at once,
// and those of HTTP/2 and TLS one each.
func TestKeep(t *testing.T) {
	type counter struct{ requests int }
	count := func(w http.ResponseWriter, r *http.Request) {
		c := sockets.Keep[counter](r)
		c.requests++
		_, _ = io.WriteString(w, strconv.Itoa(c.requests))
	}
	tests := []struct {
		name string
		s    *service
		want string
	}{
		{"plain", newService(t, count).start(t), "1 2 3 1 2 3 "},
		{"TLS", newService(t, count).secure(t).start(t), "1 1 1 1 1 1 "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			for range 2 {
				conn := test.s.dial(t)
				reader := bufio.NewReader(conn)
				for range 3 {
					fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
					response, err := http.ReadResponse(reader, nil)
					if err != nil {
						t.Fatal(err)
					}
					answer, err := io.ReadAll(response.Body)
					_ = response.Body.Close()
					if err != nil {
						t.Fatal(err)
					}
					got += string(answer) + " "
				}
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Requests of HTTP/2 without TLS share a connection that requests of HTTP/1 could have.
func TestKeepOfStreams(t *testing.T) {
	const streams = 3
	var arrived sync.WaitGroup
	arrived.Add(streams)
	seen := make(chan *[8]byte, streams)
	s := newService(t, func(_ http.ResponseWriter, r *http.Request) {
		seen <- sockets.Keep[[8]byte](r)
		arrived.Done()
		arrived.Wait() // until all are here at once
	})
	s.HTTP.Protocols = new(http.Protocols)
	s.HTTP.Protocols.SetUnencryptedHTTP2(true)
	s.start(t)
	transport := &http.Transport{Protocols: s.HTTP.Protocols}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	var asked sync.WaitGroup
	for range streams {
		asked.Go(func() {
			response, err := client.Get("http://" + s.Addr())
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
