// Package explain writes explanations of predictions for people: to a terminal, and as a
// page of HTML.
package explain

import (
	"math"

	"tagifai/internal/prediction"
	"tagifai/model"
)

// An Explained is a text, the answer to it and what that is made of.
type Explained struct {
	Text, Tag    string
	Confidence   float64 // the highest probability; 0 if the model has none
	Fallback     *prediction.Fallback
	Classes      []string // of the model
	Explanations []model.Explanation
}

// Explain predicts a text and explains the answer, and the scores of other classes, given
// by their indices, with at most so many n-grams each.
func Explain(m *model.Model, text string, classes []int, top int) Explained {
	answer, explanations := m.ClassifyAndExplain(nil, text, nil, nil, classes, top)
	fallback := prediction.FallbackOf(m, answer, explanations)
	return Explained{text, m.Class(answer.Class), answer.Confidence, fallback, m.Classes(), explanations}
}

// A piece is a stretch of a text with what it contributes.
type piece struct {
	text   string
	weight float64 // of each character
}

// pieces cuts the text at the ends of the spans.
func pieces(text string, spans []model.Span) []piece {
	var pieces []piece
	at := 0 // characters before rest
	rest := text
	take := func(n int) string {
		end := 0
		for range n {
			end += len(firstCharacter(rest[end:]))
		}
		taken := rest[:end]
		rest, at = rest[end:], at+n
		return taken
	}
	for _, s := range spans {
		if s.Start > at {
			pieces = append(pieces, piece{text: take(s.Start - at)})
		}
		n := s.End - s.Start
		pieces = append(pieces, piece{take(n), s.Weight / float64(n)})
	}
	if rest != "" {
		pieces = append(pieces, piece{text: rest})
	}
	return pieces
}

func firstCharacter(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

// strongest returns the largest magnitude of the weight of a character.
func strongest(pieces []piece) float64 {
	largest := 0.0
	for _, p := range pieces {
		largest = max(largest, math.Abs(p.weight))
	}
	return largest
}
