package classify

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"tagifai/internal/gate"
	"tagifai/internal/jsonbody"
	"tagifai/internal/jsonread"
	"tagifai/internal/memory"
	"tagifai/internal/server/exchange"
	"tagifai/internal/sockets"
)

// readBody returns the body of r, which has to be JSON if json is set, once it is the turn
// of r to be worked on. By then r holds the body, whose buffer is given back when it is not
// needed any more, after an error too.
func (c *Classifier) readBody(e *exchange.Exchange, r *http.Request, json bool) (body []byte, buffer *[]byte, err error) {
	if c.admission.Turns.Full() {
		sockets.Drain(r)
		return nil, nil, gate.ErrFull
	}
	// With what is made of it, a body takes three times its size or more; of a large one
	// much may have become free until it is here.
	if n := r.ContentLength; n > memory.SmallBytes/3 && !e.Likely(n+min(2*n, 1<<20)) {
		sockets.Drain(r)
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
	return body, buffer, e.Enter(r.Context(), c.admission.Turns)
}

// ReadTexts reads the texts that parse finds in the body of r and gives to add, once it is the
// turn of r to be worked on. The rules of [PredictPayload] hold for them. By then r holds the
// texts, and the body no more. While it works, parse may take so many times the memory of the
// body. The errors of add say what is wrong with a text, and not where.
func (c *Classifier) ReadTexts(e *exchange.Exchange, r *http.Request, times int, parse func(body []byte, add func(text string) error) error) (*Results, error) {
	body, buffer, err := c.readBody(e, r, false)
	defer memory.PutBuffer(buffer, body)
	if err != nil {
		return nil, err
	}
	document := len(body)
	working := cap(body) + (1+times)*document
	if err := e.Hold(working); err != nil {
		return nil, err
	}
	var texts []Text
	add := func(text string) error {
		switch {
		case text == "":
			return &jsonread.Error{What: "is empty"}
		case len(texts) == c.limits.Items:
			return &jsonread.Error{What: fmt.Sprintf("is one text more than the limit of %d", c.limits.Items)}
		case c.limits.Text > 0 && utf8.RuneCountInString(text) > c.limits.Text:
			return &jsonread.Error{What: fmt.Sprintf("is longer than the limit of %d characters", c.limits.Text)}
		}
		if n := cap(texts); len(texts) == n {
			larger := min(max(16, 2*n), c.limits.Items)
			if err := e.Hold(working + n*textHeader + larger*(textHeader+smallText)); err != nil {
				return err
			}
			texts = append(make([]Text, 0, larger), texts...)
		}
		texts = append(texts, Text{text})
		return nil
	}
	if err := parse(body, add); err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, &jsonread.Error{What: "the body has no text"}
	}
	p := newResults(e.Version, document)
	p.Texts = texts
	return p, e.Hold(document + cap(texts)*(textHeader+smallText))
}

// smallText is how many bytes the characters of a text take at least.
const smallText = 16
