package sockets_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tagifai/internal/sockets"
)

// The answers of a connection arrive whole, whatever their sizes, and one behind the other.
func TestWriteWhole(t *testing.T) {
	body := func(n int) []byte { return bytes.Repeat([]byte{'a' + byte(n%26)}, n) }
	write := func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		header, _ := strconv.Atoi(r.FormValue("header"))
		before, _ := strconv.Atoi(r.FormValue("before"))
		w.Header().Set("Padding", strings.Repeat("p", header))
		if r.FormValue("length") != "" {
			w.Header().Set("Content-Length", strconv.Itoa(before+n))
		}
		status := http.StatusOK
		if r.FormValue("status") != "" {
			status, _ = strconv.Atoi(r.FormValue("status"))
		}
		w.WriteHeader(status)
		if before > 0 {
			_, _ = w.Write(body(before))
		}
		if r.FormValue("flush") != "" {
			w.(http.Flusher).Flush()
		}
		if got, err := sockets.WriteWhole(w, r, body(n)); err == nil && got != n {
			t.Errorf("%s: wrote %d bytes of %d", r.URL, got, n)
		}
	}
	for name, s := range map[string]*service{
		"plain": newService(t, write).start(t),
		"TLS":   newService(t, write).secure(t).start(t),
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.dial(t)
			reader := bufio.NewReader(conn)
			ask := func(method, query string, want []byte) {
				t.Helper()
				fmt.Fprintf(conn, "%s /?%s HTTP/1.1\r\nHost: x\r\n\r\n", method, query)
				response, err := http.ReadResponse(reader, &http.Request{Method: method})
				if err != nil {
					t.Fatalf("%s %s: %v", method, query, err)
				}
				got, err := io.ReadAll(response.Body)
				_ = response.Body.Close()
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s %s: got %d bytes and the error %v, want %d bytes", method, query, len(got), err, len(want))
				}
			}
			for _, n := range []int{0, 1, 3000, 9000, 12_000, 13_000, 16_384, 20_000, 100_000} {
				for _, rest := range []string{"", "&length=1", "&header=5000", "&length=1&header=20000", "&flush=1", "&length=1&flush=1"} {
					ask(http.MethodGet, fmt.Sprintf("n=%d%s", n, rest), body(n))
				}
				ask(http.MethodHead, fmt.Sprintf("n=%d&length=1", n), nil)
				ask(http.MethodGet, fmt.Sprintf("n=%d&status=204", n), nil)
				ask(http.MethodGet, fmt.Sprintf("n=%d&before=1000", n), append(body(1000), body(n)...))
				ask(http.MethodGet, fmt.Sprintf("n=%d&before=5000&length=1", n), append(body(5000), body(n)...))
			}
			for n := 3700; n < 4200; n++ { // with the header, about as much as net/http collects
				ask(http.MethodGet, fmt.Sprintf("n=%d&length=1", n), body(n))
			}
		})
	}
}

// An answer that net/http would send in two pieces is sent in one.
func TestWriteWholeAtOnce(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9000")
		_, _ = sockets.WriteWhole(w, r, make([]byte, 9000))
	}).start(t)
	conn := s.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	n, err := conn.Read(make([]byte, 64<<10))
	if err != nil || n <= 9000 {
		t.Errorf("the first read returned %d bytes and the error %v, want all of the answer", n, err)
	}
}
