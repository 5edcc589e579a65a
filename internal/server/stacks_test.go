//go:build amd64 && !race

// Elsewhere, and with the race detector, frames have other sizes.

package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"tagifai/internal/server"
)

// A connection that has asked for predictions has a stack of 8 KiB, also if its answer has
// more than 2 KiB, so that net/http begins to send it before the handler ends. The next size
// would be 16 KiB, and as the collector lets the heap grow by the size of all stacks, twice as
// much is at stake. If this fails, a function on the way has come to have a large frame.
func TestStacks(t *testing.T) {
	s := newServer(t, server.Options{Settings: settings(), Log: zerolog.New(io.Discard)})
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Run(t.Context()) }()
	body := `{"texts":[` + strings.Repeat(`{"text":"Transfer learning with transformers."},`, 200) + `{"text":"A"}]}`
	request := fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", s.Addr(), len(body), body)

	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // or it makes stacks smaller meanwhile
	const connections = 256
	before := stacks()
	for range connections {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("got %s, %v", answer.Status, err)
		}
	}
	const most = 12 << 10 // with the stack of 2 KiB that reads in the background
	if got := int(stacks()-before) / connections; got > most {
		t.Errorf("a connection takes %d bytes of stack, want at most %d", got, most)
	}
}

// stacks returns how many bytes the stacks of all goroutines take.
func stacks() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
