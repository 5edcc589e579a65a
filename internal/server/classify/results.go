package classify

import (
	"tagifai/internal/prediction"
	"tagifai/internal/registry"
	"tagifai/internal/server/exchange"
)

// Results are the predictions for the texts of a request before they are encoded, in as
// little memory as they need. They are a value of an answer: an [exchange.List].
type Results struct {
	PredictPayload
	WithProbabilities, WithScores bool // whether they are wanted beside the tags

	classes       []string
	tags          []int32   // index of the class of each text
	probabilities []float64 // of all classes for each text; nil if they are not wanted
	scores        []float64 // the same
	extra         *extra    // nil if nothing of it is wanted, as for most requests
	document      int       // bytes that the texts take together, encoded

	// Room for the texts and the tags of most requests: two allocations less.
	fewTexts [fewTexts]Text
	fewTags  [fewTexts]int32
}

const fewTexts = 4

// newResults returns the results of a version for a document of so many bytes, without texts
// yet.
func newResults(v *registry.Version, document int) *Results {
	p := &Results{classes: v.Classes(), document: document}
	p.Texts = p.fewTexts[:0]
	return p
}

// Classes returns the classes by their indices.
func (p *Results) Classes() []string { return p.classes }

// AddRunID adds the id of the run that trained the model to the answer.
func (p *Results) AddRunID(id string) { p.more().model = &id }

// AddVersion adds the name of the version to the answer.
func (p *Results) AddVersion(name VersionName) { p.more().version = &name }

// numbers returns how many numbers for each class are wanted.
func (p *Results) numbers() int {
	n := 0
	if p.WithProbabilities {
		n++
	}
	if p.WithScores {
		n++
	}
	return n
}

// VersionName names a version of a model.
type VersionName struct {
	Name    string `json:"name" example:"tagger"`
	Version string `json:"version" example:"3"`
}

// extra is what few requests ask for.
type extra struct {
	model     *string       // nil if it is not wanted
	version   *VersionName  // the same
	explained *Explanations // the same
	shadow    func()        // has a shadow predict the texts as well; nil without one
}

func (p *Results) more() *extra {
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

// Answered gives memory back, and has a shadow version predict the texts as well, if there is
// one.
func (p *Results) Answered() {
	if x := p.explanations(); x != nil {
		x.release()
	}
	if p.extra != nil && p.extra.shadow != nil {
		p.extra.shadow()
	}
}

// size returns how many bytes the results take.
func (p *Results) size() int {
	return (4 + 8*p.numbers()*len(p.classes)) * len(p.Texts)
}

// alloc makes room for the results.
func (p *Results) alloc() {
	if p.tags = p.fewTags[:0]; len(p.Texts) > fewTexts {
		p.tags = make([]int32, len(p.Texts))
	}
	p.tags = p.tags[:len(p.Texts)]
	if p.WithProbabilities {
		p.probabilities = make([]float64, len(p.Texts)*len(p.classes))
	}
	if p.WithScores {
		p.scores = make([]float64, len(p.Texts)*len(p.classes))
	}
}

// of returns the numbers of the i-th text, nil if there are none.
func (p *Results) of(i int, numbers []float64) []float64 {
	if numbers == nil {
		return nil
	}
	n := len(p.classes)
	return numbers[i*n : (i+1)*n]
}

// Tag returns the index of the class of the i-th text.
func (p *Results) Tag(i int) int { return int(p.tags[i]) }

// Probabilities returns those of all classes for the i-th text, nil if they are not wanted.
func (p *Results) Probabilities(i int) []float64 { return p.of(i, p.probabilities) }

// Scores returns those of all classes for the i-th text, nil if they are not wanted.
func (p *Results) Scores(i int) []float64 { return p.of(i, p.scores) }

// Explanation returns that of the i-th text as members of a JSON object, each with a comma
// before; nil if it is not wanted.
func (p *Results) Explanation(i int) []byte {
	if x := p.explanations(); x != nil {
		return x.of(i)
	}
	return nil
}

// Room is as [exchange.List] has it.
func (p *Results) Room() int {
	room := p.document + len(p.Texts)*prediction.Room(p.classes, p.numbers())
	if x := p.explanations(); x != nil {
		room += len(x.encoded)
	}
	return room
}

// explanations returns those of the texts, nil if they are not wanted.
func (p *Results) explanations() *Explanations {
	if p.extra == nil {
		return nil
	}
	return p.extra.explained
}

// Largest is as [exchange.List] has it.
func (p *Results) Largest() int {
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

// Parts is as [exchange.List] has it.
func (p *Results) Parts() int { return len(p.Texts) + 1 }

// AppendPart is as [exchange.List] has it.
func (p *Results) AppendPart(b []byte, i int) []byte {
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
