package exchange

import (
	"fmt"
	"net/http"
	"strings"

	"tagifai/internal/jsonbody"
)

// A Refusal is what an error is to the client.
type Refusal struct {
	Status     int
	Detail     string
	Items      []jsonbody.Item // the detail of a 422
	Reason     string          // for log and metrics; "" if it is a failure of the service
	RetryAfter []string        // the header, in seconds; nil for none
	Challenge  string          // the header WWW-Authenticate; "" for none
}

// Internal is the refusal for an error that nobody foresaw.
var Internal = Refusal{Status: http.StatusInternalServerError, Detail: http.StatusText(http.StatusInternalServerError)}

// appendDetail appends the detail as JSON: a string, or the items of a 422.
func (refused Refusal) appendDetail(b []byte) []byte {
	if refused.Items == nil {
		return AppendQuote(b, refused.Detail)
	}
	b, err := appendValue(b, refused.Items)
	if err != nil { // they are our own
		panic(err)
	}
	return b
}

// Text returns the detail as one line, for dialects that have no room for items.
func (refused Refusal) Text() string {
	if refused.Items == nil {
		return refused.Detail
	}
	var line strings.Builder
	for i, item := range refused.Items {
		if i > 0 {
			line.WriteString("; ")
		}
		for j, step := range item.Loc {
			if j > 0 {
				line.WriteByte('.')
			}
			fmt.Fprint(&line, step)
		}
		line.WriteString(": " + item.Msg)
	}
	return line.String()
}
