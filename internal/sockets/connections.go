package sockets

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tagifai/internal/config"
	"tagifai/internal/http1"
	"tagifai/internal/memory"
)

// connections are those of a listener. No more than a number of them are open at once,
// further ones wait in the kernel's backlog. The kernel's memory for each is bounded too,
// and one whose client does not take its answers is cut off.
type connections struct {
	net.Listener
	limits  config.Limits
	pace    Pace
	places  chan struct{}
	stalled *memory.Pool // memory for those whose client takes nothing
	cutOff  func()       // called for each that is cut off

	once    sync.Once
	unbound chan struct{} // closed when the number counts no more
}

func newConnections(limits config.Limits, cutOff func()) *connections {
	return &connections{
		limits:  limits,
		pace:    PaceOf(limits),
		places:  make(chan struct{}, limits.MaxConnections),
		stalled: memory.NewPool(limits.MaxHeldBytes),
		cutOff:  cutOff,
		unbound: make(chan struct{}),
	}
}

// scarce reports whether so few places are left that connections are not to stay open
// between requests. The next one to come has its place already.
func (c *connections) scarce() bool { return len(c.places) > cap(c.places)*3/4 }

func (c *connections) Accept() (net.Conn, error) {
	placed := false
	select {
	case c.places <- struct{}{}:
		placed = true
	case <-c.unbound:
	}
	accepted, err := c.Listener.Accept()
	if err != nil {
		if placed {
			<-c.places
		}
		return nil, err
	}
	if tcp, ok := accepted.(*net.TCPConn); ok {
		// An error means that the client is gone, which the first Read will find.
		_ = tcp.SetWriteBuffer(c.limits.SendBuffer)
		_ = tcp.SetReadBuffer(c.limits.ReceiveBuffer)
		setUserTimeout(tcp, 2*c.pace.Within)
	}
	return &conn{Conn: accepted, of: c, placed: placed}, nil
}

// unbind accepts all that waits, however many there are, as the service stops.
func (c *connections) unbind() { c.once.Do(func() { close(c.unbound) }) }

// A conn is an open connection. Its deadline for writing is kept here: it is moved on with each
// request, and the runtime only has to know it when something waits.
type conn struct {
	net.Conn
	of       *connections
	placed   bool         // it has a place
	deadline atomic.Int64 // for writing, in nanoseconds since 1970; 0 is none
	patience int64        // the one that the runtime has, of the last Write; 0 if the next has to set one
	ended    bool         // it was cut off
	holds    atomic.Bool  // memory of the stalled
	once     sync.Once
}

// stallsAfter is how long a client may take nothing until the kernel's memory for its
// connection counts.
const stallsAfter = time.Second

func (c *conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		c.deadline.Store(0)
		return nil
	}
	c.deadline.Store(t.UnixNano())
	return nil
}

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Write writes as much as one pace has at a time.
func (c *conn) Write(p []byte) (int, error) {
	if c.ended {
		return 0, os.ErrDeadlineExceeded
	}
	written := 0
	for {
		n, err := c.writePaced(p[written:min(len(p), written+c.of.pace.Bytes)])
		written += n
		if errors.Is(err, syscall.ETIMEDOUT) { // the kernel was first: see setUserTimeout
			c.cut()
		}
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// writePaced writes with the deadline of the Write before, if that is not too late. Nearly all
// find room at once, and do without a deadline of their own. When it comes too early, the
// client gets all of the time that it has from then on.
func (c *conn) writePaced(p []byte) (int, error) {
	early := 0
	if at := c.deadline.Load(); c.patience != 0 && (at == 0 || at >= c.patience) {
		var err error
		if early, err = c.Conn.Write(p); !errors.Is(err, os.ErrDeadlineExceeded) {
			c.unstall()
			return early, err
		}
	}
	n, err := c.writeWatched(p[early:])
	return early + n, err
}

func (c *conn) writeWatched(p []byte) (int, error) {
	now := time.Now()
	until := now.Add(c.of.pace.Within)
	if at := c.deadline.Load(); at != 0 && until.UnixNano() > at {
		until = time.Unix(0, at)
	}
	patience := now.Add(stallsAfter)
	if patience.After(until) {
		patience = until
	}
	c.patience = patience.UnixNano()
	n, err := c.writeBy(patience, p)
	if err == nil {
		c.unstall()
		return n, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && patience.Before(until) && c.stall() {
		var more int
		c.patience = 0
		more, err = c.writeBy(until, p[n:])
		n += more
	}
	if err != nil {
		c.unstall()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.cut()
		}
	}
	return n, err
}

func (c *conn) writeBy(deadline time.Time, p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(deadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// heldBytes is what is held at most for a connection whose client sends and does not read:
// by the kernel, which doubles what it is asked for, to have room for its own use, and of the
// answer on its way to it.
func (c *connections) heldBytes() int64 {
	return 2*int64(c.limits.SendBuffer+c.limits.ReceiveBuffer) + http1.AtOnce
}

// stall takes what the connection holds from the memory of the stalled, if there is room.
func (c *conn) stall() bool {
	if !c.holds.Load() && c.of.stalled.Take(c.of.heldBytes()) {
		c.holds.Store(true)
	}
	return c.holds.Load()
}

func (c *conn) unstall() {
	if c.holds.Load() && c.holds.Swap(false) {
		c.of.stalled.Give(c.of.heldBytes())
	}
}

// cut has the kernel forget what the client has not taken, once the connection is closed.
func (c *conn) cut() {
	c.ended = true
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // an error means that it is closed already
	}
	c.of.cutOff()
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.unstall()
		if c.placed {
			<-c.of.places
		}
	})
	return err
}

// CloseWrite lets net/http tell the client that nothing more comes, and wait a moment
// until that has read it.
func (c *conn) CloseWrite() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return nil
}
