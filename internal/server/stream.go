package server

import (
	"net/http"
	"time"
)

// A list is a value that is encoded part by part. Encoding it again gives the same.
type list interface {
	room() int // the bytes that it takes encoded, or somewhat more
	parts() int
	appendPart(b []byte, i int) []byte
	largest() int // the room of the largest part
}

const (
	// envelopeRoom is more than nearly all envelopes take.
	envelopeRoom = 512
	// wholeUpTo is the room of a list up to which its answer is encoded before it is sent.
	wholeUpTo = 256<<10 - envelopeRoom
	// chunkSize is how much of a larger one is encoded at a time.
	chunkSize = 32 << 10
)

// answerSize returns the size of the buffer that the answer with l is encoded in.
func answerSize(l list) int {
	if room := l.room(); room <= wholeUpTo {
		return bufferSize(envelopeRoom + room)
	}
	return bufferSize(envelopeRoom + chunkSize + l.largest())
}

// stream sends the answer with a long list. It encodes the list twice: to know its length,
// and to send it chunk by chunk, so that a client that is slow to read makes the service
// hold no more of it than one chunk.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, l list) {
	e := exchangeOf(w)
	buffer := getBuffer(answerSize(l))
	b := append(e.appendEnvelope(*buffer, r, http.StatusOK), `,"`+data+`":`...)
	head := len(b)
	length := head + len("}")
	for i := range l.parts() {
		length += len(l.appendPart(b, i)) - head
	}
	// The deadline of the request must not end the connection while the answer is sent.
	_ = http.NewResponseController(e.ResponseWriter).SetReadDeadline(time.Time{})
	e.send(http.StatusOK, length)
	defer func() { putBuffer(buffer, b) }()
	for i := range l.parts() {
		b = l.appendPart(b, i)
		if len(b) >= chunkSize {
			if _, err := w.Write(b); err != nil {
				return // the client is gone, or was cut off
			}
			b = b[:0]
		}
	}
	_, _ = w.Write(append(b, '}'))
}
