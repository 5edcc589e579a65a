package sockets

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"tagifai/internal/config"
)

// A move sets a deadline after some units of time, until others are over, or to never or past.
type move struct{ after, until int }

const (
	never = -1
	past  = -2
)

// A deadline ends a Read when that of a plain connection would, however it was moved before
// and meanwhile.
func TestReadDeadlines(t *testing.T) {
	const unit = 400 * time.Millisecond
	tests := []struct {
		name  string
		moves []move
		reads int // when the Read begins
		sent  int // when something comes; 0 for never
	}{
		{"bytes before it", []move{{0, 6}}, 0, 2},
		{"in time", []move{{0, 2}}, 0, 6},
		{"later while it waits", []move{{0, 2}, {1, 6}}, 0, 8},
		{"earlier while it waits", []move{{0, 6}, {1, 2}}, 0, 8},
		{"taken away while it waits", []move{{0, 2}, {1, never}}, 0, 4},
		{"later before it waits", []move{{0, 2}, {0, 6}}, 0, 4},
		{"passed before it, and later", []move{{0, 1}, {2, 6}}, 3, 5},
		{"passed before it", []move{{0, 1}}, 2, 4},
		{"ended while it waits", []move{{0, 6}, {2, past}}, 0, 8},
		{"ended before it", []move{{0, 6}, {1, past}}, 2, 8},
		{"ended and taken away", []move{{0, 6}, {1, past}, {2, never}}, 3, 5},
		{"ended and set anew", []move{{0, 1}, {1, past}, {1, never}, {2, 5}}, 3, 7},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			at := func(n int) time.Time { return begin.Add(time.Duration(n) * unit) }
			// read returns how many bytes came and after how many units, and the error.
			read := func(wrap func(net.Conn) net.Conn) (n, units int, err error) {
				client, server := pair(t)
				server = wrap(server)
				go func() {
					for _, move := range test.moves {
						time.Sleep(time.Until(at(move.after)))
						until := at(move.until)
						switch move.until {
						case never:
							until = time.Time{}
						case past:
							until = time.Unix(1, 0) // which is net/http's
						}
						_ = server.SetReadDeadline(until)
					}
				}()
				if test.sent > 0 {
					time.AfterFunc(time.Until(at(test.sent)), func() { _, _ = client.Write([]byte("x")) })
				}
				time.Sleep(time.Until(at(test.reads).Add(unit / 2))) // when the deadline is set
				n, err = server.Read(make([]byte, 9))
				return n, int(time.Since(begin).Round(unit) / unit), err
			}
			type result struct {
				n, units int
				timeout  bool
			}
			results := make(chan result, 2)
			for _, wrap := range []func(net.Conn) net.Conn{
				func(c net.Conn) net.Conn { return c },
				func(c net.Conn) net.Conn {
					return &lazyConn{conn: &conn{Conn: c, of: newConnections(config.Limits{}, func() {})}}
				},
			} {
				go func() {
					n, units, err := read(wrap)
					results <- result{n, units, errors.Is(err, os.ErrDeadlineExceeded)}
				}()
			}
			a, b := <-results, <-results
			if a.n != b.n || a.timeout != b.timeout || max(a.units, b.units)-min(a.units, b.units) > 1 { // the machine may be busy
				t.Errorf("one has %+v, the other %+v", a, b)
			}
		})
	}
}

// pair returns the two ends of a connection.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	server, err = l.Accept()
	if err != nil {
		t.Error(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
	})
	return client, server
}
