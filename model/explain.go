package model

import (
	"bytes"
	"math"
	"slices"
	"unicode/utf8"

	"tagifai/model/tfidf"
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
	defer x.putBack()
	scores := m.score(s, text)
	explanations := make([]Explanation, len(classes))
	for i, class := range classes {
		e := &explanations[i]
		e.Class = class
		for _, t := range m.terms(class) {
			e.Score += t.factor * scores[t.row]
			e.Intercept += t.factor * m.intercepts[t.row]
		}
	}
	x.meet(m, s, text)
	x.characters = slices.Grow(x.characters[:0], len(text))[:utf8.RuneCountInString(text)]
	for i := range explanations {
		e := &explanations[i]
		x.weigh(m, m.terms(e.Class))
		e.NGrams, e.Remaining = x.largest(top)
		e.Spans = spans(x.characters)
	}
	x.leave()
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

// An explainer is the scratch of explanations. All of it is in proportion to the text, but
// for slots.
type explainer struct {
	slots      [][]uint32      // of each block and node: 1 + index in met; 0 between two texts
	tapes      []tfidf.Aligned // of each block
	a, b       tfidf.Aligned   // on the way to a tape
	factors    []float64       // of each block: what its vector's elements are multiplied by
	met        []metNGram      // those of a block behind those of the one before
	ends       []int           // of each block in met
	places     []place         // where they are, those of a block behind those of the one before
	lasts      []int           // of each block in places
	weights    []float64       // of met
	shares     []float64       // of met: the weight at each place
	characters []float64       // of a text: their weights
	candidates []candidate
}

// A metNGram is an n-gram that a text has.
type metNGram struct {
	node, parent, count uint32
	start, end          int // of its first occurrence on the tape
}

// A place is one where a text has an n-gram.
type place struct {
	at         uint32 // the n-gram's index in met
	start, end uint32 // on the tape
}

// maxExplained is the size of a text above which the scratch of its explanation is not kept.
const maxExplained = 64 << 10

func (x *explainer) putBack() {
	if cap(x.characters) > maxExplained {
		*x = explainer{slots: x.slots}
	}
}

// meet finds the n-grams of text, and the factor of each block.
func (x *explainer) meet(m *Model, s *scratch, text string) {
	if x.slots == nil {
		x.slots = make([][]uint32, len(m.blocks))
	}
	if x.tapes == nil {
		x.tapes = make([]tfidf.Aligned, len(m.blocks))
	}
	x.factors, x.met, x.ends = x.factors[:0], x.met[:0], x.ends[:0]
	x.places, x.lasts = x.places[:0], x.lasts[:0]
	outer := 0.0
	for i := range m.blocks {
		b := &m.blocks[i]
		clear(s.totals)
		b.add(s, &s.walks[i], s.totals, text)
		factor, left := b.factor(s.totals[0])
		x.factors = append(x.factors, factor)
		outer += m.norm.Power(b.weight) * left

		b.reader.Align(&x.tapes[i], &x.a, &x.b, text)
		if x.slots[i] == nil {
			x.slots[i] = make([]uint32, b.nodes())
		}
		slots := x.slots[i]
		b.occurrences(&x.tapes[i], func(node, parent uint32, start, end int) {
			if slots[node] == 0 {
				x.met = append(x.met, metNGram{node: node, parent: parent, start: start, end: end})
				slots[node] = uint32(len(x.met))
			}
			at := slots[node] - 1
			x.met[at].count++
			x.places = append(x.places, place{at, uint32(start), uint32(end)})
		})
		x.lasts = append(x.lasts, len(x.places))
		x.ends = append(x.ends, len(x.met))
	}
	norm := m.norm.Of(outer)
	for i := range x.factors {
		x.factors[i] /= norm
	}
}

// leave makes the explainer ready for another text.
func (x *explainer) leave() {
	at := 0
	for i, end := range x.ends {
		for ; at < end; at++ {
			x.slots[i][x.met[at].node] = 0
		}
	}
}

// nodes returns the number of nodes: of the trie, or of the table of words.
func (b *block) nodes() int {
	if b.words != nil {
		return b.words.vocabulary.Len()
	}
	return len(b.trie.nodes)
}

// coefficient returns idf × coefficient of the n-gram of a node.
func (b *block) coefficient(n *metNGram, row int) float64 {
	if b.words != nil {
		return b.words.row(n.node)[1+row]
	}
	return b.trie.row(n.node)[1+row] - b.trie.row(n.parent)[1+row]
}

// occurrences yields the n-grams of the vocabulary on a tape, each as often as it occurs.
func (b *block) occurrences(tape *tfidf.Aligned, yield func(node, parent uint32, start, end int)) {
	if b.words != nil {
		for start := 0; start < len(tape.Text); {
			end := start + bytes.IndexByte(tape.Text[start:], ' ')
			word := tape.Text[start:end]
			if i := b.words.find(wordHead(word), word); i > 0 {
				yield(i-1, 0, start, end)
			}
			start = end + 1
		}
		return
	}
	t, words := b.trie, b.reader.Analyzer == tfidf.Word
	for start := range tape.Text {
		if words && start > 0 && tape.Text[start-1] != ' ' {
			continue
		}
		node := uint32(root)
		for i := start; i < len(tape.Text); i++ {
			next := t.child(node, tape.Text[i])
			if next == nowhere {
				break
			}
			if !slices.Equal(t.row(node), t.row(next)) { // an n-gram ends here
				yield(next, node, start, i+1-one(words)) // without the space behind a word
			}
			node = next
		}
	}
}

// weigh sets the weights of the n-grams that were met, and shares them out to the
// characters of the text.
func (x *explainer) weigh(m *Model, terms []term) {
	clear(x.characters)
	x.weights, x.shares = x.weights[:0], x.shares[:0]
	first := 0
	for i, end := range x.ends {
		b := &m.blocks[i]
		for _, n := range x.met[len(x.weights):end] {
			sum := 0.0
			for _, t := range terms {
				sum += t.factor * b.coefficient(&n, t.row)
			}
			x.weights = append(x.weights, sum*b.reader.TF(n.count)*x.factors[i])
		}
		for k := len(x.shares); k < end; k++ {
			x.shares = append(x.shares, x.weights[k]/float64(x.met[k].count))
		}
		characters := x.tapes[i].From
		for _, p := range x.places[first:x.lasts[i]] {
			x.share(x.shares[p.at], characters[p.start:p.end])
		}
		first = x.lasts[i]
	}
}

// share shares a weight out to characters, which ascend; some come several times.
func (x *explainer) share(weight float64, characters []int32) {
	n, last := 0, int32(-1)
	for _, c := range characters {
		n += one(c != last)
		last = c
	}
	weight /= float64(n)
	last = -1
	for _, c := range characters {
		if c != last {
			x.characters[c] += weight
		}
		last = c
	}
}

// largest returns the n-grams whose weights have the largest magnitudes, at most so many,
// and the sums of the others.
func (x *explainer) largest(top int) (ngrams []NGramWeight, others Remaining) {
	// Sorting twice as many as are wanted, whenever there are so many, is linear in
	// the text.
	candidates := x.candidates[:0]
	leave := func(n int) {
		slices.SortFunc(candidates, candidate.compare)
		for _, c := range candidates[n:] {
			others.add(x.weights[c.at])
		}
		candidates = candidates[:n]
	}
	full := false
	for i, weight := range x.weights {
		c := candidate{math.Abs(weight), i}
		switch {
		case weight == 0:
		case top == 0 || full && c.compare(candidates[top-1]) > 0:
			others.add(weight)
		default:
			candidates = append(candidates, c)
			if len(candidates) == 2*top {
				leave(top)
				full = true
			}
		}
	}
	leave(min(top, len(candidates)))
	ngrams = make([]NGramWeight, len(candidates))
	for i, c := range candidates {
		ngrams[i] = NGramWeight{x.name(c.at), x.weights[c.at], int(x.met[c.at].count)}
	}
	x.candidates = candidates
	return ngrams, others
}

// A candidate is an n-gram that may be among the largest.
type candidate struct {
	size float64 // of its weight
	at   int     // in met
}

// compare puts the larger one first. Of n-grams that weigh as much the one that comes first
// in the text is the larger.
func (c candidate) compare(d candidate) int {
	switch {
	case c.size > d.size:
		return -1
	case c.size < d.size:
		return 1
	}
	return c.at - d.at
}

// name returns an n-gram that was met.
func (x *explainer) name(at int) string {
	block := 0
	for x.ends[block] <= at {
		block++
	}
	n := &x.met[at]
	return string(x.tapes[block].Text[n.start:n.end])
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
	n := 0
	before := 0.0
	for _, weight := range characters {
		n += one(weight != before) & one(weight != 0)
		before = weight
	}
	if n == 0 {
		return nil
	}
	spans := make([]Span, 0, n)
	for i := 0; i < len(characters); {
		weight, start := characters[i], i
		i++
		for i < len(characters) && characters[i] == weight {
			i++
		}
		if weight != 0 {
			spans = append(spans, Span{start, i, weight * float64(i-start)})
		}
	}
	return spans
}
