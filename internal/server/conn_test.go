package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"tagifai/internal/config"
)

// manyTexts is a request whose answer is much larger than what the kernel keeps.
func manyTexts(n int) string {
	body := `{"texts":[` + strings.TrimSuffix(strings.Repeat(`{"text":"a"},`, n), ",") + `]}`
	return fmt.Sprintf("POST /predict?include=probabilities HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// A client that takes nothing of a large answer holds its share of the memory until it is
// cut off. Who comes meanwhile and finds no room is answered at once, and small requests
// always.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	s := start(t, settings(func(c *config.Settings) {
		c.MaxHeldBytes = 1 << 20
		c.MaxBodyBytes = 128 << 10
		c.SendBuffer = 4 << 10
		c.MinRate = 1000
		c.MinRateOver = 3 * time.Second
	}))
	request := manyTexts(8000)
	s.send(t, request)
	s.waitForFree(t, 600<<10)
	for range 3 {
		begin := time.Now()
		if got := readAnswer(t, s.send(t, request)); got.status != http.StatusServiceUnavailable {
			t.Errorf("without room: got %d: %.300s", got.status, got.body)
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("without room: answered after %s", took)
		}
		if got := s.ask(t, http.MethodPost, "/predict", jsonBody, oneText); got.status != http.StatusOK {
			t.Errorf("a small request: got %d: %s", got.status, got.body)
		}
	}
	predicted := 0
	for series, value := range scrape(t, s) {
		if strings.HasPrefix(series, "tagifai_predicted_texts_total{") {
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Errorf("%s: %v", series, err)
			}
			predicted += n
		}
	}
	if most := 8000 + 3; predicted > most {
		t.Errorf("%d texts were predicted, want at most %d: what finds no room is not", predicted, most)
	}
	for end := time.Now().Add(10 * time.Second); s.Free() < 1<<20; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the client was not cut off")
		}
	}
	if got := scrape(t, s)["tagifai_cut_off_connections_total"]; got != "1" {
		t.Errorf("got %s connections that were cut off, want 1", got)
	}
}

// A client that reads slowly, but not too slowly, gets all of a large answer, which has
// the length that its header says, and the connection goes on.
func TestSlowReaderKeepsPace(t *testing.T) {
	const timeout = time.Second // which reading the answer takes longer than
	s := start(t, settings(func(c *config.Settings) {
		c.SendBuffer = 16 << 10
		c.MinRate = 20_000
		c.MinRateOver = timeout
		c.ReadHeaderTimeout = timeout
		c.ReadTimeout = timeout
	}))
	begin := time.Now()
	conn := s.send(t, manyTexts(10_000)+"GET /args/analyzer HTTP/1.1\r\nHost: a\r\n\r\n")
	reader := bufio.NewReader(readSlowly{conn})
	for i := range 2 {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		got := read(t, response)
		decodeEnvelope(t, got.body)
		if got.status != http.StatusOK || got.length != int64(len(got.body)) {
			t.Errorf("answer %d: got %d with %d bytes of %d", i, got.status, len(got.body), got.length)
		}
	}
	if took := time.Since(begin); took < timeout {
		t.Errorf("it took only %s", took)
	}
}

// readSlowly reads some 1 MB per second.
type readSlowly struct{ io.Reader }

func (r readSlowly) Read(p []byte) (int, error) {
	time.Sleep(4 * time.Millisecond)
	return r.Reader.Read(p[:min(len(p), 4<<10)])
}

// No more than so many connections are open at once; one that waits is served when
// another ends.
func TestMaxConnections(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.MaxConnections = 4
	}))
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	if got := readAnswer(t, s.send(t, request)); got.status != http.StatusOK || got.closes {
		t.Errorf("with places left: got %d, closes %t", got.status, got.closes)
	}
	s.send(t, "")
	// With three quarters taken, connections do not stay open between requests.
	if got := readAnswer(t, s.send(t, request)); got.status != http.StatusOK || !got.closes {
		t.Errorf("with few places left: got %d, closes %t", got.status, got.closes)
	}
	s.send(t, "")
	last := s.send(t, "")
	waiting := s.send(t, request)
	if err := waiting.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := waiting.Read(make([]byte, 1)); err == nil {
		t.Fatal("served beyond the limit")
	}
	if err := waiting.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_ = last.Close()
	if got := readAnswer(t, waiting); got.status != http.StatusOK {
		t.Errorf("after another has ended: got %d", got.status)
	}
}

// A connection that waits keeps nothing of the header of its last request, though the answer had
// the client's id.
func TestWaitingKeepsNoHeader(t *testing.T) {
	s := start(t, settings())
	const connections = 256
	keeps := func(header string) int {
		before := heapBytes()
		for range connections {
			if got := readAnswer(t, s.send(t, "GET / HTTP/1.1\r\nHost: a\r\n"+header+"\r\n")); got.closes {
				t.Fatalf("the connection does not wait: got %d", got.status)
			}
		}
		return heapBytes() - before
	}
	short := keeps("")
	long := keeps("X-Request-ID: a\r\nX-Long: " + strings.Repeat("a", 3<<10) + "\r\n")
	if more := (long - short) / connections; more > 1<<10 {
		t.Errorf("a connection keeps %d bytes more of a long header than of a short one", more)
	}
}

// heapBytes returns how much of the heap is in use.
func heapBytes() int {
	runtime.GC()
	runtime.GC() // twice, for what a pool has held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Whatever comes in chunks is answered and its connection closed, as net/http does not tell
// whether it had a length too.
func TestChunksClose(t *testing.T) {
	s := start(t, settings())
	chunks := fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(oneText), oneText)
	smuggled := "GET /args HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, header := range map[string]string{
		"chunks":              "",
		"chunks and a length": "Content-Length: 4\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.send(t, "POST /predict HTTP/1.1\r\nHost: a\r\n"+header+chunks+smuggled)
			reader := bufio.NewReader(conn)
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, response); got.status != http.StatusOK || !got.closes {
				t.Errorf("got %d, closes %t: %s", got.status, got.closes, got.body)
			}
			if rest, _ := io.ReadAll(reader); len(rest) > 0 {
				t.Errorf("the connection went on: %s", rest)
			}
		})
	}
}

// A client that looks for an answer only when all is sent sees one that came early.
func TestEarlyAnswer(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.MaxBodyBytes = 4 << 20
		c.MaxHeldBytes = 16 << 20
	}))
	full := start(t, settings(func(c *config.Settings) {
		c.MaxBodyBytes = 4 << 20
		c.MaxHeldBytes = 1 << 20
	}))
	body := strings.Repeat(" ", 9<<20)
	tests := []struct {
		name, request string
		service       *service
		status        int
	}{
		{"too large", fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body), s, 413},
		{"too large, in chunks", fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body), s, 413},
		{"no room", fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", 4<<20, body[:4<<20]), full, 413},
		{"no such route", fmt.Sprintf("POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body), s, 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn := test.service.send(t, test.request)
			time.Sleep(50 * time.Millisecond) // in which a reset would arrive
			if got := readAnswer(t, conn); got.status != test.status || !got.closes {
				t.Errorf("got %d, closes %t: %s", got.status, got.closes, got.body)
			}
			if free := test.service.Free(); free < 1<<20 {
				t.Errorf("%d bytes of the allowance are left", free)
			}
		})
	}
}

// So does one whose request says that it is the last of the connection, however long it is.
func TestEarlyLastAnswer(t *testing.T) {
	s := start(t, settings())
	for _, line := range []string{"HTTP/1.0\r\n", "HTTP/1.1\r\nConnection: close\r\n"} {
		for _, length := range []int{1000, 18_000, 100_000, 250_000, 1_000_000} {
			conn := s.send(t, fmt.Sprintf("POST /nope %sHost: a\r\nContent-Length: %d\r\n\r\n", line, length))
			const parts = 10
			for range parts {
				time.Sleep(5 * time.Millisecond) // in which a reset would arrive
				if _, err := io.WriteString(conn, strings.Repeat(" ", length/parts)); err != nil {
					t.Fatalf("%q, %d bytes: %v", line, length, err)
				}
			}
			reader := bufio.NewReader(conn)
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatalf("%q, %d bytes: %v", line, length, err)
			}
			if got := read(t, response); got.status != http.StatusNotFound || !got.closes {
				t.Errorf("%q, %d bytes: got %d, closes %t", line, length, got.status, got.closes)
			}
			if _, err := reader.ReadByte(); err != io.EOF {
				t.Errorf("%q, %d bytes: the connection ended with %v", line, length, err)
			}
		}
	}
}

// What is read on after an early answer is bounded, and holds nothing.
func TestLingerIsBounded(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) {
		c.MaxBodyBytes = 1 << 20
		c.MaxInFlight = 1
		c.MaxQueued = 0
	}))
	conn := s.send(t, fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", int64(1)<<40))
	if got := s.ask(t, http.MethodPost, "/predict", jsonBody, oneText); got.status != http.StatusOK {
		t.Errorf("beside it: got %d: %s", got.status, got.body)
	}
	sent, megabyte := 0, make([]byte, 1<<20)
	for sent < 100<<20 {
		n, err := conn.Write(megabyte)
		sent += n
		if err != nil {
			break
		}
	}
	if sent < 4<<20 || sent > 20<<20 {
		t.Errorf("%d bytes were read on", sent)
	}
}

// Python's http.client sends all of a request before it looks for an answer.
func TestEarlyAnswerPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to ask with")
	}
	s := start(t, settings())
	const script = `
import http.client, sys
for _ in range(8):
    c = http.client.HTTPConnection(sys.argv[1], timeout=20)
    c.request("POST", "/predict", b" " * (9 << 20), {"Content-Type": "application/json"})
    print(c.getresponse().status)
`
	output, err := exec.Command(python, "-c", script, s.Addr()).CombinedOutput()
	if got := string(output); err != nil || got != strings.Repeat("413\n", 8) {
		t.Errorf("%v: %s", err, got)
	}
}
