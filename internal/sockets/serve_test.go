package sockets_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// refuse refuses what is sent to /refuse, whose body it does not read, and answers others with
// their body.
func refuse(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/refuse" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_, _ = io.Copy(w, r.Body)
}

// send sends bytes in pieces that end at the cuts, and then no more.
func send(conn net.Conn, sent []byte, cuts ...int) error {
	begin := 0
	for _, end := range append(cuts, len(sent)) {
		if end <= begin || end > len(sent) {
			continue
		}
		if _, err := conn.Write(sent[begin:end]); err != nil {
			return err
		}
		begin = end
		time.Sleep(time.Millisecond)
	}
	return conn.(interface{ CloseWrite() error }).CloseWrite()
}

// exchange sends bytes as send does, and returns the answers until the connection is closed,
// as a status and a body each.
func exchange(conn net.Conn, sent []byte, cuts ...int) (string, error) {
	writing := make(chan error, 1)
	go func() { writing <- send(conn, sent, cuts...) }()
	var answers strings.Builder
	for reader := bufio.NewReader(conn); ; {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return answers.String(), <-writing
		}
		body, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return "", err
		}
		fmt.Fprintf(&answers, "%d %s\n", answer.StatusCode, body)
	}
}

// post returns a request, whose body may come in chunks.
func post(path, body string, header ...string) string {
	h := fmt.Sprintf("Content-Length: %d", len(body))
	for _, line := range header {
		if h += "\r\n" + line; line == chunked {
			h = line
			if body != "" {
				body = fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
			}
			body += "0\r\n\r\n"
		}
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n%s", path, h, body)
}

const (
	chunked = "Transfer-Encoding: chunked"
	last    = "Connection: close"
)

// What follows a body that nobody has read is the next request, whole, wherever the body ends
// and however it comes.
func TestRefused(t *testing.T) {
	both(t, func(t *testing.T, prepare func(*service) *service) {
		s := prepare(newService(t, refuse)).start(t)
		const header = len("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 75000\r\n\r\n")
		next := post("/next", "the next", last)
		for _, size := range []int{0, 1, 4095, 4096, 4097, 2*4096 - 1, 2 * 4096, 2*4096 + 1, 75_000, 256<<10 - 1} {
			for _, form := range []string{"Accept: */*", chunked} {
				refused := post("/refuse", strings.Repeat("x", size), form)
				for _, cuts := range [][]int{nil, {len(refused)}, {header}, {header + 1}, {4096}, {len(refused) - 1}, {len(refused) + 1}, {header + 5000, header + 70_000}} {
					got, err := exchange(s.dial(t), []byte(refused+next), cuts...)
					if want := "503 \n200 the next\n"; got != want || err != nil {
						t.Errorf("%d bytes, %s, cut at %v: got %q, %v", size, form, cuts, got, err)
					}
				}
			}
		}
	})
}

// A client that stops in the middle of a body that nobody reads is waited for no longer than
// for one that is wanted, and one that goes away is noticed.
func TestRefusedEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(net.Conn) error
	}{
		{"stops", func(net.Conn) error { return nil }},
		{"goes away", func(conn net.Conn) error { return conn.Close() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			took := make(chan time.Duration, 1)
			s := newService(t, func(w http.ResponseWriter, r *http.Request) {
				begin := time.Now()
				_ = http.NewResponseController(w).Flush()
				took <- time.Since(begin)
			})
			s.HTTP.ReadTimeout = 200 * time.Millisecond
			s.start(t)
			conn := s.send(t, post("/refuse", strings.Repeat("x", 75_000))[:40_000])
			if err := test.end(conn); err != nil {
				t.Fatal(err)
			}
			if got := <-took; got > 5*time.Second {
				t.Errorf("ended after %s", got)
			}
		})
	}
}

// FuzzServe holds a listener, plain and over TLS, against its naive twin, net/http, for whatever
// comes over a connection: the handler is to see the same requests. What the client gets is not compared. A
// request that is none has net/http close the connection, and what it has answered before may
// be lost.
func FuzzServe(f *testing.F) {
	refused := post("/refuse", strings.Repeat("x", 10_000))
	next := post("/next", "the next", last)
	for _, sent := range []string{
		"",
		refused + refused + next,
		post("/refuse", strings.Repeat("x", 5000), chunked) + next,
		strings.Replace(refused, "10000", "9000", 1) + next,
		strings.Replace(refused, "10000", "10009", 1) + next,
		post("/refuse", strings.Repeat("x", 5000), "Expect: 100-continue") + next,
		strings.Replace(refused, "HTTP/1.1", "HTTP/1.0", 1) + next,
		strings.Replace(post("/refuse", strings.Repeat("x\n", 5000)), "10000", "100", 1) + next,
		request + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + request,
		request + "GET /?a=b%20c&d=%zz HTTP/1.1\r\nhost:b:80\r\naccept: x\r\nAccept:  y \r\n\r\n" + request,
		"GET //a/b HTTP/1.1\r\nHost: a\r\n\r\n" + request,
		"GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n" + request,
		"GET / HTTP/1.1\nHost: a\n\n" + request,
		"\r\n" + request,
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + request,
		"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n" + request,
		"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n" + request,
		"GET / HTTP/1.1\r\n\r\n" + request,
		"POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + request,
		"POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc" + request,
		"POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + request,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		f.Add([]byte(sent), uint16(4096), uint16(9000))
		f.Add([]byte(sent), uint16(10), uint16(60))
	}
	const plain, secure, naive = 0, 1, 2
	var services [3]func(t *testing.T) net.Conn
	var seen [3]chan string
	for i := range services {
		seen[i] = make(chan string, 10_000)
		s := newService(f, func(w http.ResponseWriter, r *http.Request) {
			var body []byte
			var err error
			if r.URL.Path == "/refuse" {
				w.WriteHeader(http.StatusServiceUnavailable)
			} else {
				body, err = io.ReadAll(r.Body)
			}
			seen[i] <- fmt.Sprintf("%s %s %s %q %d %q %v", r.Method, r.RequestURI, r.Host, r.Header, r.ContentLength, body, err)
			if err == nil {
				_, _ = w.Write(body)
			}
		})
		switch i {
		case secure:
			s.secure(f)
			fallthrough
		case plain:
			s.start(f)
			services[i] = func(t *testing.T) net.Conn { return s.dial(t) }
		case naive:
			twin := httptest.NewServer(s.HTTP.Handler)
			f.Cleanup(twin.Close)
			services[i] = func(t *testing.T) net.Conn {
				conn, err := net.Dial("tcp", twin.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				return conn
			}
		}
	}
	f.Fuzz(func(t *testing.T, sent []byte, first, second uint16) {
		if bytes.Count(sent, []byte("\n")) > cap(seen[0]) {
			t.Skip("more requests than are kept")
		}
		var got [3][]string
		for i, dial := range services {
			conn := dial(t)
			if secure, ok := conn.(*tls.Conn); ok {
				if err := secure.Handshake(); err != nil { // without which CloseWrite does nothing
					t.Fatal(err)
				}
			}
			go func() { _ = send(conn, sent, int(first), int(second)) }() // the service may close first
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			_, err := io.Copy(io.Discard, conn) // until the service has seen all and closes
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("service %d hangs at %q", i, sent)
			}
			_ = conn.Close()
			for len(seen[i]) > 0 {
				got[i] = append(got[i], <-seen[i])
			}
		}
		for _, i := range []int{plain, secure} {
			if !slices.Equal(got[i], got[naive]) {
				t.Errorf("service %d: got %q, want %q", i, got[i], got[naive])
			}
		}
	})
}

// BenchmarkRefused is a request of 75 kB that is refused, with what it costs the client.
func BenchmarkRefused(b *testing.B) {
	for _, way := range []struct {
		name   string
		handle http.HandlerFunc
	}{
		{"skipped", refuse},
		{"copied", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			refuse(w, r)
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			s := newService(b, way.handle).start(b)
			sent := []byte(post("/refuse", strings.Repeat("x", 75_000)))
			b.SetBytes(int64(len(sent)))
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				conn, err := net.Dial("tcp", s.Addr())
				if err != nil {
					b.Error(err)
					return
				}
				defer conn.Close()
				for reader := bufio.NewReader(conn); pb.Next(); {
					if _, err := conn.Write(sent); err != nil {
						b.Error(err)
						return
					}
					answer, err := http.ReadResponse(reader, nil)
					if err != nil {
						b.Error(err)
						return
					}
					_ = answer.Body.Close()
				}
			})
		})
	}
}
