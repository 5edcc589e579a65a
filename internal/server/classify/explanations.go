package classify

import (
	"sync"

	"tagifai/internal/memory"
	"tagifai/internal/prediction"
	"tagifai/model"
)

// DefaultTop is how many n-grams an explanation names unless another number is asked for.
const DefaultTop = 10

// Explanations are those of the texts of a request. They are made while it is the turn of
// the request, and kept encoded.
type Explanations struct {
	Top     int    // how many n-grams are named
	Classes []int  // that are explained beside the one that is predicted
	encoded []byte // of all texts
	buffer  *[]byte
	ends    []int // of each text in encoded
	fewEnds [fewTexts]int
}

// newExplanations returns explanations with at most top n-grams each, of no texts yet.
func newExplanations(top int) *Explanations {
	x := &Explanations{Top: top}
	x.ends = x.fewEnds[:0]
	return x
}

// room returns how many bytes are needed at most, nearly, to explain a text.
func (x *Explanations) room(text string) int {
	const (
		scratch = 184 // bytes for each of the text: tapes, where they come from, walks, weights
		span    = 100 // bytes of a span, and of its JSON
		ngram   = 200 // the same of an n-gram
	)
	classes := len(x.Classes) + 2
	return 2*len(x.encoded) + len(text)*scratch + classes*(len(text)*span+min(x.Top, 8*len(text))*ngram)
}

// held returns how many bytes the explanations take.
func (x *Explanations) held() int { return cap(x.encoded) + 8*cap(x.ends) }

// add predicts the next text, as [model.Model.Classify] does, and explains the answer.
func (x *Explanations) add(m *model.Model, classes []string, text string, probabilities, scores []float64) model.Answer {
	pooled, ok := lists.Get().(*[]model.Explanation)
	if !ok {
		pooled = new([]model.Explanation)
	}
	answer, list := m.ClassifyAndExplain(*pooled, text, probabilities, scores, x.Classes, x.Top)
	room := prediction.RoomExplained(list)
	x.reserve(room)
	x.encoded = prediction.AppendMembers(x.encoded, classes, list, prediction.FallbackOf(m, answer, list))
	x.ends = append(x.ends, len(x.encoded))
	if room <= maxPooled {
		*pooled = list
		lists.Put(pooled)
	}
	return answer
}

// lists are explanations whose memory is used again, which takes a tenth off the time for
// them. Those of a long text are not kept.
var lists sync.Pool // of *[]model.Explanation

const maxPooled = 64 << 10 // bytes that they take encoded

// reserve makes room for n bytes more, in a pooled buffer: they are more than all else that a
// request allocates.
func (x *Explanations) reserve(n int) {
	if n <= cap(x.encoded)-len(x.encoded) {
		return
	}
	larger := memory.GetBuffer(max(2*cap(x.encoded), len(x.encoded)+n))
	grown := append(*larger, x.encoded...)
	x.release()
	x.buffer, x.encoded = larger, grown
}

// release gives the buffer back, once the explanations are not needed any more.
func (x *Explanations) release() {
	if x.buffer != nil {
		memory.PutBuffer(x.buffer, x.encoded)
		x.buffer, x.encoded = nil, nil
	}
}

// of returns the members that are added to the i-th prediction, each with a comma before.
func (x *Explanations) of(i int) []byte {
	start := 0
	if i > 0 {
		start = x.ends[i-1]
	}
	return x.encoded[start:x.ends[i]]
}
