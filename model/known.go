package model

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
		if b.words != nil {
			known += b.words.Known(s.text.Tape)
		} else {
			known += b.trie.Known(s.text.Tape)
		}
	}
	return known, all
}
