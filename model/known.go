package model

import (
	"bytes"
	"slices"

	"tagifai/model/tfidf"
)

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
		known += b.occurrences(s.text.Tape)
	}
	return known, all
}

// occurrences counts the n-grams of the vocabulary on a tape, each as often as it occurs.
func (b *block) occurrences(tape []byte) (n int) {
	if b.words != nil {
		for start := 0; start < len(tape); {
			end := start + bytes.IndexByte(tape[start:], ' ')
			word := tape[start:end]
			n += one(b.words.find(headOf(word), word) > 0)
			start = end + 1
		}
		return n
	}
	t, words := b.trie, b.reader.Analyzer == tfidf.Word
	for start := range tape {
		if words && start > 0 && tape[start-1] != ' ' {
			continue
		}
		node := uint32(root)
		for i := start; i < len(tape); i++ {
			next := t.child(node, tape[i])
			if next == nowhere {
				break
			}
			n += one(!slices.Equal(t.row(node), t.row(next))) // an n-gram ends here
			node = next
		}
	}
	return n
}
