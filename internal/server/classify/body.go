package classify

import (
	"net/http"

	"tagifai/internal/gate"
	"tagifai/internal/jsonbody"
	"tagifai/internal/memory"
	"tagifai/internal/server/exchange"
)

// readBody returns the body of r, which has to be JSON if json is set, once it is the turn
// of r to be worked on. By then r holds the body, whose buffer is given back when it is not
// needed any more, after an error too.
func (c *Classifier) readBody(e *exchange.Exchange, r *http.Request, json bool) (body []byte, buffer *[]byte, err error) {
	turns := c.admission.Turns
	if r.ContentLength > longDocument {
		turns = c.admission.Long
	}
	if turns.Full() {
		return nil, nil, gate.ErrFull
	}
	// With what is made of it, a body takes three times its size or more; of a large one
	// much may have become free until it is here.
	if n := r.ContentLength; n > memory.SmallBytes/3 && !e.Likely(n+min(2*n, 1<<20)) {
		return nil, nil, memory.ErrHeld
	}
	inflater, end, err := c.inflate(e, r)
	defer end()
	if err != nil {
		return nil, nil, err
	}
	buffer = memory.GetBuffer(0)
	grow := func(full []byte) ([]byte, error) {
		// A client that only announces a large body holds nothing.
		size := min(4*int64(cap(full)), c.limits.Body+1)
		if r.ContentLength > int64(len(full)) {
			size = min(size, r.ContentLength)
		}
		if err := e.Hold(inflater + memory.BufferSize(int(size))); err != nil {
			return nil, err
		}
		larger := memory.GetBuffer(int(size))
		grown := append(*larger, full...)
		memory.PutBuffer(buffer, full)
		buffer = larger
		return grown, nil
	}
	if json { // by an interface, grow would be allocated
		body, err = c.payload.Read(*buffer, r, grow)
	} else {
		body, err = jsonbody.Raw(c.limits.Body).Read(*buffer, r, grow)
	}
	if err != nil {
		return body, buffer, err
	}
	if _, err := c.admission.Version(e, r, body); err != nil {
		return body, buffer, err
	}
	if looksLong(body) {
		turns = c.admission.Long
	}
	return body, buffer, e.Enter(r.Context(), turns)
}
