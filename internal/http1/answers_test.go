package http1_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// naive serves as a service does, by net/http alone, and logs to log.
func (s *service) naive(t *testing.T, logs io.Writer) net.Addr {
	t.Helper()
	twin := httptest.NewUnstartedServer(s.HTTP.Handler)
	twin.Config.ErrorLog = log.New(logs, "", 0)
	twin.Config.ReadHeaderTimeout = s.HTTP.ReadHeaderTimeout
	if s.settings == nil {
		twin.Start()
	} else {
		twin.TLS, twin.EnableHTTP2 = s.settings.Clone(), true
		twin.StartTLS()
	}
	t.Cleanup(twin.Close)
	return twin.Listener.Addr()
}

// exchange sends some requests, and returns all that the client sees of the answers, and whether the
// connection serves another request.
func (c *client) exchange(requests ...string) string {
	c.t.Helper()
	var raw bytes.Buffer
	c.answers = bufio.NewReader(io.TeeReader(c, &raw))
	writing := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, strings.Join(requests, ""))
		writing <- err
	}()
	var seen strings.Builder
	for n := 1; ; n++ {
		answer, err := http.ReadResponse(c.answers, nil)
		if err != nil {
			fmt.Fprintln(&seen, "closed")
			break
		}
		// Without a reason net/http writes one of its own, as in 499 status code 499.
		fmt.Fprintln(&seen, answer.StatusCode, answer.Proto, answer.TransferEncoding, answer.ContentLength, answer.Close)
		date := answer.Header["Date"]
		fmt.Fprintln(&seen, len(date), "dates")
		delete(answer.Header, "Date")
		for name, values := range sorted(answer.Header) {
			fmt.Fprintf(&seen, "%s: %q\n", name, values)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		fmt.Fprintf(&seen, "%d bytes, cut off: %t: %.1000s\n", len(body), err != nil, body)
		if err != nil {
			break
		}
		if answer.StatusCode == http.StatusOK && answer.Header.Get("X-Last") != "" {
			fmt.Fprintln(&seen, "open")
			break
		}
		if answer.Close || n < len(requests) {
			continue
		}
		if err := <-writing; err != nil {
			fmt.Fprintln(&seen, "not all could be sent")
			break
		}
		go func() {
			_, err := io.WriteString(c, "GET /last HTTP/1.1\r\nHost: a\r\n\r\n")
			writing <- err
		}()
	}
	_ = c.Close()
	for line := range strings.Lines(raw.String()) { // of which package http shows less
		if strings.HasPrefix(line, "Connection:") {
			seen.WriteString(line)
		}
	}
	return seen.String()
}

func sorted(header http.Header) func(yield func(string, []string) bool) {
	return func(yield func(string, []string) bool) {
		var names []string
		for name := range header {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if !yield(name, header[name]) {
				return
			}
		}
	}
}

// An answer can come before the body. Unless it is the last, the client can go on then.
func TestEarly(t *testing.T) { both(t, testEarly) }

func testEarly(t *testing.T, start starter) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Last") != "" {
			w.Header().Set("Connection", "close")
		} else if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		flush(w)
	})
	for _, field := range []string{"Last: 1", "Last:"} {
		refused := post(strings.Repeat("x", 75_000), field)
		c := s.send(refused[:1000])
		answer, err := http.ReadResponse(c.answers, nil)
		if err != nil || answer.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("%s: before the body has come: %v, %v", field, answer, err)
		}
		c.send(refused[1000:])
		if b, err := io.ReadAll(answer.Body); len(b) > 0 || err != nil {
			t.Errorf("%s: got %q, %v", field, b, err)
		}
		_ = answer.Body.Close()
		if answer.Close {
			c.wantsEnd()
			continue
		}
		c.send(get)
		c.wants(http.StatusServiceUnavailable, "")
	}
}

// choose answers with the form that the path names, and tells the client when it is asked for the
// last time.
func choose(w http.ResponseWriter, r *http.Request) {
	form := strings.TrimPrefix(r.URL.Path, "/")
	switch h := answering[form]; {
	case form == "last":
		w.Header().Set("X-Last", "1")
	case h == nil:
		answering["what was asked"](w, r)
	default:
		h(w, r)
	}
}

// Whatever a handler answers, and whatever it is asked, a client sees the same as with net/http.
func TestAnswers(t *testing.T) { both(t, testAnswers) }

func testAnswers(t *testing.T, start starter) {
	requests := map[string]string{
		"GET":                   get,
		"POST":                  post("0123456789abcdefghij"),
		"POST of 75 kB":         post(strings.Repeat("x", 75_000)),
		"POST of 256 kB":        post(strings.Repeat("x", 256<<10-1)),
		"POST of 300 kB":        post(strings.Repeat("x", 300_000)),
		"POST of an empty body": post(""),
	}
	s := start(t, choose)
	twin := s.naive(t, io.Discard)
	for form := range answering {
		t.Run(form, func(t *testing.T) {
			for asked, request := range requests {
				request = strings.Replace(request, " / ", " /"+url.PathEscape(form)+" ", 1)
				if got, want := s.send("").exchange(request), dial(t, twin, s.client).exchange(request); got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", asked, got, want)
				}
			}
			if got := s.handedOver.Load(); got != 0 {
				t.Errorf("%d connections went to net/http", got)
			}
		})
	}
	for asked, request := range foreign {
		if asked == "HEAD" || asked == "a line feed" {
			continue // the answer has a length and no body; net/http waits for more
		}
		t.Run(asked, func(t *testing.T) {
			for _, requests := range [][]string{{request}, {get, request}, {post("abc"), request}} {
				if got, want := s.send("").exchange(requests...), dial(t, twin, s.client).exchange(requests...); got != want {
					t.Errorf("%q: got\n%s\nwant\n%s", requests, got, want)
				}
			}
		})
	}
}
