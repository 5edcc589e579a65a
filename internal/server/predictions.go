package server

import (
	"tagifai/internal/prediction"
	"tagifai/internal/server/exchange"
)

// predictions are [Predictions] before they are encoded, in as little memory as they need.
type predictions struct {
	PredictPayload
	classes       []string
	tags          []int32   // index of the class of each text
	probabilities []float64 // of all classes for each text; nil if they are not wanted
	scores        []float64 // the same
	extra         *extra    // nil if nothing of it is wanted, as for most requests

	withProbabilities, withScores bool
	document                      int // bytes that the texts take together, encoded

	// Room for the texts and the tags of most requests: two allocations less.
	fewTexts [fewTexts]Text
	fewTags  [fewTexts]int32
}

const fewTexts = 4

func newPredictions() *predictions {
	p := new(predictions)
	p.Texts = p.fewTexts[:0]
	return p
}

// numbers returns how many numbers for each class are wanted.
func (p *predictions) numbers() int {
	n := 0
	if p.withProbabilities {
		n++
	}
	if p.withScores {
		n++
	}
	return n
}

// extra is what few requests ask for.
type extra struct {
	model     *string       // nil if it is not wanted
	version   *VersionName  // the same
	explained *explanations // the same
	shadow    func()        // has a shadow predict the texts as well; nil without one
}

func (p *predictions) more() *extra {
	if p.extra == nil {
		p.extra = new(extra)
	}
	return p.extra
}

func (x *extra) appendTo(b []byte) []byte {
	if x.model != nil {
		b = exchange.AppendQuote(append(b, `,"model":`...), *x.model)
	}
	if x.version != nil {
		b = exchange.AppendQuote(append(b, `,"version":{"name":`...), x.version.Name)
		b = exchange.AppendQuote(append(b, `,"version":`...), x.version.Version)
		b = append(b, '}')
	}
	return b
}

func (p *predictions) Answered() {
	if x := p.explanations(); x != nil {
		x.release()
	}
	if p.extra != nil && p.extra.shadow != nil {
		p.extra.shadow()
	}
}

// size returns how many bytes the results take.
func (p *predictions) size() int {
	return (4 + 8*p.numbers()*len(p.classes)) * len(p.Texts)
}

// alloc makes room for the results.
func (p *predictions) alloc() {
	if p.tags = p.fewTags[:0]; len(p.Texts) > fewTexts {
		p.tags = make([]int32, len(p.Texts))
	}
	p.tags = p.tags[:len(p.Texts)]
	if p.withProbabilities {
		p.probabilities = make([]float64, len(p.Texts)*len(p.classes))
	}
	if p.withScores {
		p.scores = make([]float64, len(p.Texts)*len(p.classes))
	}
}

// of returns the numbers of the i-th text, nil if there are none.
func (p *predictions) of(i int, numbers []float64) []float64 {
	if numbers == nil {
		return nil
	}
	n := len(p.classes)
	return numbers[i*n : (i+1)*n]
}

// Tag, Probabilities, Scores and Explanation return the results of the i-th text.
func (p *predictions) Tag(i int) int { return int(p.tags[i]) }

func (p *predictions) Probabilities(i int) []float64 { return p.of(i, p.probabilities) }

func (p *predictions) Scores(i int) []float64 { return p.of(i, p.scores) }

func (p *predictions) Explanation(i int) []byte {
	if x := p.explanations(); x != nil {
		return x.of(i)
	}
	return nil
}

func (p *predictions) Room() int {
	room := p.document + len(p.Texts)*prediction.Room(p.classes, p.numbers())
	if x := p.explanations(); x != nil {
		room += len(x.encoded)
	}
	return room
}

// explanations returns those of the texts, nil if they are not wanted.
func (p *predictions) explanations() *explanations {
	if p.extra == nil {
		return nil
	}
	return p.extra.explained
}

func (p *predictions) Largest() int {
	longest, explanation := 0, 0
	x := p.explanations()
	for i, text := range p.Texts {
		longest = max(longest, len(text.Text))
		if x != nil {
			explanation = max(explanation, len(x.of(i)))
		}
	}
	const escape = len(`\u0000`)
	return min(escape*longest, p.document) + prediction.Room(p.classes, p.numbers()) + explanation
}

func (p *predictions) Parts() int { return len(p.Texts) + 1 }

func (p *predictions) AppendPart(b []byte, i int) []byte {
	switch i {
	case 0:
		b = append(b, `{"predictions":[`...)
	case len(p.Texts):
		b = append(b, ']')
		if p.extra != nil {
			b = p.extra.appendTo(b)
		}
		return append(b, '}')
	default:
		b = append(b, ',')
	}
	b = prediction.Append(b, p.Texts[i].Text, p.classes[p.tags[i]], p.classes, p.of(i, p.probabilities), p.of(i, p.scores))
	if x := p.explanations(); x != nil {
		b = append(append(b[:len(b)-1], x.of(i)...), '}')
	}
	return b
}

// textsOf returns the texts of a payload.
func textsOf(texts []Text) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, text := range texts {
			if !yield(text.Text) {
				return
			}
		}
	}
}
