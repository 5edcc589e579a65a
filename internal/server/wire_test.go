package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
)

// What clients of the service make of bodies, besides what is in [TestPredictInvalid].
func TestHostileBodies(t *testing.T) {
	s := start(t, settings())
	const (
		texts  = `"texts":[{"text":"a"}]`
		one    = `{` + texts + `}`
		beyond = `[{"loc":["body",%d],"msg":"more follows the end of the document: line %d column %d (char %d)","type":"value_error.jsondecode",` +
			`"ctx":{"msg":"more follows the end of the document","pos":%[1]d,"lineno":%[2]d,"colno":%[3]d}}]`
	)
	list := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	tests := []struct {
		name, body string
		status     int
		detail     string // "" for a success
	}{
		{"as deep as may be", `{"x":` + list(969) + `,` + texts + `}`, 200, ""},
		{"a level too deep", `{"x":` + list(970) + `,` + texts + `}`, 400, `"There was an error parsing the body"`},
		{"far too deep", list(100_000), 400, `"There was an error parsing the body"`},
		{"deep where a text belongs", `{"texts":[{"text":` + list(500) + `}]}`, 422, `[{"loc":["body","texts",0,"text"],"msg":"str type expected","type":"type_error.str"}]`},
		{"a large number", `{"x":1e99999,` + texts + `}`, 200, ""},
		{"a long number", `{"x":` + strings.Repeat("9", 4300) + `,` + texts + `}`, 200, ""},
		{"too long a number", `{"x":` + strings.Repeat("9", 4301) + `,` + texts + `}`, 400, `"There was an error parsing the body"`},
		{"keys twice", `{"texts":[],"texts":[{"text":"","text":"a"}]}`, 200, ""},
		{"two documents", one + one, 422, fmt.Sprintf(beyond, 24, 1, 25, 24)},
		{"two lines", one + "\n" + one, 422, fmt.Sprintf(beyond, 25, 2, 1, 25)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, http.MethodPost, "/predict", jsonBody, test.body)
			if answer.status != test.status {
				t.Errorf("got %d, want %d", answer.status, test.status)
			}
			if diff := cmp.Diff(string(decodeEnvelope(t, answer.body).Detail), test.detail); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A client that asks before it sends is told to go on, or at once why not.
func TestExpectContinue(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 100 }))
	const fine = "Content-Type: application/json\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(payload))
	tests := []struct {
		name, header string
		status       int // of the first answer
		detail       string
	}{
		{"fine", fine + length, 100, ""},
		{"too large", fine + "Content-Length: 101\r\n", 413, "The body is larger than the limit of 100 bytes"},
		{"compressed", fine + length + "Content-Encoding: br\r\n", 415, "Content-Encoding is not supported"},
		{"compressed chunks", fine + "Transfer-Encoding: chunked\r\nContent-Encoding: br\r\n", 415, "Content-Encoding is not supported"},
		{"another type", "Content-Type: text/plain\r\n" + length, 422, "value is not a valid dict"},
		{"chunks of another type", "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n", 422, "value is not a valid dict"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, "POST /predict HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"+test.header+"\r\n"); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(conn)
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := read(t, response)
			if got.status != test.status {
				t.Fatalf("got %d, want %d: %s", got.status, test.status, got.body)
			}
			if test.status != http.StatusContinue {
				if detail := string(decodeEnvelope(t, got.body).Detail); !strings.Contains(detail, test.detail) {
					t.Errorf("got %s, want %s", detail, test.detail)
				}
				return
			}
			if _, err := io.WriteString(conn, payload); err != nil {
				t.Fatal(err)
			}
			if response, err = http.ReadResponse(reader, nil); err != nil {
				t.Fatal(err)
			}
			if got := read(t, response); got.status != http.StatusOK {
				t.Errorf("got %d: %s", got.status, got.body)
			}
		})
	}
}

// What a body of another type or of no known length is taken for.
func TestBodyLengths(t *testing.T) {
	s := start(t, settings())
	tests := []struct {
		name, request string
		status        int
		msg           string
	}{
		{"no length", "\r\n", 422, "field required"},
		{"nothing, of another type", "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n", 422, "field required"},
		{"no chunks, of another type", "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 422, "field required"},
		{"a chunk of another type", "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 422, "value is not a valid dict"},
		{"chunks and a length", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 422, "field required"},
		{"two types, of which the first counts", "Content-Type: text/plain\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 422, "value is not a valid dict"},
		{"a body that ends early", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n-1\r\n\r\n", 400, "There was an error parsing the body"},
		{"compressed", "Content-Encoding: BR\r\nContent-Length: 2\r\n\r\n{}", 415, "send the body as it is"},
		{"compressed, it says, to nothing", "Content-Encoding: br\r\n\r\n", 415, "send the body as it is"},
		{"encoded as it is", "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 422, "field required"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.raw(t, "POST /predict HTTP/1.1\r\nHost: a\r\n"+test.request, 1)[0]
			if got.status != test.status || !strings.Contains(got.body, test.msg) {
				t.Errorf("got %d, %s", got.status, got.body)
			}
		})
	}
}

// Requests that few clients send. Where net/http itself answers, as no request could
// be made of what came, there is no envelope: its answers are short plain text.
func TestRequests(t *testing.T) {
	s := start(t, settings())
	const path = "/args/analyzer"
	tests := []struct {
		name, request string
		status        int
		url           string // of the envelope; "" where there is none
	}{
		{"any host", "GET " + path + " HTTP/1.1\r\nHost: example.org:1\r\n\r\n", 200, "http://example.org:1" + path},
		{"an empty host", "GET " + path + " HTTP/1.1\r\nHost:\r\n\r\n", 200, s.url + path},
		{"HTTP/1.0", "GET " + path + " HTTP/1.0\r\nHost: a\r\n\r\n", 200, "http://a" + path},
		{"HTTP/1.0 without a host", "GET " + path + " HTTP/1.0\r\n\r\n", 200, s.url + path},
		{"a body where none belongs", "GET " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 200, "http://a" + path},
		{"many headers", "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X-A: a\r\n", 500) + "\r\n", 200, "http://a" + path},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404, "http://a*"},
		{"CONNECT", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", 404, "http://example.org:443example.org:443"},
		{"no host", "GET " + path + " HTTP/1.1\r\n\r\n", 400, ""},
		{"two hosts", "GET " + path + " HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, ""},
		{"no such host can be", "GET " + path + " HTTP/1.1\r\nHost: a b\r\n\r\n", 400, ""},
		{"a percent that escapes nothing", "GET /args/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
		{"no version", "GET " + path + "\r\n\r\n", 400, ""},
		{"a version to come", "GET " + path + " HTTP/2.0\r\nHost: a\r\n\r\n", 505, ""},
		{"a negative length", "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, ""},
		{"compressed for the way", "POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, ""},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, ""},
		{"too long a path", "GET /" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 431, ""},
		{"another expectation", "POST /predict HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\nContent-Length: 2\r\n\r\n{}", 417, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.raw(t, test.request, 1)[0]
			if got.status != test.status {
				t.Fatalf("got %d, want %d: %s", got.status, test.status, got.body)
			}
			if test.url == "" {
				if got.header.Get("Content-Type") == "application/json" || strings.Contains(got.body, "\n") {
					t.Errorf("got %s, want a line of text", got.body)
				}
				return
			}
			if diff := cmp.Diff(decodeEnvelope(t, got.body).URL, test.url); diff != "" {
				t.Error(diff)
			}
		})
	}
}
