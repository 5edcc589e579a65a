package model

import (
	"math"
	"slices"
)

// scratch is what one prediction scribbles on. It is pooled; nothing that is
// returned to a caller refers to it.
type scratch struct {
	text, cleaned, tape []byte
	counts              []uint32 // of each row: how often the text has its n-gram; zero between two texts
	met                 []int32  // the rows whose count is not zero
	scores              []float64
	probabilities       []float64
}

// A scratch that a giant text blew up is not kept.
const maxPooled = 1 << 20 // bytes of text

func (m *Model) getScratch() *scratch {
	if s, ok := m.pool.Get().(*scratch); ok {
		return s
	}
	return &scratch{
		counts:        make([]uint32, len(m.trie.parents)),
		scores:        make([]float64, m.trie.width),
		probabilities: make([]float64, len(m.classes)),
	}
}

func (m *Model) putScratch(s *scratch) {
	if cap(s.tape) <= maxPooled {
		m.pool.Put(s)
	}
}

// score sets s.scores to the score of each row of coefficients: intercept plus the
// product of the coefficients and the text's TF-IDF vector. The last element is of
// no use to the caller.
func (m *Model) score(s *scratch, text string) []float64 {
	m.walk(s, m.vectorizer.tape(s, text))
	m.weighCounts(s)

	last := len(s.scores) - 1
	norm := s.scores[last]
	switch {
	case m.vectorizer.Norm == NoNorm || norm == 0:
		norm = 1
	case m.vectorizer.Norm == L2:
		norm = math.Sqrt(norm)
	}
	for k, intercept := range m.intercepts {
		s.scores[k] = s.scores[k]/norm + intercept
	}
	return s.scores[:last]
}

// walk counts the n-grams of the tape in s.counts, and adds each to s.scores once.
func (m *Model) walk(s *scratch, tape []byte) {
	t, words := m.trie, m.vectorizer.Analyzer == Word
	clear(s.scores)
	for start := range tape {
		if words {
			if start > 0 && tape[start-1] != ' ' {
				continue
			}
		} else if tape[start]&0xC0 == 0x80 { // inside a code point
			continue
		}
		// An n-gram that was met before, was met with all its prefixes: what is new
		// on this walk is all behind what is old, and its weight is the difference
		// of two rows.
		at, row, old := int32(0), int32(0), int32(0)
		for _, c := range tape[start:] {
			next := t.nodes[at].base + int32(c)
			n := &t.nodes[next]
			if n.parent != at {
				break
			}
			at = next
			if n.row == row {
				continue // no n-gram ends here
			}
			row = n.row
			if s.counts[row]++; s.counts[row] > 1 {
				old = row
			} else {
				s.met = append(s.met, row)
			}
		}
		if row == old {
			continue
		}
		sums, before := t.sums[int(row)*t.width:][:t.width], t.sums[int(old)*t.width:][:t.width]
		for k := range s.scores {
			s.scores[k] += sums[k] - before[k]
		}
	}
}

// weighCounts gives the n-grams that were met more than once the rest of their
// weight, and sets the counts back to zero.
func (m *Model) weighCounts(s *scratch) {
	for _, row := range s.met {
		count := s.counts[row]
		s.counts[row] = 0
		if count == 1 || m.vectorizer.Binary {
			continue
		}
		tf := float64(count)
		if m.vectorizer.SublinearTF {
			tf = 1 + math.Log(tf)
		}
		if m.vectorizer.Norm == L2 {
			m.trie.weight(s.scores, row, tf-1, tf*tf-1)
		} else {
			m.trie.weight(s.scores, row, tf-1, tf-1)
		}
	}
	s.met = s.met[:0]
}

// Probabilities sets dst, one element for each class, from the scores of one text,
// one for each row of coefficients. Formulas: SGDClassifier.predict_proba and, for
// Multinomial, LogisticRegression.predict_proba of scikit-learn 1.2; where every
// class gets 0, which leaves log loss undefined there, all get the same.
func (l Loss) Probabilities(dst, scores []float64) {
	if l == Multinomial {
		softmax(dst, scores)
		return
	}
	probability := logistic
	if l == ModifiedHuber {
		probability = huber
	}
	if len(scores) == 1 {
		dst[1] = probability(scores[0])
		dst[0] = 1 - dst[1]
		return
	}
	sum := 0.0
	for k, score := range scores {
		dst[k] = probability(score)
		sum += dst[k]
	}
	for k := range dst {
		if sum == 0 {
			dst[k] = 1 / float64(len(dst))
		} else {
			dst[k] /= sum
		}
	}
}

func logistic(score float64) float64 { return 1 / (1 + math.Exp(-score)) }

func huber(score float64) float64 { return (max(-1, min(score, 1)) + 1) / 2 }

func softmax(dst, scores []float64) {
	if len(scores) == 1 {
		dst[0], dst[1] = -scores[0], scores[0]
	} else {
		copy(dst, scores)
	}
	// Relative to the largest, so that no exponential is too large for a float64.
	largest, sum := slices.Max(dst), 0.0
	for k, score := range dst {
		dst[k] = math.Exp(score - largest)
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
}

// classOf returns what is predicted: the most probable class if it is above its
// threshold, else other.
func (m *Model) classOf(probabilities []float64) Class {
	best := 0
	for k, p := range probabilities {
		if p > probabilities[best] {
			best = k
		}
	}
	class := Class{Index: best, Confidence: probabilities[best]}
	if m.threshold != nil && m.other >= 0 && !(class.Confidence > m.threshold[best]) {
		class.Index, class.Fallback = m.other, true
	}
	return class
}
