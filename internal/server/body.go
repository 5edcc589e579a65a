package server

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"tagifai/internal/gate"
	"tagifai/internal/jsonread"
	"tagifai/internal/memory"
	"tagifai/internal/server/exchange"
	"tagifai/internal/sockets"
)

// readBody returns the body of r, which has to be JSON if json is set, once it is the turn
// of r to be worked on. By then r holds the body, whose buffer is given back when it is not
// needed any more, after an error too.
func (s *Server) readBody(e *exchange.Exchange, r *http.Request, json bool) (body []byte, buffer *[]byte, err error) {
	if s.gate.Full() {
		sockets.Drain(r)
		return nil, nil, gate.ErrFull
	}
	// With what is made of it, a body takes three times its size or more; of a large one
	// much may have become free until it is here.
	if n := r.ContentLength; n > memory.SmallBytes/3 && !s.allowance.Likely(n+min(2*n, 1<<20)) {
		sockets.Drain(r)
		return nil, nil, memory.ErrHeld
	}
	inflater, end, err := s.inflate(e, r)
	defer end()
	if err != nil {
		return nil, nil, err
	}
	buffer = memory.GetBuffer(0)
	grow := func(full []byte) ([]byte, error) {
		// A client that only announces a large body holds nothing.
		size := min(4*int64(cap(full)), s.maxBody+1)
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
		body, err = s.payload.Read(*buffer, r, grow)
	} else {
		body, err = s.body.Read(*buffer, r, grow)
	}
	if err != nil {
		return body, buffer, err
	}
	if _, err := s.version(e, r, body); err != nil {
		return body, buffer, err
	}
	return body, buffer, e.Enter(r.Context(), s.gate)
}

// readTexts returns the texts that parse finds in the body of r, and how many bytes the body
// has, once it is the turn of r to be worked on. The rules of [PredictPayload] hold for them.
// By then r holds the texts, and the body no more. While it works, parse may take so many
// times the memory of the body.
func (s *Server) readTexts(e *exchange.Exchange, r *http.Request, times int, parse func(body []byte, add func(text string) error) error) (texts []Text, document int, err error) {
	body, buffer, err := s.readBody(e, r, false)
	defer memory.PutBuffer(buffer, body)
	if err != nil {
		return nil, 0, err
	}
	document = len(body)
	working := cap(body) + (1+times)*document
	if err := e.Hold(working); err != nil {
		return nil, 0, err
	}
	add := func(text string) error {
		switch {
		case text == "":
			return &jsonread.Error{What: "is empty"}
		case len(texts) == s.maxTexts:
			return &jsonread.Error{What: fmt.Sprintf("is one text more than the limit of %d", s.maxTexts)}
		case s.maxTextLength > 0 && utf8.RuneCountInString(text) > s.maxTextLength:
			return &jsonread.Error{What: fmt.Sprintf("is longer than the limit of %d characters", s.maxTextLength)}
		}
		if n := cap(texts); len(texts) == n {
			larger := min(max(16, 2*n), s.maxTexts)
			if err := e.Hold(working + n*textHeader + larger*(textHeader+smallText)); err != nil {
				return err
			}
			texts = append(make([]Text, 0, larger), texts...)
		}
		texts = append(texts, Text{text})
		return nil
	}
	if err := parse(body, add); err != nil {
		return nil, 0, err
	}
	if len(texts) == 0 {
		return nil, 0, &jsonread.Error{What: "the body has no text"}
	}
	return texts, document, e.Hold(document + cap(texts)*(textHeader+smallText))
}

// smallText is how many bytes the characters of a text take at least.
const smallText = 16
