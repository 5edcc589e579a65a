package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// A Conn is a connection that requests are sent over one after another. It knows just
// as much of HTTP/1.1 as the service and the proxy speak, because what the load costs
// is taken from who is measured, on the same machine.
type Conn struct {
	net.Conn
	reader *bufio.Reader
	body   []byte
	used   bool // an answer has come over it
}

// AnswerWithin is the longest time that an answer may take: far beyond what any claim allows.
const AnswerWithin = 20 * time.Second

// Dial opens a connection.
func Dial(addr string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", addr, AnswerWithin)
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: c, reader: bufio.NewReader(c)}, nil
}

// An Answer is what is looked at of a response.
type Answer struct {
	Status     int
	RetryAfter bool   // it has the header
	Closing    bool   // it is the last over its connection
	Body       []byte // until the next request
}

// errUnanswered is that of a request of which not one byte of an answer has come over
// a connection that had worked before. HTTP lets a client ask again then: the
// server may close a connection that is idle at any time, also when a request is
// already on its way.
var errUnanswered = errors.New("the connection was closed between two requests")

// Do sends a request and reads its answer.
func (c *Conn) Do(request []byte) (Answer, error) {
	if err := c.SetDeadline(time.Now().Add(AnswerWithin)); err != nil {
		return Answer{}, err
	}
	_, sent := c.Write(request) // who refuses a request may close before all of it is sent
	if _, err := c.reader.Peek(1); err != nil {
		var timeout net.Error
		if c.used && !(errors.As(err, &timeout) && timeout.Timeout()) {
			return Answer{}, errUnanswered
		}
		return Answer{}, errors.Join(sent, err)
	}
	c.used = true
	a, err := c.read()
	if sent != nil {
		a.Closing = true
	}
	return a, err
}

var (
	statusLine    = []byte("HTTP/1.1 ")
	contentLength = []byte("content-length")
	connection    = []byte("connection")
	retryAfter    = []byte("retry-after")
)

// read reads an answer to its end.
func (c *Conn) read() (Answer, error) {
	var a Answer
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return a, fmt.Errorf("the answer ends in its status: %w", err)
	}
	const digits = 3
	line, found := bytes.CutPrefix(line, statusLine)
	if found && len(line) >= digits {
		a.Status, err = strconv.Atoi(string(line[:digits]))
	}
	if err != nil || a.Status == 0 {
		return a, fmt.Errorf("no status of HTTP/1.1: %q", line)
	}
	length := -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return a, fmt.Errorf("the answer ends in its header: %w", err)
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			break
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, contentLength):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return a, fmt.Errorf("Content-Length: %q", value)
			}
		case bytes.EqualFold(name, connection):
			a.Closing = bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, retryAfter):
			a.RetryAfter = len(value) > 0
		}
	}
	if length < 0 {
		return a, fmt.Errorf("a %d without Content-Length", a.Status)
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	a.Body = c.body[:length]
	if _, err := io.ReadFull(c.reader, a.Body); err != nil {
		return a, fmt.Errorf("the answer ends in its body: %w", err)
	}
	return a, nil
}

// Post returns the bytes of a request.
func Post(path string, body []byte) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}
