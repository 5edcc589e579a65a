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
	answer := m.Classify(text, nil, nil)
	b.Run("explain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			prediction.Explain(m, text, answer, nil, 10)
		}
	})
	explanations, fallback := prediction.Explain(m, text, answer, nil, 10)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			prediction.AppendMembers(nil, m.Classes(), explanations, fallback)
		}
	})
}
