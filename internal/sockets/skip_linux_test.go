package sockets

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// What is skipped is gone, is written nowhere, and what follows it is still there.
// Where there is nothing to read, it is as with any other Read.
func TestSkip(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{Conn: accepted, of: new(connections)}
	defer c.Close()

	if _, err := io.WriteString(client, "0123456789"); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{4, 1} {
		if got, err := c.Skip(n); got != n || err != nil {
			t.Errorf("skip %d: got %d, %v", n, got, err)
		}
	}
	var rest [16]byte
	if n, err := c.Read(rest[:2]); string(rest[:n]) != "56" || err != nil {
		t.Errorf("behind what was skipped: got %q, %v", rest[:n], err)
	}
	if got, err := c.Skip(len(nowhere)); got != 3 || err != nil {
		t.Errorf("skip what there is: got %d, %v", got, err)
	}

	late := time.AfterFunc(20*time.Millisecond, func() { _, _ = io.WriteString(client, "late") })
	defer late.Stop()
	if n, err := c.Skip(len(nowhere)); n != 4 || err != nil {
		t.Errorf("skip what comes late: got %d, %v", n, err)
	}
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Skip(len(nowhere)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("skip what does not come: got %d, %v", n, err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Skip(len(nowhere)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("skip behind the end: got %d, %v", n, err)
	}
	for i, b := range nowhere {
		if b != 0 {
			t.Fatalf("%q was written at %d", b, i)
		}
	}
}
