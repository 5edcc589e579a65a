package server

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/jsonbody"
	"tagifai/internal/memory"
	"tagifai/internal/prediction"
	"tagifai/model"
)

// Parameters of include=explanation.
const (
	explainTop     = "explain_top"
	explainClasses = "explain_classes"

	defaultTop = 10
	maxTop     = 1000
)

// explanations are those of the texts of a request. They are made while it is the turn of
// the request, and kept encoded.
type explanations struct {
	top     int
	classes []int  // beside the class that is predicted
	encoded []byte // of all texts
	buffer  *[]byte
	ends    []int // of each text in encoded
}

// queryTop returns how many n-grams a query asks for, and what is wrong with it.
func queryTop(r *http.Request) (int, []jsonbody.Item) {
	values := queryValues(r, explainTop)
	if len(values) == 0 {
		return defaultTop, nil
	}
	return queryNumber(explainTop, values[len(values)-1], maxTop)
}

// newExplanations returns explanations of so many n-grams, and of the classes that a query
// names.
func newExplanations(r *http.Request, m *model.Model, top int) (*explanations, error) {
	x := &explanations{top: top}
	classes := m.Classes()
	for _, list := range queryValues(r, explainClasses) {
		names := []string{list}
		if !slices.Contains(classes, list) { // a name may have a comma in it
			names = strings.Split(list, ",")
		}
		for _, name := range names {
			class := slices.Index(classes, name)
			if class < 0 {
				return nil, &jsonbody.InvalidError{Items: []jsonbody.Item{{
					Loc:  []any{"query", explainClasses},
					Msg:  fmt.Sprintf("%q is no class of the model; its classes: '%s'", name, strings.Join(classes, "', '")),
					Type: "value_error.unknown_class",
				}}}
			}
			if !slices.Contains(x.classes, class) {
				x.classes = append(x.classes, class)
			}
		}
	}
	return x, nil
}

// queryNumber reads a number from 0 to most.
func queryNumber(name, value string, most int) (int, []jsonbody.Item) {
	n, err := strconv.Atoi(strings.TrimSpace(value))
	item := jsonbody.Item{Loc: []any{"query", name}}
	switch {
	case err != nil:
		item.Msg, item.Type = "value is not a valid integer", "type_error.integer"
	case n < 0:
		item.Msg, item.Type = "ensure this value is greater than or equal to 0", "value_error.number.not_ge"
		item.Ctx = limitCtx{0}
	case n > most:
		item.Msg, item.Type = fmt.Sprintf("ensure this value is less than or equal to %d", most), "value_error.number.not_le"
		item.Ctx = limitCtx{most}
	default:
		return n, nil
	}
	return 0, []jsonbody.Item{item}
}

type limitCtx struct {
	LimitValue int `json:"limit_value"`
}

// room returns how many bytes are needed at most, nearly, to explain a text.
func (x *explanations) room(text string) int {
	const (
		scratch = 40  // bytes for each of the text: tapes, where they come from, weights
		span    = 100 // bytes of a span, and of its JSON
		ngram   = 200 // the same of an n-gram
	)
	classes := len(x.classes) + 2
	return 2*len(x.encoded) + len(text)*scratch + classes*(len(text)*span+min(x.top, 8*len(text))*ngram)
}

// held returns how many bytes the explanations take.
func (x *explanations) held() int { return cap(x.encoded) + 8*cap(x.ends) }

// add explains the answer to the next text.
func (x *explanations) add(m *model.Model, text string, answer model.Answer) {
	list, fallback := prediction.Explain(m, text, answer, x.classes, x.top)
	x.reserve(prediction.RoomExplained(list))
	x.encoded = prediction.AppendMembers(x.encoded, m.Classes(), list, fallback)
	x.ends = append(x.ends, len(x.encoded))
}

// reserve makes room for n bytes more, in a pooled buffer: they are more than all else that a
// request allocates.
func (x *explanations) reserve(n int) {
	if n <= cap(x.encoded)-len(x.encoded) {
		return
	}
	larger := memory.GetBuffer(max(2*cap(x.encoded), len(x.encoded)+n))
	grown := append(*larger, x.encoded...)
	x.release()
	x.buffer, x.encoded = larger, grown
}

// release gives the buffer back, once the explanations are not needed any more.
func (x *explanations) release() {
	if x.buffer != nil {
		memory.PutBuffer(x.buffer, x.encoded)
		x.buffer, x.encoded = nil, nil
	}
}

// of returns the members that are added to the i-th prediction, each with a comma before.
func (x *explanations) of(i int) []byte {
	start := 0
	if i > 0 {
		start = x.ends[i-1]
	}
	return x.encoded[start:x.ends[i]]
}
