//go:build !race

// The race detector makes sync.Pool drop what it holds.

package model_test

import (
	"testing"

	"tagifai/model"
)

// TestAllocations pins the steady state: none for a tag, whatever the text.
func TestAllocations(t *testing.T) {
	cleaned := smallWeights()
	v := &cleaned.Blocks[0].Vectorizer
	v.Clean, v.Lowercase = true, true
	texts := texts(t)
	models := map[string]*model.Model{"default": defaultModel(t), "cleaned": newModel(t, `{}`, cleaned)}
	for name, w := range unusualWeights(t) {
		models[name] = newModel(t, `{}`, w)
	}
	for name, m := range models {
		for _, text := range texts { // lets the scratch grow
			m.Tag(text)
		}
		if got := testing.AllocsPerRun(100, func() {
			for _, text := range texts {
				m.Tag(text)
			}
		}); got != 0 {
			t.Errorf("%s: %d texts took %v allocations, want none", name, len(texts), got)
		}
	}
}
