package monitor_test

import (
	"slices"
	"testing"
	"time"

	"tagifai/internal/monitor"
	"tagifai/model"
)

// A text of 140 characters.
const benchText = "Comparing convolutional networks with transformers for object detection in real world videos, where training data is rare and labels noisy."

// BenchmarkPredicted is what counting a text costs, sampling included: on one core, and on
// all of them at once.
func BenchmarkPredicted(b *testing.B) {
	m, err := model.Default()
	if err != nil {
		b.Fatal(err)
	}
	answer := m.Classify(benchText, nil, nil)
	w := monitor.New(m, time.Now())
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.Predicted(benchText, answer)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				w.Predicted(benchText, answer)
			}
		})
	})
}

// BenchmarkWatched predicts a text a hundred times and then predicts and counts it a hundred
// times, in turn. The first figure is of both together; the second says by how many percent
// counting makes a prediction longer, in the median.
func BenchmarkWatched(b *testing.B) {
	m, err := model.Default()
	if err != nil {
		b.Fatal(err)
	}
	w := monitor.New(m, time.Now())
	var longer []float64
	for b.Loop() {
		start := time.Now()
		for range 100 {
			m.Classify(benchText, nil, nil)
		}
		middle := time.Now()
		for range 100 {
			w.Predicted(benchText, m.Classify(benchText, nil, nil))
		}
		longer = append(longer, 100*(float64(time.Since(middle))/float64(middle.Sub(start))-1))
	}
	slices.Sort(longer)
	b.ReportMetric(longer[len(longer)/2], "%longer")
}
