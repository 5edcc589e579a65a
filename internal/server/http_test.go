package server_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/server"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
)

func TestHead(t *testing.T) {
	s := start(t, settings())
	for _, path := range []string{"/", "/performance?filter=overall", "/args", "/args/analyzer", "/docs", "/redoc", "/openapi.json", "/postman.json", "/docs/swagger-ui.css"} {
		t.Run(path, func(t *testing.T) {
			get := s.ask(t, http.MethodGet, path, nil, "")
			head := s.ask(t, http.MethodHead, path, nil, "")
			if head.status != http.StatusOK || head.body != "" {
				t.Errorf("got %d with %q", head.status, head.body)
			}
			if diff := cmp.Diff(head.header.Get("Content-Type"), get.header.Get("Content-Type")); diff != "" {
				t.Error(diff)
			}
			// The timestamp may have lost its fraction, and HEAD is a letter longer than GET.
			if diff := head.length - get.length; diff < -7 || diff > 8 {
				t.Errorf("got a length of %d, want that of %d", head.length, get.length)
			}
		})
	}
}

func TestTrailingSlash(t *testing.T) {
	s := start(t, settings())
	tests := []struct{ name, method, path, want string }{
		{"with a query", "GET", "/performance/?filter=overall", "/performance?filter=overall"},
		{"more than one", "GET", "/args//", "/args"},
		{"HEAD", "HEAD", "/args/", "/args"},
		{"POST", "POST", "/predict/", "/predict"},
		{"a method that the route has not", "DELETE", "/predict/", "/predict"},
		{"escaped slashes", "GET", "/args/a%20b%2F/", "/args/a%20b"},
		{"a space", "GET", "/args/a%20b/", "/args/a%20b"},
		{"no text", "GET", "/args/%ff%0d%0a/", "/args/%FF%0D%0A"},
		{"a query to quote", "GET", "/performance/?filter=%22&a;b", "/performance?filter=%22&a;b"},
		{"docs", "GET", "/docs/", "/docs"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, test.method, test.path, nil, "")
			if answer.status != http.StatusTemporaryRedirect {
				t.Fatalf("%d: %s", answer.status, answer.body)
			}
			if diff := cmp.Diff(answer.header.Get("Location"), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a URL of an answer is when the client did not send the usual.
func TestURL(t *testing.T) {
	s := start(t, settings())
	tests := []struct{ name, request, want string }{
		{"a host of its own", "GET /args?x HTTP/1.1\r\nHost: example.org:99\r\n\r\n", "http://example.org:99/args?x"},
		{"a target with a host", "GET http://example.org/args HTTP/1.1\r\nHost: other\r\n\r\n", "http://example.org/args"},
		{"no host", "GET /args HTTP/1.0\r\n\r\n", s.url + "/args"},
		{"a target to quote", "GET /nope?\"\\\xc3\xa9\xff HTTP/1.1\r\nHost: a\r\n\r\n", "http://a/nope?\"\\é\ufffd"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decodeEnvelope(t, s.raw(t, test.request, 1)[0].body)
			if diff := cmp.Diff(got.URL, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A 413 says how much a body may have.
func TestTooLargeNamesLimit(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 100 }))
	got := s.ask(t, http.MethodPost, "/predict", nil, strings.Repeat(" ", 101))
	if diff := cmp.Diff(string(decodeEnvelope(t, got.body).Detail), `"The body is larger than the limit of 100 bytes"`); diff != "" {
		t.Error(diff)
	}
}

const payload = `{"texts":[{"text":"CNNs for image segmentation."}]}`

func TestChunkedBody(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 100 }))
	send := func(body string) answer {
		return s.raw(t, fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n",
			10, body[:10], len(body)-10, body[10:]), 1)[0]
	}
	if got := send(payload); got.status != http.StatusOK {
		t.Errorf("got %d", got.status)
	}
	if got := send(payload + strings.Repeat(" ", 100)); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", got.status)
	}
	broken := s.raw(t, "POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 1)[0]
	if broken.status != http.StatusBadRequest {
		t.Errorf("got %d", broken.status)
	}
}

func TestPipelinedRequests(t *testing.T) {
	s := start(t, settings())
	request := fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(payload), payload)
	for _, answer := range s.raw(t, strings.Repeat(request, 3), 3) {
		if answer.status != http.StatusOK {
			t.Errorf("got %d", answer.status)
		}
	}
}

// Every answer says how long it is, also one that comes before the body.
func TestLengths(t *testing.T) {
	s := start(t, settings())
	for size := 700; size < 2200; size += 7 { // the answers have some 200 bytes more
		got := s.ask(t, http.MethodPost, "/predict", jsonBody, fmt.Sprintf(`{"texts":[{"text":%q}]}`, strings.Repeat("a", size)))
		if got.status != http.StatusOK || got.length != int64(len(got.body)) {
			t.Errorf("got %d with the length %d, want %d", got.status, got.length, len(got.body))
		}
	}
	early := s.raw(t, "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n{", 1)[0]
	if early.status != http.StatusRequestEntityTooLarge || early.length != int64(len(early.body)) {
		t.Errorf("before the body: got %d with the length %d, want %d", early.status, early.length, len(early.body))
	}
}

// A client that promises a body and sends half of it, or none.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	s := start(t, settings(func(c *config.Settings) {
		c.ReadTimeout = time.Second // a busy machine takes its time to read what is there
		c.ReadHeaderTimeout = time.Second
	}))
	got := s.raw(t, "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{", 1)[0]
	if got.status != http.StatusRequestTimeout {
		t.Errorf("got %d", got.status)
	}
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET / HT"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection of half a header stays: %v", err)
	}
}

func TestBrokenClient(t *testing.T) {
	s := start(t, settings())
	for range 10 {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{")
		_ = conn.Close()
	}
	if answer := s.ask(t, http.MethodPost, "/predict", nil, payload); answer.status != http.StatusOK {
		t.Errorf("%d: %s", answer.status, answer.body)
	}
}

func TestLargeHeader(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxHeaderBytes = 1 << 10 }))
	got := s.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nX-A: "+strings.Repeat("a", 8<<10)+"\r\n\r\n", 1)[0]
	if got.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", got.status)
	}
}

// Requests at the same time do not see each other's texts.
func TestConcurrentRequests(t *testing.T) {
	s := start(t, settings())
	for i := range 8 {
		t.Run(fmt.Sprint("client ", i), func(t *testing.T) {
			t.Parallel()
			for j := range 20 {
				text := strings.Repeat(fmt.Sprintf("text %d of client %d ", j, i), i+1)
				request, _ := json.Marshal(classify.PredictPayload{Texts: []classify.Text{{Text: text}}})
				answer := s.ask(t, http.MethodPost, "/predict", jsonBody, string(request))
				var got struct {
					exchange.Envelope
					Data server.Predictions `json:"data"`
				}
				if err := json.Unmarshal([]byte(answer.body), &got); err != nil {
					t.Fatal(err)
				}
				if len(got.Data.Predictions) != 1 || got.Data.Predictions[0].InputText != text {
					t.Errorf("got %s for %q", answer.body, text)
				}
			}
		})
	}
}

// With the setting, HTTP/2 is spoken without TLS as well, beside HTTP/1.1.
func TestH2C(t *testing.T) {
	for _, on := range []bool{true, false} {
		s := start(t, settings(func(c *config.Settings) { c.H2C = on }))
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		t.Cleanup(transport.CloseIdleConnections)
		response, err := (&http.Client{Transport: transport}).Post(s.url+"/predict", "application/json", strings.NewReader(payload))
		if on != (err == nil) {
			t.Fatalf("h2c is %t: %v", on, err)
		}
		if err == nil {
			_ = response.Body.Close()
			if response.ProtoMajor != 2 || response.StatusCode != http.StatusOK {
				t.Errorf("got %s with %d", response.Proto, response.StatusCode)
			}
		}
		if got := s.ask(t, http.MethodPost, "/predict", jsonBody, payload); got.status != http.StatusOK {
			t.Errorf("by HTTP/1.1: got %d", got.status)
		}
	}
}
