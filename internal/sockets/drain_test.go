package sockets_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tagifai/internal/sockets"
)

// drainer refuses what is sent to /refuse, whose body drain is to read, and answers others
// with their body.
func drainer(drain func(*http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			drain(r)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.Copy(w, r.Body)
	}
}

// drainSlowly is the naive twin of [sockets.Drain].
func drainSlowly(r *http.Request) {
	if r.ContentLength <= 256<<10 && r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, 256<<10)
	}
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

// What follows a body that is drained is the next request, whole, wherever the body ends
// and however it comes.
func TestDrain(t *testing.T) {
	both(t, func(t *testing.T, prepare func(*service) *service) {
		s := prepare(newService(t, drainer(sockets.Drain))).start(t)
		const header = len("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 75000\r\n\r\n")
		next := post("/next", "the next", last)
		for _, size := range []int{0, 1, 4095, 4096, 4097, 2*4096 - 1, 2 * 4096, 2*4096 + 1, 75_000, 256 << 10} {
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

// A client that stops in the middle of a body that is drained is waited for no longer than
// for one that is wanted, and one that goes away is noticed.
func TestDrainEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(net.Conn) error
	}{
		{"stops", func(net.Conn) error { return nil }},
		{"goes away", func(conn net.Conn) error { return conn.Close() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			took := make(chan time.Duration, 1)
			s := newService(t, drainer(func(r *http.Request) {
				begin := time.Now()
				sockets.Drain(r)
				took <- time.Since(begin)
			}))
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

// FuzzDrain holds Drain against its naive twin, for whatever comes over a connection: the
// service is to see the same requests. What the client gets is not compared. A request that
// is none has net/http close the connection, and what it has answered before may be lost.
func FuzzDrain(f *testing.F) {
	refused := post("/refuse", strings.Repeat("x", 10_000))
	next := post("/next", "the next", last)
	f.Add([]byte(refused+refused+next), uint16(4096), uint16(9000))
	f.Add([]byte(post("/refuse", strings.Repeat("x", 5000), chunked)+next), uint16(100), uint16(200))
	f.Add([]byte(strings.Replace(refused, "10000", "9000", 1)+next), uint16(0), uint16(0))
	f.Add([]byte(strings.Replace(refused, "10000", "10009", 1)+next), uint16(0), uint16(9999))
	f.Add([]byte(post("/refuse", strings.Repeat("x", 5000), "Expect: 100-continue")+next), uint16(0), uint16(0))
	f.Add([]byte(strings.Replace(refused, "HTTP/1.1", "HTTP/1.0", 1)+next), uint16(10), uint16(20))
	f.Add([]byte(strings.Replace(post("/refuse", strings.Repeat("x\n", 5000)), "10000", "100", 1)+next), uint16(40), uint16(9000))
	var services [2]*service
	var seen [2]chan string
	for i, drain := range []func(*http.Request){sockets.Drain, drainSlowly} {
		seen[i] = make(chan string, 10_000)
		services[i] = newService(f, func(w http.ResponseWriter, r *http.Request) {
			var read strings.Builder
			if r.URL.Path == "/refuse" {
				drain(r)
				w.WriteHeader(http.StatusServiceUnavailable)
			} else {
				_, _ = io.Copy(&read, r.Body)
			}
			seen[i] <- fmt.Sprintf("%s %s %q", r.Method, r.URL, read.String())
		})
		services[i].start(f)
	}
	f.Fuzz(func(t *testing.T, sent []byte, first, second uint16) {
		if bytes.Count(sent, []byte("\n")) > cap(seen[0]) {
			t.Skip("more requests than are kept")
		}
		var got [2][]string
		for i, s := range services {
			conn := s.dial(t)
			go func() { _ = send(conn, sent, int(first), int(second)) }() // the service may close first
			_, _ = io.Copy(io.Discard, conn)                              // until the service has seen all and closes
			_ = conn.Close()
			for len(seen[i]) > 0 {
				got[i] = append(got[i], <-seen[i])
			}
		}
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("got %q, want %q", got[0], got[1])
		}
	})
}

// BenchmarkDrain is a request of 75 kB that is refused, with what it costs the client.
func BenchmarkDrain(b *testing.B) {
	for _, way := range []struct {
		name  string
		drain func(*http.Request)
	}{{"skipped", sockets.Drain}, {"copied", drainSlowly}} {
		b.Run(way.name, func(b *testing.B) {
			s := newService(b, drainer(way.drain)).start(b)
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
