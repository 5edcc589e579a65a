package main

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

// A conn is a connection that requests are sent over one after another. It knows just
// as much of HTTP/1.1 as the service and the proxy speak, because what the load costs
// is taken from who is measured, on the same machine.
type conn struct {
	net.Conn
	reader *bufio.Reader
	body   []byte
	used   bool // an answer has come over it
}

const answerWithin = 20 * time.Second // far beyond what any claim allows

func dial(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, answerWithin)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, reader: bufio.NewReader(c)}, nil
}

// An answer is what is looked at of a response.
type answer struct {
	status     int
	retryAfter bool   // it has the header
	closing    bool   // it is the last over its connection
	body       []byte // until the next request
}

// errUnanswered is that of a request of which not one byte of an answer has come over
// a connection that had worked before. HTTP lets a client ask again then: the
// server may close a connection that is idle at any time, also when a request is
// already on its way.
var errUnanswered = errors.New("the connection was closed between two requests")

// do sends a request and reads its answer.
func (c *conn) do(request []byte) (answer, error) {
	if err := c.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return answer{}, err
	}
	_, sent := c.Write(request) // who refuses a request may close before all of it is sent
	if _, err := c.reader.Peek(1); err != nil {
		var timeout net.Error
		if c.used && !(errors.As(err, &timeout) && timeout.Timeout()) {
			return answer{}, errUnanswered
		}
		return answer{}, errors.Join(sent, err)
	}
	c.used = true
	a, err := c.read()
	if sent != nil {
		a.closing = true
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
func (c *conn) read() (answer, error) {
	var a answer
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return a, fmt.Errorf("the answer ends in its status: %w", err)
	}
	const digits = 3
	line, found := bytes.CutPrefix(line, statusLine)
	if found && len(line) >= digits {
		a.status, err = strconv.Atoi(string(line[:digits]))
	}
	if err != nil || a.status == 0 {
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
			a.closing = bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, retryAfter):
			a.retryAfter = len(value) > 0
		}
	}
	if length < 0 {
		return a, fmt.Errorf("a %d without Content-Length", a.status)
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	a.body = c.body[:length]
	if _, err := io.ReadFull(c.reader, a.body); err != nil {
		return a, fmt.Errorf("the answer ends in its body: %w", err)
	}
	return a, nil
}

// post returns the bytes of a request.
func post(path string, body []byte) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}
