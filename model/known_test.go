package model_test

import (
	"strings"
	"testing"

	"tagifai/model"
)

// Known counts as a walk over the n-grams with a set of the vocabulary does.
func TestKnown(t *testing.T) {
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", " ", "a", "NLP", "Transfer learning with BERT", "Zwei   Löffel\tÖl, 表 🙂 und Salz",
		"qqqqzzzz", "\xff\xfe", strings.Repeat("deep learning ", 500),
	} {
		wantKnown, wantAll := 0, 0
		for i := range a.Weights.Blocks {
			b := &a.Weights.Blocks[i]
			vocabulary := make(map[string]bool)
			for _, ngram := range b.NGrams.All() {
				vocabulary[ngram] = true
			}
			for ngram := range b.Vectorizer.NGrams(text) {
				wantAll++
				if vocabulary[string(ngram)] {
					wantKnown++
				}
			}
		}
		if known, all := m.Known(text); known != wantKnown || all != wantAll {
			t.Errorf("%.40q: got %d of %d n-grams, want %d of %d", text, known, all, wantKnown, wantAll)
		}
	}
}

func BenchmarkKnown(b *testing.B) {
	m, err := model.Default()
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("Object detection with YOLO and transformers. ", 4)[:140]
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		m.Known(text)
	}
}
