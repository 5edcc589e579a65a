package model

import (
	"math"
	"slices"

	"tagifai/model/tfidf"
)

// scratch is what one prediction scribbles on. It is pooled; nothing that is
// returned to a caller refers to it.
type scratch struct {
	text          tfidf.Scratch
	walks         []walks // of each block
	totals        []float64
	sums          []float64 // of the rows, over several blocks
	probabilities []float64
	one           []float64 // probabilities of one link of several
	decisions     []float64
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
		walks:         make([]walks, len(m.blocks)),
		totals:        make([]float64, rows+1),
		sums:          make([]float64, rows),
		probabilities: make([]float64, classes),
		one:           make([]float64, classes),
		decisions:     make([]float64, classes),
	}
}

func (m *Model) putScratch(s *scratch) {
	if cap(s.text.Tape) <= maxPooled {
		m.pool.Put(s)
	}
}

// A block is a [Block] that is ready to read texts.
type block struct {
	reader tfidf.Reader
	trie   *trie
	words  *wordTable // takes the place of the trie if the n-grams are single words
	weight float64
	// follows says that the words are found on the tape of the block before, which is in
	// the scratch: a seventh of the time of the default model.
	follows bool
	// divides says whether the vector is divided by its norm. If not, the norm is that
	// of several blocks, to which this one adds.
	divides bool
}

// add adds to totals the block's rows of the n-grams of text, each times its tf, and of a
// norm of l2 times its square. What becomes the norm is the first of the totals.
func (b *block) add(s *scratch, w *walks, totals []float64, text string) {
	switch v := &b.reader.Vectorizer; {
	case b.words == nil:
		b.trie.walk(v, w, totals, b.reader.Tape(&s.text, text))
	case b.follows: // the tape is there
		bounds := s.text.Words()
		b.words.add(v, w, totals, s.text.Tape, bounds)
	default:
		bounds := b.reader.Words(&s.text, text)
		b.words.add(v, w, totals, s.text.Tape, bounds)
	}
}

// factor returns what the block's sums are multiplied by, if own is the last of them, and
// what is left of own then.
func (b *block) factor(own float64) (factor, left float64) {
	if !b.divides {
		return b.weight, own
	}
	return b.weight / b.reader.Norm.Of(own), float64(one(own > 0))
}

// score returns the score of each row of coefficients: intercept plus the product of the
// coefficients and the text's vector. The result lives in s.
func (m *Model) score(s *scratch, text string) []float64 {
	if len(m.blocks) > 1 {
		return m.scoreBlocks(s, text)
	}
	clear(s.totals)
	b := &m.blocks[0]
	b.add(s, &s.walks[0], s.totals, text)
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
		b.add(s, &s.walks[i], s.totals, text)
		factor, norm := b.factor(s.totals[0])
		for k := range s.sums {
			s.sums[k] += factor * s.totals[1+k]
		}
		outer += m.norm.Power(b.weight) * norm
	}
	norm := m.norm.Of(outer)
	for k, intercept := range m.intercepts {
		s.sums[k] = s.sums[k]/norm + intercept
	}
	return s.sums
}

// probabilities sets dst, one element for each class, from the scores of the rows.
func (m *Model) probabilities(s *scratch, dst, scores []float64) {
	if len(m.links) == 1 {
		m.links[0].probabilities(dst, scores)
		return
	}
	clear(dst)
	weights := 0.0
	for i := range m.links {
		l := &m.links[i]
		n := l.rows(len(dst))
		l.probabilities(s.one, scores[:n])
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
