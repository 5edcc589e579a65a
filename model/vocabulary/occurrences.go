package vocabulary

import (
	"bytes"
	"slices"

	"tagifai/model/tfidf"
)

// Nodes returns a number that all nodes are below.
func (t *Trie) Nodes() int { return len(t.nodes) }

// Nodes returns the number of words. Each is a node.
func (t *WordTable) Nodes() int { return len(t.ends) }

// Coefficient returns idf × coefficient of the n-gram that ends at a node, in a row of
// coefficients.
func (t *Trie) Coefficient(node, parent uint32, row int) float64 {
	return t.row(node)[1+row] - t.row(parent)[1+row]
}

// Coefficient returns idf × coefficient of a word, in a row of coefficients.
func (t *WordTable) Coefficient(node uint32, row int) float64 { return t.row(node)[1+row] }

// Occurrences yields the n-grams of the vocabulary on a tape, each as often as it occurs:
// the node where it ends, the node before that, and where it begins and ends on the tape.
// Nothing is behind the tape.
func (t *Trie) Occurrences(tape []byte, yield func(node, parent uint32, start, end int)) {
	words := t.vectorizer.Analyzer == tfidf.Word
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
			if !slices.Equal(t.row(node), t.row(next)) { // an n-gram ends here
				yield(next, node, start, i+1-one(words)) // without the space behind a word
			}
			node = next
		}
	}
}

// Occurrences is that of [Trie.Occurrences]. There is no parent: it is always 0.
func (t *WordTable) Occurrences(tape []byte, yield func(node, parent uint32, start, end int)) {
	for start := 0; start < len(tape); {
		end := start + bytes.IndexByte(tape[start:], ' ')
		word := tape[start:end]
		if i := t.find(headOf(word), word); i > 0 {
			yield(i-1, 0, start, end)
		}
		start = end + 1
	}
}
