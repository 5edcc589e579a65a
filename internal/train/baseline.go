package train

import (
	"slices"

	"tagifai/internal/evaluation"
	"tagifai/internal/monitor"
)

// addPredictions adds predictions to a baseline. Of each text, known has the number of
// n-grams that the model knows, and that of all.
func addPredictions(to *monitor.Builder, p *evaluation.Predictions, known [][2]int) {
	for i, text := range p.Texts {
		to.Add(text, p.Answers[i], p.Labels[i], slices.Max(p.Probabilities[i]), known[i][0], known[i][1])
	}
}
