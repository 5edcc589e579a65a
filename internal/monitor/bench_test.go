package monitor_test

import (
	"testing"
	"time"

	"tagifai/internal/monitor"
	"tagifai/model"
)

// BenchmarkPredicted is what a text of 140 characters costs, sampling included, beside
// its prediction.
func BenchmarkPredicted(b *testing.B) {
	m, err := model.Default()
	if err != nil {
		b.Fatal(err)
	}
	text := "Comparing convolutional networks with transformers for object detection in real world videos, where training data is rare and labels noisy."
	w := monitor.New(m, time.Now())
	answer := m.Classify(text, nil, nil)
	b.Run("predict", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Classify(text, nil, nil)
		}
	})
	b.Run("count", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.Predicted(text, answer)
		}
	})
}
