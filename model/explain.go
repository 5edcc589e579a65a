package model

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"unicode/utf8"
)

// An Explanation says what the score of a class is made of. The numbers add up, but for
// rounding:
//
//	Score = Intercept + the weights of NGrams + Remaining.Positive + Remaining.Negative
//	Score = Intercept + the weights of Spans
//
// The score is linear in the text's vector, which makes both exact; nothing is sampled.
// Where [Model.Classify] has decision values it is that of the class, but for
// [OneVsOne], whose votes are not linear: there it is the sum of the scores of all pairs
// that the class is in, in its favour. Of a model that averages the probabilities of
// several links it is the mean of their scores, by the weights of the links, and with
// calibrators what these are applied to, before the loss.
type Explanation struct {
	Class            int // its index
	Score, Intercept float64
	NGrams           []NGramWeight // those of the largest magnitudes, in that order
	Remaining        Remaining     // the sums of all others
	Spans            []Span        // in the order of the text
}

// NGramWeight is what an n-gram adds to the score.
type NGramWeight struct {
	NGram  string
	Weight float64
	Count  int // how often the text has it
}

// Remaining are the sums of the positive and of the negative weights.
type Remaining struct{ Positive, Negative float64 }

// A Span is a stretch of the text, and what its characters add to the score together. The
// weight of an n-gram is shared out equally, first to the places where it occurs, then to
// the characters of the text that it is made of there. Neighbours of the same weight are
// one span; what adds nothing is in none.
type Span struct {
	Start, End int // in characters (code points); End is behind the last one
	Weight     float64
}

// Explain explains the scores of some classes, given by their indices, for text, with at
// most so many n-grams each. It takes memory in proportion to the text.
func (m *Model) Explain(text string, classes []int, top int) []Explanation {
	s := m.getScratch()
	defer m.putScratch(s)
	x := &s.explainer
	scores := m.score(s, text)
	characters := utf8.RuneCountInString(text)
	explanations := make([]Explanation, len(classes))
	for i, class := range classes {
		e := &explanations[i]
		e.Class = class
		for _, t := range m.terms(class) {
			e.Score += t.factor * scores[t.row]
			e.Intercept += t.factor * m.intercepts[t.row]
		}
	}
	m.meet(s, text)
	for i := range explanations {
		e := &explanations[i]
		x.characters = append(x.characters[:0], make([]float64, characters)...)
		x.weigh(m, m.terms(e.Class))
		e.NGrams, e.Remaining = x.largest(top)
		e.Spans = spans(x.characters)
	}
	return explanations
}

// A term is a row of coefficients, and what it is multiplied by in the score of a class.
type term struct {
	row    int
	factor float64
}

// terms returns what the score of a class is the sum of.
func (m *Model) terms(class int) []term {
	n, weights := len(m.classes), 0.0
	for i := range m.links {
		weights += m.links[i].Weight
	}
	var terms []term
	first := 0
	for i := range m.links {
		l := &m.links[i]
		factor := l.Weight / weights
		switch rows := l.rows(n); {
		case rows == 1:
			terms = append(terms, term{first, factor * float64(2*class-1)})
		case l.Loss == OneVsOne:
			row := first
			for a := range n {
				for b := a + 1; b < n; b++ {
					switch class {
					case a:
						terms = append(terms, term{row, -factor})
					case b:
						terms = append(terms, term{row, factor})
					}
					row++
				}
			}
		default:
			terms = append(terms, term{first + class, factor})
		}
		first += l.rows(n)
	}
	return terms
}

// An explainer is the scratch of explanations.
type explainer struct {
	a, b       aligned
	slots      [][]uint32 // of each block and node: 1 + index in met; 0 between two texts
	parts      []vectorPart
	met        []metNGram
	places     []place
	names      []byte  // the n-grams of met, one behind the other
	from       []int32 // the characters of the places, one behind the other
	characters []float64
	weights    []float64 // of met
}

// A vectorPart is the part of a text's vector that comes from a block.
type vectorPart struct {
	factor     float64 // what its elements are multiplied by, before coefficients
	met, place int     // where those of the next block begin
}

// A metNGram is an n-gram that a text has.
type metNGram struct {
	node       uint32
	count      uint32
	start, end int // of its name in names
}

// A place is where a text has an n-gram: its characters are from[start:end].
type place struct{ met, start, end int }

// meet finds the n-grams of text, and the factor of each block.
func (m *Model) meet(s *scratch, text string) {
	x := &s.explainer
	x.parts, x.met, x.places, x.names, x.from = x.parts[:0], x.met[:0], x.places[:0], x.names[:0], x.from[:0]
	if x.slots == nil {
		x.slots = make([][]uint32, len(m.blocks))
	}
	outer := 0.0
	for i := range m.blocks {
		b := &m.blocks[i]
		clear(s.totals)
		b.add(s, &s.walks[i], s.totals, text)
		factor, left := b.factor(s.totals[len(m.intercepts)])
		outer += m.norm.power(b.weight) * left
		if x.slots[i] == nil {
			x.slots[i] = make([]uint32, len(b.trie.nodes))
		}
		x.meet(b, x.slots[i], text)
		x.parts = append(x.parts, vectorPart{factor, len(x.met), len(x.places)})
	}
	norm := m.norm.of(outer)
	for i := range x.parts {
		x.parts[i].factor /= norm
	}
}

// meet adds the n-grams of text that a block knows.
func (x *explainer) meet(b *block, slots []uint32, text string) {
	first := len(x.met)
	t, words := b.trie, b.reader.Analyzer == Word
	tape := b.reader.align(&x.a, &x.b, text)
	for start := range tape.text {
		if words && start > 0 && tape.text[start-1] != ' ' {
			continue
		}
		begin := len(x.from)
		node := uint32(0)
		for end := start; end < len(tape.text); end++ {
			next := t.nodes[node].base + uint32(tape.text[end])
			if t.nodes[next].parent != node {
				break
			}
			if n := len(x.from); n == begin || x.from[n-1] != tape.from[end] {
				x.from = append(x.from, tape.from[end])
			}
			if !slices.Equal(t.row(node), t.row(next)) { // an n-gram ends here
				if slots[next] == 0 {
					name := len(x.names)
					x.names = append(x.names, tape.text[start:end+1]...)
					if words {
						x.names = bytes.TrimSuffix(x.names, space)
					}
					x.met = append(x.met, metNGram{node: next, start: name, end: len(x.names)})
					slots[next] = uint32(len(x.met))
				}
				at := int(slots[next]) - 1
				x.met[at].count++
				x.places = append(x.places, place{at, begin, len(x.from)})
			}
			node = next
		}
	}
	for _, n := range x.met[first:] {
		slots[n.node] = 0
	}
}

// weigh sets the weights of the n-grams that were met, and adds them to the characters.
func (x *explainer) weigh(m *Model, terms []term) {
	x.weights = x.weights[:0]
	at := 0
	for i, part := range x.parts {
		b := &m.blocks[i]
		for len(x.weights) < part.met {
			n := &x.met[len(x.weights)]
			own, above := b.trie.row(n.node), b.trie.row(b.trie.nodes[n.node].parent)
			sum := 0.0
			for _, t := range terms {
				sum += t.factor * (own[t.row] - above[t.row])
			}
			x.weights = append(x.weights, sum*b.reader.tf(float64(n.count))*part.factor)
		}
		for ; at < part.place; at++ {
			p := &x.places[at]
			from := x.from[p.start:p.end]
			share := x.weights[p.met] / float64(x.met[p.met].count) / float64(len(from))
			for _, c := range from {
				x.characters[c] += share
			}
		}
	}
}

// largest returns the n-grams whose weights have the largest magnitudes, at most so many,
// and the sums of the others.
func (x *explainer) largest(top int) (ngrams []NGramWeight, others Remaining) {
	// Of n-grams that weigh as much the one that comes first in the text is the larger.
	order := func(a, b int) int {
		return cmp.Or(cmp.Compare(math.Abs(x.weights[b]), math.Abs(x.weights[a])), cmp.Compare(a, b))
	}
	// Sorting twice as many as are wanted, whenever there are so many, is linear in
	// the text.
	candidates := make([]int, 0, min(2*top, len(x.weights)))
	leave := func(n int) {
		slices.SortFunc(candidates, order)
		for _, i := range candidates[n:] {
			others.add(x.weights[i])
		}
		candidates = candidates[:n]
	}
	full := false
	for i, weight := range x.weights {
		switch {
		case weight == 0:
		case top == 0 || full && order(i, candidates[top-1]) > 0:
			others.add(weight)
		default:
			candidates = append(candidates, i)
			if len(candidates) == 2*top {
				leave(top)
				full = true
			}
		}
	}
	leave(min(top, len(candidates)))
	ngrams = make([]NGramWeight, len(candidates))
	for i, at := range candidates {
		n := &x.met[at]
		ngrams[i] = NGramWeight{string(x.names[n.start:n.end]), x.weights[at], int(n.count)}
	}
	return ngrams, others
}

func (r *Remaining) add(weight float64) {
	if weight > 0 {
		r.Positive += weight
	} else {
		r.Negative += weight
	}
}

// spans returns the spans of the weights of characters.
func spans(characters []float64) []Span {
	var spans []Span
	for i := 0; i < len(characters); {
		weight, start := characters[i], i
		for i++; i < len(characters) && characters[i] == weight; i++ {
		}
		if weight != 0 {
			spans = append(spans, Span{start, i, weight * float64(i-start)})
		}
	}
	return spans
}
