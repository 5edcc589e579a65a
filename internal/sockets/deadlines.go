package sockets

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// A lazyConn is a conn that net/http serves, over TLS. For each request net/http sets five
// deadlines for reading, and nearly always something is read before they come. So the runtime is
// not told of a later one: when the one that it has comes too early, the Read goes on. This takes
// 3 % off a small request.
type lazyConn struct {
	*conn
	reads readDeadline
}

type readDeadline struct {
	mu      sync.Mutex
	asked   time.Time // zero for none
	set     time.Time // the one that the runtime has; not after asked while something waits
	reading bool
}

// SetDeadline sets both deadlines.
func (c *lazyConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the deadline for calls of Read, also for one that waits.
func (c *lazyConn) SetReadDeadline(t time.Time) error {
	d := &c.reads
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = t
	if d.reading {
		return d.hasten(c.conn)
	}
	return nil
}

// hasten tells the runtime of the deadline that was asked for if it has a later one, or none.
func (d *readDeadline) hasten(c net.Conn) error {
	if d.asked.IsZero() || !d.set.IsZero() && !d.asked.Before(d.set) {
		return nil
	}
	d.set = d.asked
	return c.SetReadDeadline(d.set)
}

// Read reads from the connection.
func (c *lazyConn) Read(p []byte) (int, error) {
	for {
		if err := c.reads.begin(c.conn); err != nil {
			return 0, err
		}
		n, err := c.conn.Read(p)
		if again := c.reads.end(c.conn, err); !again {
			return n, err
		}
	}
}

// started is a time that has passed.
var started = time.Now()

// begin returns the error of a Read that is over before it begins.
func (d *readDeadline) begin(c net.Conn) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.asked.IsZero() && d.asked.Before(started) { // as net/http has it to end a Read
		return os.ErrDeadlineExceeded
	}
	err := d.hasten(c)
	d.reading = err == nil
	return err
}

// end is the end of a Read, and reports whether it is to go on, as its deadline came too early.
func (d *readDeadline) end(c net.Conn, err error) (again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reading = false
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || !d.asked.IsZero() && !time.Now().Before(d.asked) {
		return false
	}
	d.set = d.asked
	return c.SetReadDeadline(d.set) == nil
}
