package model

import (
	"math"
	"slices"

	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// scratch is what one prediction scribbles on. It is pooled; nothing that is
// returned to a caller refers to it.
type scratch struct {
	text          tfidf.Scratch
	blocks        []vocabulary.Scratch
	totals        []float64
	sums          []float64 // of the rows, over several blocks
	probabilities []float64
	one           []float64 // probabilities of one link of several
	decisions     []float64
	factors       []float64 // of several blocks: what their sums were multiplied by
	norm          float64   // of several blocks
	explainer     explainer
}

// A scratch that a giant text blew up is not kept.
const maxPooled = 1 << 20 // bytes of text

func (m *Model) getScratch() *scratch {
	if s, ok := m.pool.Get().(*scratch); ok {
		return s
	}
	rows, classes := len(m.intercepts), len(m.classes)
	return &scratch{
		blocks:        make([]vocabulary.Scratch, len(m.blocks)),
		totals:        make([]float64, rows+1),
		sums:          make([]float64, rows),
		probabilities: make([]float64, classes),
		one:           make([]float64, classes),
		decisions:     make([]float64, classes),
		factors:       make([]float64, len(m.blocks)),
	}
}

func (m *Model) putScratch(s *scratch) {
	if cap(s.text.Tape) <= maxPooled {
		m.pool.Put(s)
	}
}

// one is 1 for true, 0 for false, and no branch.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// score returns the score of each row of coefficients: intercept plus the product of the
// coefficients and the text's vector. The result lives in s.
func (m *Model) score(s *scratch, text string) []float64 {
	if len(m.blocks) > 1 {
		return m.scoreBlocks(s, text)
	}
	clear(s.totals)
	b := &m.blocks[0]
	b.add(s, &s.blocks[0], s.totals, text)
	rows := s.totals[1:]
	norm := b.reader.Norm.Of(s.totals[0])
	for k, intercept := range m.intercepts {
		rows[k] = rows[k]/norm + intercept
	}
	return rows
}

// scoreBlocks is score for several blocks.
func (m *Model) scoreBlocks(s *scratch, text string) []float64 {
	clear(s.sums)
	outer := 0.0
	for i := range m.blocks {
		b := &m.blocks[i]
		clear(s.totals)
		b.add(s, &s.blocks[i], s.totals, text)
		factor, norm := b.factor(s.totals[0])
		for k := range s.sums {
			s.sums[k] += factor * s.totals[1+k]
		}
		outer += m.norm.Power(b.weight) * norm
		s.factors[i] = factor
	}
	norm := m.norm.Of(outer)
	s.norm = norm
	for k, intercept := range m.intercepts {
		s.sums[k] = s.sums[k]/norm + intercept
	}
	return s.sums
}

// factor returns what the elements of the vector of the i-th block are multiplied by in the
// scores that s was left with.
func (m *Model) factor(s *scratch, i int) float64 {
	if len(m.blocks) == 1 {
		return 1 / m.blocks[0].reader.Norm.Of(s.totals[0])
	}
	return s.factors[i] / s.norm
}

// probabilities sets dst, one element for each class, from the scores of the rows.
func (m *Model) probabilities(s *scratch, dst, scores []float64) {
	if len(m.links) == 1 {
		m.links[0].Probabilities(dst, scores)
		return
	}
	clear(dst)
	weights := 0.0
	for i := range m.links {
		l := &m.links[i]
		n := l.Rows(len(dst))
		l.Probabilities(s.one, scores[:n])
		scores = scores[n:]
		for k, p := range s.one {
			dst[k] += l.Weight * p
		}
		weights += l.Weight
	}
	for k := range dst {
		dst[k] /= weights
	}
}

// answer chooses the class that is predicted: the most probable one if it is above its
// threshold, else other. With threshold_on sigmoid, the highest decision value has to be
// above the threshold. Of classes that are as probable, which modified_huber makes
// often, it is the first if there is a threshold, as the course has it, and that of the
// highest score if there is none, as scikit-learn has it.
func (m *Model) answer(probabilities, scores []float64) Answer {
	best := 0
	for k, p := range probabilities {
		if p > probabilities[best] || p == probabilities[best] && m.threshold == nil && m.higher(scores, k, best) {
			best = k
		}
	}
	confidence := probabilities[best]
	sureness := confidence
	if m.onSigmoid {
		sureness = highestDecision(scores)
	}
	if m.bar == nil || m.other < 0 || sureness > m.bar[best] {
		return Answer{Class: best, Best: best, Confidence: confidence}
	}
	return Answer{Class: m.other, Best: best, Confidence: confidence, Fallback: true}
}

// highestDecision returns the highest decision value, where scores are those of the rows.
func highestDecision(scores []float64) float64 {
	if len(scores) == 1 {
		return math.Abs(scores[0]) // that of one class is s, of the other -s
	}
	return slices.Max(scores)
}

// higher reports whether class a has a higher score than class b, where scores, those of
// the rows, are what the probabilities are made of.
func (m *Model) higher(scores []float64, a, b int) bool {
	if m.averages {
		return false
	}
	if len(scores) == 1 {
		return a != b && scores[0] > 0 == (a == 1)
	}
	return scores[a] > scores[b]
}
