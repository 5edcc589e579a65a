package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every flag of serve does what it says.
func TestServeFlags(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stderr, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		args := []string{"serve", "--addr", "127.0.0.1:0", "--max-body-bytes", "100", "--max-texts", "2", "--max-text-length", "5",
			"--root-path", "/tagger", "--trusted-proxies", "10.0.0.0/8,127.0.0.1", "--cors-origins", "https://a.example,https://b.example"}
		code := run(ctx, args, strings.NewReader(""), io.Discard, w)
		_ = w.Close()
		ended <- code
	}()
	log := bufio.NewScanner(stderr)
	addr := ""
	for addr == "" && log.Scan() {
		if line := parse[logLine](t, log.Text()); line.Message == "serving" {
			addr = line.Addr
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()

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
	cancel()
	if diff := cmp.Diff(<-ended, success); diff != "" {
		t.Error(diff)
	}
}
