package sockets

import (
	"net/http"
	"sync/atomic"
	"time"

	"tagifai/internal/config"
)

// HTTP2 returns the settings of HTTP/2 that bound what a connection holds: as many bytes of
// bodies that have not been read yet as the kernel keeps, and a number of requests.
func HTTP2(limits config.Limits) *http.HTTP2Config {
	const least, most = 64 << 10, 4<<20 - 1 // or net/http takes its default
	return &http.HTTP2Config{
		MaxConcurrentStreams:          100,
		MaxReceiveBufferPerStream:     min(max(limits.ReceiveBuffer, least), most),
		MaxReceiveBufferPerConnection: min(max(2*limits.ReceiveBuffer, least), most),
	}
}

// Streams are the requests of HTTP/2. Many of them share a connection, so the limit on
// connections does not bound them; and the kernel does not know which of them a client is
// slow to take, so each has a pace of its own.
type Streams struct {
	pace    Pace
	timeout time.Duration // of an answer, whatever its pace
	cutOff  func()
	left    atomic.Int64
}

// NewStreams returns what keeps as many requests of HTTP/2 as connections may be open. It
// calls cutOff for each whose client takes too little of the answer, or whose answer takes
// longer than timeout.
func NewStreams(limits config.Limits, timeout time.Duration, cutOff func()) *Streams {
	s := &Streams{pace: PaceOf(limits), timeout: timeout, cutOff: cutOff}
	s.left.Store(int64(limits.MaxConnections))
	return s
}

// Begin returns what the answer to a request is to be written to, and false if there are too
// many requests. End is to follow in both cases.
func (s *Streams) Begin(w http.ResponseWriter, start time.Time) (http.ResponseWriter, bool) {
	writer := &streamWriter{w, http.NewResponseController(w), s, start.Add(s.timeout)}
	return writer, s.left.Add(-1) >= 0
}

// End ends a request.
func (s *Streams) End() { s.left.Add(1) }

// A streamWriter resets the stream of HTTP/2 that it writes to if the client does not keep
// the pace.
type streamWriter struct {
	http.ResponseWriter
	conn    *http.ResponseController
	streams *Streams
	until   time.Time // the end of its time, whatever the pace
}

func (w *streamWriter) Write(p []byte) (int, error) {
	pace := w.streams.pace
	written := 0
	for {
		deadline := time.Now().Add(pace.Within)
		if deadline.After(w.until) {
			deadline = w.until
		}
		_ = w.conn.SetWriteDeadline(deadline) // an error means that the client is gone, which Write finds
		n, err := w.ResponseWriter.Write(p[written:min(len(p), written+pace.Bytes)])
		written += n
		if err != nil && !time.Now().Before(deadline) {
			w.streams.cutOff()
		}
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// Unwrap lets an [http.ResponseController] reach the stream.
func (w *streamWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
