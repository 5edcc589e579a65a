package model

import (
	"fmt"
	"math"
)

// Check lets the model predict, and says what is wrong if that gives no probabilities.
// It takes some microseconds.
func (m *Model) Check() error {
	for _, text := range []string{"", "Transfer learning with transformers for text classification."} {
		sum := 0.0
		for k, p := range m.Predict(text).Probabilities {
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
