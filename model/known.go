package model

import "tagifai/model/tfidf"

// Known counts the n-grams of text, each as often as it occurs, and those of them that the
// vocabulary has. Of several blocks it counts those of each. It takes about as long as a
// prediction.
func (m *Model) Known(text string) (known, all int) {
	s := m.getScratch()
	defer m.putScratch(s)
	for i := range m.blocks {
		b := &m.blocks[i]
		for range b.reader.NGrams(&s.text, text) {
			all++
		}
		b.occurrences(&tfidf.Aligned{Text: s.text.Tape}, func(_, _ uint32, _, _ int) { known++ })
	}
	return known, all
}
