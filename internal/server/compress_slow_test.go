package server_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/server"
)

// An answer that finds no memory to be compressed in is sent as it is.
func TestCompressWithoutMemory(t *testing.T) {
	body := predictPayload(1400) // whose answer takes a buffer of 256 KiB
	for name, test := range map[string]struct {
		held   int64
		coding string
	}{"enough": {2 << 20, "gzip"}, "for one buffer": {560 << 10, ""}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes, c.MaxHeldBytes = 128<<10, test.held }))
			got := s.ask(t, http.MethodPost, "/predict", acceptsGzip, body)
			if coding := got.header.Get("Content-Encoding"); got.status != http.StatusOK || coding != test.coding || got.header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("got %d by %q, %d bytes", got.status, coding, len(got.body))
			}
			for end := time.Now().Add(10 * time.Second); s.Free() < test.held; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d bytes are still held", test.held-s.Free())
				}
			}
		})
	}
}

// An answer that is compressed as a whole holds no more, while it is sent, than if it were not.
func TestCompressHolds(t *testing.T) {
	body := predictPayload(1400)
	var held [2]int64
	for i, coding := range []string{"identity", "gzip"} {
		s := newServer(t, server.Options{Settings: settings(), Log: zerolog.New(io.Discard)})
		free := s.Free()
		request := httptest.NewRequest(http.MethodPost, "/predict", strings.NewReader(body))
		request.Header.Set("Accept-Encoding", coding)
		w := onWrite{discard{http.Header{}}, func() { held[i] = free - s.Free() }}
		s.Handler().ServeHTTP(w, request)
		if left := s.Free(); left != free {
			t.Errorf("%s: %d bytes are still held", coding, free-left)
		}
	}
	if held[0] == 0 || held[1] != held[0] {
		t.Errorf("%d bytes are held, and %d without a coding", held[1], held[0])
	}
}

// What the library needs while it compresses is not in use while a client is written to.
func TestCompressBetweenWrites(t *testing.T) {
	var writes, within int
	s := newServer(t, server.Options{Settings: settings(), Log: zerolog.New(io.Discard)})
	request := httptest.NewRequest(http.MethodPost, "/predict", strings.NewReader(predictPayload(9000)))
	request.Header.Set("Accept-Encoding", "gzip")
	s.Handler().ServeHTTP(onWrite{discard{http.Header{}}, func() {
		writes++
		if strings.Contains(string(debug.Stack()), "klauspost/compress") {
			within++
		}
	}}, request)
	if writes < 10 || within > 0 {
		t.Errorf("%d of %d writes are by the library", within, writes)
	}
}

// onWrite tells that something is written.
type onWrite struct {
	discard
	tell func()
}

func (w onWrite) Write(p []byte) (int, error) {
	w.tell()
	return len(p), nil
}

// A client that takes nothing of a large answer holds as much as if it were not compressed,
// and the compressed bytes that wait. It is cut off, and does not take the part that it has
// for the whole.
func TestCompressForSlowReaders(t *testing.T) {
	t.Parallel()
	const waiting = 32 << 10
	s := start(t, settings(func(c *config.Settings) {
		c.SendBuffer = 4 << 10
		c.MinRate, c.MinRateOver = 1000, time.Second
	}))
	free := s.Free()
	body := predictPayload(10_000)
	var held [2]int64
	for i, coding := range []string{"identity", "gzip"} {
		conn := s.send(t, "POST /predict?include=probabilities,scores HTTP/1.1\r\nHost: a\r\nAccept-Encoding: "+coding+"\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(err, response)
		}
		held[i] = free - s.Free()
		for end := time.Now().Add(10 * time.Second); s.Free() < free; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the client was not cut off")
			}
		}
		reader := io.Reader(response.Body)
		if coding == "gzip" {
			if reader, err = gzip.NewReader(reader); err != nil {
				continue // it did not get that far
			}
		}
		if n, err := io.Copy(io.Discard, reader); err == nil {
			t.Errorf("%s: a part of %d bytes is taken for the whole", coding, n)
		}
		_ = response.Body.Close()
	}
	if held[1] != held[0]+waiting {
		t.Errorf("%d bytes are held, and %d without a coding", held[1], held[0])
	}
	if got := scrape(t, s)["tagifai_cut_off_connections_total"]; got != "2" {
		t.Errorf("got %s connections that were cut off, want 2", got)
	}
}
