package classify

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"tagifai/internal/jsonread"
	"tagifai/internal/memory"
	"tagifai/internal/server/exchange"
)

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
