package prediction_test

import (
	"testing"

	"tagifai/internal/prediction"
	"tagifai/model"
)

// BenchmarkExplain explains a text of 60 characters, and encodes what was explained.
func BenchmarkExplain(b *testing.B) {
	m, err := model.Default()
	if err != nil {
		b.Fatal(err)
	}
	const text = "Transfer learning with transformers for text classification."
	var explanations []model.Explanation
	b.Run("explain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, explanations = m.ClassifyAndExplain(explanations, text, nil, nil, nil, 10)
		}
	})
	answer, explanations := m.ClassifyAndExplain(explanations, text, nil, nil, nil, 10)
	fallback := prediction.FallbackOf(m, answer, explanations)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			prediction.AppendMembers(nil, m.Classes(), explanations, fallback)
		}
	})
}
