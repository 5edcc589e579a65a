package model

import (
	"math"
	"slices"
)

// scratch is what one prediction scribbles on. It is pooled; nothing that is
// returned to a caller refers to it.
type scratch struct {
	text, cleaned, tape []byte
	walks               walks
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
	clear(s.scores)
	s.tape = append(m.vectorizer.tape(s, text), noByte)
	m.vectorizer.walk(m.trie, &s.walks, s.scores, s.tape)

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

// answer chooses the class that is predicted: the most probable one if it is above its
// threshold, else other.
func (m *Model) answer(probabilities []float64) Answer {
	best := 0
	for k, p := range probabilities {
		if p > probabilities[best] {
			best = k
		}
	}
	confidence := probabilities[best]
	if m.threshold == nil || m.other < 0 || confidence > m.threshold[best] {
		return Answer{Class: best, Confidence: confidence}
	}
	return Answer{Class: m.other, Confidence: confidence, Fallback: true}
}
