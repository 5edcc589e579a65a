package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// A serving is a service that a test has started.
type serving struct {
	addr, admin string
	log         chan logLine
}

// startServe starts the service on free ports until the test ends.
func startServe(t *testing.T, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stderr, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"serve", "--addr", "127.0.0.1:0", "--drain-delay", "0s"}, args...), strings.NewReader(""), io.Discard, w)
		_ = w.Close()
		ended <- code
	}()
	s := &serving{log: make(chan logLine, 1000)}
	go func() {
		defer close(s.log)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line logLine
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Errorf("the log is not JSON: %v in %q", err, lines.Text())
			}
			s.log <- line
		}
	}()
	t.Cleanup(func() {
		cancel()
		if diff := cmp.Diff(<-ended, success); diff != "" {
			t.Error(diff)
		}
	})
	line := s.logged(t, "serving")
	s.addr, s.admin = line.Addr, line.Admin
	return s
}

// logged waits for a line of the log with this message.
func (s *serving) logged(t *testing.T, message string) logLine {
	t.Helper()
	for {
		select {
		case line, ok := <-s.log:
			if !ok {
				t.Fatalf("nothing was logged with the message %q", message)
			}
			if line.Message == message {
				return line
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("nothing is logged with the message %q", message)
		}
	}
}

// Every flag of serve does what it says.
func TestServeFlags(t *testing.T) {
	addr := startServe(t, "--max-body-bytes", "100", "--max-texts", "2", "--max-text-length", "5",
		"--root-path", "/tagger", "--trusted-proxies", "10.0.0.0/8,127.0.0.1", "--cors-origins", "https://a.example,https://b.example").addr
	tests := []struct {
		name, method, path, body string
		header, value            string // of the request
		status                   int
		want                     string // in the header or body of the answer
	}{
		{"fine", "POST", "/predict", `{"texts":[{"text":"12345"}]}`, "", "", 200, `"url":"http://` + addr + `/tagger/predict"`},
		{"body", "POST", "/predict", strings.Repeat(" ", 101), "", "", 413, "Request Entity Too Large"},
		{"texts", "POST", "/predict", `{"texts":[{},{},{}]}`, "", "", 422, "at most 2 items"},
		{"length", "POST", "/predict", `{"texts":[{"text":"123456"}]}`, "", "", 422, "at most 5 characters"},
		{"root path", "GET", "/args/", "", "", "", 307, "Location: /tagger/args\r\n"},
		{"trusted proxy", "GET", "/", "", "X-Forwarded-Proto", "https", 200, `"url":"https://` + addr + `/tagger/"`},
		{"origin", "GET", "/", "", "Origin", "https://b.example", 200, "Access-Control-Allow-Origin: https://b.example\r\n"},
	}
	client := http.Client{
		Transport:     new(http.Transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, "http://"+addr+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.header != "" {
				r.Header.Set(test.header, test.value)
			}
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var got strings.Builder
			_ = response.Header.Write(&got) // a Builder takes everything
			if _, err := io.Copy(&got, response.Body); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || !strings.Contains(got.String(), test.want) {
				t.Errorf("got %d, want %d with %s in %s", response.StatusCode, test.status, test.want, got.String())
			}
		})
	}
	client.CloseIdleConnections()
}
