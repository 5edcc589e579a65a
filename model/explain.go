package model

import (
	"slices"

	"tagifai/model/linear"
	"tagifai/model/vocabulary"
)

// An Explanation says what the score of a class is made of. The numbers add up, but for
// rounding:
//
//	Score = Intercept + the weights of NGrams + Remaining.Positive + Remaining.Negative
//	Score = Intercept + the weights of Spans
//
// The score is linear in the text's vector, which makes both exact; nothing is sampled.
// Where [Model.Classify] has decision values it is that of the class, but for
// [linear.OneVsOne], whose votes are not linear: there it is the sum of the scores of all pairs
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

// ClassifyAndExplain predicts text as [Model.Classify] does, and explains the scores of the
// predicted class, of the most probable one, and of others, given by their indices, with at
// most so many n-grams each. It reads the text once, and takes memory in proportion to it.
// The memory of into is used for the explanations, as far as it goes.
func (m *Model) ClassifyAndExplain(into []Explanation, text string, probabilities, scores []float64, others []int, top int) (Answer, []Explanation) {
	s := m.getScratch()
	defer m.putScratch(s)
	x := &s.explainer
	rows := x.score(m, s, text)
	answer := m.decide(s, rows, probabilities, scores)
	x.classes = append(x.classes[:0], answer.Class, answer.Best)
	if answer.Best == answer.Class {
		x.classes = x.classes[:1]
	}
	for _, class := range others {
		if !slices.Contains(x.classes, class) {
			x.classes = append(x.classes, class)
		}
	}
	return answer, m.explain(into, s, rows, text, x.classes, top)
}

// explain explains the scores of some classes for a text that the explainer of s has just
// scored.
func (m *Model) explain(into []Explanation, s *scratch, scores []float64, text string, classes []int, top int) []Explanation {
	x := &s.explainer
	defer x.putBack()
	x.meet(m, s, text)
	x.characters = slices.Grow(x.characters[:0], len(text))[:x.blocks[0].Characters]
	explanations := slices.Grow(into[:0], len(classes))[:len(classes)]
	for i, class := range classes {
		e := &explanations[i]
		*e = Explanation{Class: class, NGrams: e.NGrams[:0], Spans: e.Spans[:0]}
		x.terms = m.appendTerms(x.terms[:0], class)
		for _, t := range x.terms {
			e.Score += t.Factor * scores[t.Row]
			e.Intercept += t.Factor * m.intercepts[t.Row]
		}
		x.weigh(m)
		e.NGrams, e.Remaining = x.appendLargest(e.NGrams, e.Score-e.Intercept, top)
		e.Spans = appendSpans(e.Spans, x.characters)
	}
	return explanations
}

// appendTerms appends what the score of a class is the sum of.
func (m *Model) appendTerms(terms []vocabulary.Term, class int) []vocabulary.Term {
	n, weights := len(m.classes), 0.0
	for i := range m.links {
		weights += m.links[i].Weight
	}
	first := 0
	for i := range m.links {
		l := &m.links[i]
		factor := l.Weight / weights
		switch rows := l.Rows(n); {
		case rows == 1:
			terms = append(terms, vocabulary.Term{Row: first, Factor: factor * float64(2*class-1)})
		case l.Loss == linear.OneVsOne:
			row := first
			for a := range n {
				for b := a + 1; b < n; b++ {
					switch class {
					case a:
						terms = append(terms, vocabulary.Term{Row: row, Factor: -factor})
					case b:
						terms = append(terms, vocabulary.Term{Row: row, Factor: factor})
					}
					row++
				}
			}
		default:
			terms = append(terms, vocabulary.Term{Row: first + class, Factor: factor})
		}
		first += l.Rows(n)
	}
	return terms
}

// appendSpans appends the spans of the weights of characters.
func appendSpans(spans []Span, characters []float64) []Span {
	n := len(spans)
	spans = slices.Grow(spans, len(characters))[:n+len(characters)]
	for i := 0; i < len(characters); {
		weight, start := characters[i], i
		i++
		for i < len(characters) && characters[i] == weight {
			i++
		}
		if weight != 0 {
			spans[n] = Span{start, i, weight * float64(i-start)}
			n++
		}
	}
	return spans[:n]
}
