package classify

import (
	"bytes"
	"net/http"

	"tagifai/internal/memory"
	"tagifai/internal/server/exchange"
)

// PredictPayload is the body of POST /predict. A rule of a field is a line here
// and nowhere else; see jsonbody.New for what the tags mean.
type PredictPayload struct {
	Texts []Text `json:"texts" validate:"min=1,dive" message:"List of texts to classify cannot be empty."`
}

// Text is one text to classify.
type Text struct {
	Text string `json:"text" validate:"min=1,max_text" fastapi:"optional"`
}

// textHeader is how many bytes a [Text] takes beside its characters.
const textHeader = 16

// ReadPayload reads the body of r, a [PredictPayload], once it is the turn of r to be worked
// on. By then r holds the payload, and the body no more.
func (c *Classifier) ReadPayload(e *exchange.Exchange, r *http.Request) (*Results, error) {
	body, buffer, err := c.readBody(e, r, true)
	defer memory.PutBuffer(buffer, body)
	if err != nil {
		return nil, err
	}
	p := newResults(e.Version, len(body))
	if bytes.IndexByte(body, 0) >= 0 { // UTF-16 or UTF-32: as UTF-8 it may take more
		p.document += p.document / 2
	}
	decoded := p.document
	if bytes.IndexByte(body, '\\') >= 0 { // texts with escapes are copies
		decoded += p.document
	}
	if err := e.Hold(cap(body) + decoded); err != nil {
		return nil, err
	}
	if err := c.payload.ParseInto(&p.PredictPayload, exchange.First(r.Header, "Content-Type"), body); err != nil {
		return nil, err
	}
	return p, e.Hold(decoded + cap(p.Texts)*textHeader)
}
