package model

import (
	"fmt"
	"math"
)

// Check lets the model predict, and says what is wrong if that gives no numbers.
// It takes some microseconds.
func (m *Model) Check() error {
	for _, text := range []string{"", "Transfer learning with transformers for text classification."} {
		p := m.Predict(text)
		for k, score := range p.Scores {
			if math.IsNaN(score) || math.IsInf(score, 0) {
				return fmt.Errorf("model check: the score of %q for %q is %v", m.classes[k], text, score)
			}
		}
		if !m.hasProbabilities {
			continue
		}
		sum := 0.0
		for k, p := range p.Probabilities {
			if !(p >= 0 && p <= 1) { // NaN neither
				return fmt.Errorf("model check: the probability of %q for %q is %v", m.classes[k], text, p)
			}
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			return fmt.Errorf("model check: the probabilities for %q add up to %v", text, sum)
		}
	}
	return nil
}
