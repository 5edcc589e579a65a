package model

import (
	"bytes"
	"slices"
)

// Known counts the n-grams of text, each as often as it occurs, and those of them that the
// vocabulary has. Of several blocks it counts those of each. It takes about as long as a
// prediction.
func (m *Model) Known(text string) (known, all int) {
	s := m.getScratch()
	defer m.putScratch(s)
	for i := range m.blocks {
		b := &m.blocks[i]
		for range b.reader.ngrams(s, text) {
			all++
		}
		b.occurrences(&aligned{text: s.tape}, func(_, _ uint32, _, _ int) { known++ })
	}
	return known, all
}

// occurrences yields the n-grams of the vocabulary on a tape, each as often as it occurs.
func (b *block) occurrences(tape *aligned, yield func(node, parent uint32, start, end int)) {
	if b.words != nil {
		for start := 0; start < len(tape.text); {
			end := start + bytes.IndexByte(tape.text[start:], ' ')
			word := tape.text[start:end]
			if i := b.words.find(headOf(word), word); i > 0 {
				yield(i-1, 0, start, end)
			}
			start = end + 1
		}
		return
	}
	t, words := b.trie, b.reader.Analyzer == Word
	for start := range tape.text {
		if words && start > 0 && tape.text[start-1] != ' ' {
			continue
		}
		node := uint32(root)
		for i := start; i < len(tape.text); i++ {
			next := t.child(node, tape.text[i])
			if next == nowhere {
				break
			}
			if !slices.Equal(t.row(node), t.row(next)) { // an n-gram ends here
				yield(next, node, start, i+1-one(words)) // without the space behind a word
			}
			node = next
		}
	}
}
