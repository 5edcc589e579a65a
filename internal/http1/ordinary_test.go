package http1_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

const chromium = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36"

// What common clients send is ordinary. The bytes are those that came over a connection.
func TestOrdinary(t *testing.T) {
	tests := []struct{ name, request string }{
		{"curl 7.88 GET", "GET /health HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"},
		{"curl 7.88 POST", "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{\"texts\":[{\"text\":\"a\"}]}"},
		{"Go 1.26 GET", "GET /health HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n"},
		{"Go 1.26 POST", "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 12\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n{\"texts\":[]}"},
		{"requests 2.34 GET", "GET /health?a=b%20c HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nUser-Agent: python-requests/2.34.2\r\nAccept-Encoding: gzip, deflate, br\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"},
		{"requests 2.34 POST", "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nUser-Agent: python-requests/2.34.2\r\nAccept-Encoding: gzip, deflate, br\r\nAccept: */*\r\nConnection: keep-alive\r\nContent-Length: 26\r\nContent-Type: application/json\r\n\r\n{\"texts\": [{\"text\": \"a\"}]}"},
		{"httpx 0.28 POST", "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nUser-Agent: python-httpx/0.28.1\r\nContent-Length: 24\r\nContent-Type: application/json\r\n\r\n{\"texts\":[{\"text\":\"a\"}]}"},
		{"http.client of Python 3.11", "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nAccept-Encoding: identity\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"},
		{"aiohttp 3.14", "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br\r\nUser-Agent: Python/3.11 aiohttp/3.14.5\r\nContent-Length: 13\r\nContent-Type: application/json\r\n\r\n{\"texts\": []}"},
		{"wrk 4.1", "GET /health HTTP/1.1\r\nHost: 127.0.0.1:27431\r\n\r\n"},
		{"fetch of Node 20 GET", "GET /health HTTP/1.1\r\nhost: 127.0.0.1:27431\r\nconnection: keep-alive\r\naccept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\naccept-encoding: gzip, deflate\r\n\r\n"},
		{"fetch of Node 20 POST", "POST /predict HTTP/1.1\r\nhost: 127.0.0.1:27431\r\nconnection: keep-alive\r\nContent-Type: application/json\r\naccept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\naccept-encoding: gzip, deflate\r\ncontent-length: 12\r\n\r\n{\"texts\":[]}"},
		{"http of Node 20", "POST /predict HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\nHost: 127.0.0.1:27431\r\nConnection: keep-alive\r\n\r\n{}"},
		{"Chromium 156", "GET /page HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nConnection: keep-alive\r\nsec-ch-ua: \"Not:A-Brand\";v=\"8\", \"Chromium\";v=\"156\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\nUser-Agent: " + chromium + "\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n"},
		{"fetch of Chromium 156", "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:27431\r\nConnection: keep-alive\r\nContent-Length: 24\r\nsec-ch-ua-platform: \"Linux\"\r\nUser-Agent: " + chromium + "\r\nsec-ch-ua: \"Not:A-Brand\";v=\"8\", \"Chromium\";v=\"156\"\r\nContent-Type: application/json\r\nsec-ch-ua-mobile: ?0\r\nAccept: */*\r\nOrigin: http://127.0.0.1:27431\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: http://127.0.0.1:27431/page\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n{\"texts\":[{\"text\":\"a\"}]}"},
	}
	s := start(t, echo)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, body, _ := strings.Cut(test.request, "\r\n\r\n")
			c := s.send(test.request)
			c.wants(http.StatusOK, body)
			if got := s.handedOver.Load(); got != 0 {
				t.Errorf("it went to net/http")
			}
			c.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
			c.wants(http.StatusOK, "")
			if got := s.handedOver.Swap(0); got != 1 {
				t.Errorf("OPTIONS did not go to net/http") // so that the above can fail
			}
		})
	}
}

// foreign are requests that are not ordinary, by what is odd about them.
var foreign = map[string]string{
	"another method":                "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
	"HEAD":                          "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
	"OPTIONS *":                     "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
	"CONNECT":                       "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
	"a method in lower case":        "get / HTTP/1.1\r\nHost: a\r\n\r\n",
	"HTTP/1.0":                      "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
	"HTTP/1.2":                      "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
	"HTTP/2.0":                      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
	"no version":                    "GET /\r\nHost: a\r\n\r\n",
	"two spaces":                    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
	"a space in the target":         "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
	"a space behind the version":    "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
	"a tab in the request line":     "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
	"an absolute target":            "GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n",
	"two slashes":                   "GET //b/c HTTP/1.1\r\nHost: a\r\n\r\n",
	"a target without a slash":      "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
	"a fragment":                    "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
	"no escape":                     "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
	"a target that is not ASCII":    "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
	"a NUL in the target":           "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
	"no header":                     "GET / HTTP/1.1\r\n\r\n",
	"no Host":                       "GET / HTTP/1.1\r\nAccept: b\r\n\r\n",
	"an empty Host":                 "GET / HTTP/1.1\r\nHost:\r\n\r\n",
	"two Hosts":                     "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	"two Hosts alike":               "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
	"two Hosts, the first empty":    "GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n",
	"two Hosts, the second empty":   "GET / HTTP/1.1\r\nHost: a\r\nHost:\r\n\r\n",
	"a Host with a user":            "GET / HTTP/1.1\r\nHost: b@a\r\n\r\n",
	"a Host with a space":           "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
	"a Host with a path":            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
	"a continued line":              "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
	"a first line that continues":   "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
	"a space before a colon":        "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
	"a space before CL's colon":     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc",
	"no name":                       "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n",
	"no colon":                      "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
	"a name that is no token":       "GET / HTTP/1.1\r\nHost: a\r\nX(): 1\r\n\r\n",
	"a NUL in a value":              "GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
	"a carriage return in a value":  "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n",
	"a line feed in the header":     "GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n",
	"a value that is not ASCII":     "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa4\r\n\r\n",
	"line feeds only":               "GET / HTTP/1.1\nHost: a\n\n",
	"a line feed, then both":        "GET / HTTP/1.1\nHost: a\r\n\r\n",
	"line feeds behind both":        "GET / HTTP/1.1\r\nHost: a\n\n",
	"a line feed as the last":       "GET / HTTP/1.1\r\nHost: a\r\n\n",
	"a line feed before the last":   "GET / HTTP/1.1\r\nHost: a\n\r\n",
	"an empty line before":          "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"chunks":                        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"chunks and a length":           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"a length and chunks":           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
	"another transfer coding":       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
	"a coding that identity is":     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
	"two lengths":                   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
	"two lengths alike":             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
	"a list of lengths":             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
	"a length with a sign":          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
	"a negative length":             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
	"a length in hex":               "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc",
	"a length with an underscore":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nabc",
	"an empty length":               "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc",
	"a length beyond all":           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
	"a length of many digits":       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0000000000000003\r\n\r\nabc",
	"an end":                        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	"two connection options":        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n",
	"an end in the second line":     "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
	"an upgrade":                    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	"an expectation":                "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
	"another expectation":           "POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 3\r\n\r\nabc",
	"Pragma":                        "GET / HTTP/1.1\r\nHost: a\r\nPragma: no-cache\r\n\r\n",
	"a trailer":                     "GET / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\n\r\n",
	"33 fields":                     "GET / HTTP/1.1\r\nHost: a\r\n" + fields(32) + "\r\n",
	"a head of more than 4 KiB":     "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 4100) + "\r\n\r\n",
	"a target of more than 4 KiB":   "GET /" + strings.Repeat("x", 4100) + " HTTP/1.1\r\nHost: a\r\n\r\n",
	"HTTP/2 without an agreement":   "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"the first bytes of TLS":        "\x16\x03\x01\x00\x05\n\r\n\r\n",
	"something else":                "220 mail.example ESMTP\r\n\r\n",
	"a line feed":                   "\n",
	"a smuggled request in a value": "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\tGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
}

// fields returns so many lines of a header.
func fields(n int) string {
	lines := ""
	for i := range n {
		lines += fmt.Sprintf("X-%d: %d\r\n", i, i)
	}
	return lines
}

// What is not ordinary goes to net/http, also behind a request that is, and TestAnswers compares
// what becomes of it there.
func TestForeign(t *testing.T) { both(t, testForeign) }

func testForeign(t *testing.T, start starter) {
	s := start(t, echo)
	for name, request := range foreign {
		t.Run(name, func(t *testing.T) {
			for _, before := range []string{"", get, post("abc")} {
				c := s.send(before + request)
				_ = c.CloseWrite()
				eventually(t, "it goes to net/http", func() bool { return s.handedOver.Load() == 1 })
				s.handedOver.Store(0)
				_ = c.Close()
			}
		})
	}
}

// The limits of what is ordinary.
func TestOrdinaryAtMost(t *testing.T) {
	s := start(t, echo)
	for name, request := range map[string]string{
		"32 fields":       "GET / HTTP/1.1\r\nHost: a\r\n" + fields(31) + "\r\n",
		"a head of 4 KiB": "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 4096-len("GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n")) + "\r\n\r\n",
		"a tab":           "GET / HTTP/1.1\r\nHost:\ta\t\r\nX:\t1\t2\t\r\n\r\n",
		"no values":       "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nX: \r\n\r\n",
		"IPv6":            "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		"GET with a body": "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s.send(request).wants(http.StatusOK, "")
			if s.handedOver.Swap(0) != 0 {
				t.Error("it went to net/http")
			}
		})
	}
}

// A client that ends in the middle of a request is told so, and not waited for.
func TestHalf(t *testing.T) { both(t, testHalf) }

func testHalf(t *testing.T, start starter) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v", body, err)
	})
	for cut := range len(get) {
		c := s.send(get[:cut])
		_ = c.CloseWrite()
		if cut > 0 {
			c.wants(http.StatusBadRequest, "400 Bad Request") // by net/http
		}
		c.wantsEnd()
	}
	if got := s.active.Load(); got != int32(len(get)-1) {
		t.Errorf("%d connections have been active", got)
	}
	sent := post("abc")
	c := s.send(sent[:len(sent)-1])
	_ = c.CloseWrite()
	c.wants(http.StatusOK, "ab unexpected EOF")
	began := time.Now()
	if err := s.stop(time.Minute); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 400*time.Millisecond {
		t.Errorf("its connection was there for %s", took)
	}
}

// A client of net/http whose body is too long to read is told at once that nothing more comes.
func TestForeignBody(t *testing.T) { both(t, testForeignBody) }

func testForeignBody(t *testing.T, start starter) {
	s := start(t, func(w http.ResponseWriter, _ *http.Request) { write(w, 3, 1) })
	began := time.Now()
	c := s.send(strings.Replace(post(strings.Repeat("x", 300_000)), "POST", "PUT", 1))
	c.wants(http.StatusOK, "xxx")
	c.wantsEnd()
	if took := time.Since(began); took > 400*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

// The files of a form are gone with its request.
func TestFormFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
		}
		files, _ := os.ReadDir(os.TempDir())
		fmt.Fprint(w, len(files))
	})
	part := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" + strings.Repeat("x", 1<<20) + "\r\n--b--\r\n"
	c := s.send(post(part, `Content-Type: multipart/form-data; boundary=b`))
	c.wants(http.StatusOK, "1")
	eventually(t, "the file is gone", func() bool {
		files, err := os.ReadDir(os.TempDir())
		return len(files) == 0 && err == nil
	})
}
