package vocabulary

import (
	"bytes"
	"slices"

	"tagifai/model/tfidf"
)

// Occurrences are where a tape has n-grams of the vocabulary.
type Occurrences struct {
	Chains []Chain
	Visits []Visit // those of a chain behind those of the one before
}

// A Chain is what begins at one place of a tape: an n-gram, and those that go on from it.
type Chain struct {
	Start  uint32 // on the tape
	Size   uint32 // in bytes, of what is visited first; that of the next is one more
	Visits uint32 // the end of its visits
}

// A Visit is a node that a chain comes to. Where no n-gram ends, it adds nothing to any row.
type Visit struct {
	Node  uint32
	Count uint32 // how often the text has it; with Again but for the first time
}

// Again is added to the count of a [Visit] that is not the first one of its node.
const Again = 1 << 31

// A Term is a row of coefficients, and what it is multiplied by.
type Term struct {
	Row    int
	Factor float64
}

// AppendSums appends of each visited node the sum of terms: idf × coefficient of all n-grams
// of its chain up to there.
func (r *rows) AppendSums(sums []float64, visits []Visit, terms []Term) []float64 {
	sums = slices.Grow(sums, len(visits))
	for _, v := range visits {
		row, sum := r.row(v.Node), 0.0
		for _, t := range terms {
			sum += t.Factor * row[1+t.Row]
		}
		sums = append(sums, sum)
	}
	return sums
}

// Meet appends to o the occurrences on a tape, which is the one that was added last with w
// but has nothing behind it.
func (t *Trie) Meet(o *Occurrences, w *Scratch, tape []byte) {
	words, pairs := t.vectorizer.Analyzer == tfidf.Word, t.pairs
	if words {
		pairs = nil
	}
	for start := range tape {
		if words && start > 0 && tape[start-1] != ' ' {
			continue
		}
		before := len(o.Visits)
		// What begins with an n-gram that occurs once occurs once.
		repeated := len(w.met) > 0
		visit := func(node uint32) {
			count := uint32(1)
			if repeated {
				count = w.visit(node)
				repeated = count != 1
			}
			o.Visits = append(o.Visits, Visit{node, count})
		}
		node, end, first := uint32(root), start, start+1
		if pairs != nil {
			if start+1 == len(tape) {
				break
			}
			first++
			end = first
			if node = pairs[uint16(tape[start])<<8|uint16(tape[start+1])]; node == nowhere {
				continue
			}
			visit(node)
		}
		for ; end < len(tape); end++ {
			if node = t.child(node, tape[end]); node == nowhere {
				break
			}
			visit(node)
		}
		if len(o.Visits) > before {
			size := first - start - one(words) // without the space behind a word
			o.Chains = append(o.Chains, Chain{uint32(start), uint32(size), uint32(len(o.Visits))})
		}
	}
}

// visit returns the Count of a visit of a node.
func (w *Scratch) visit(node uint32) uint32 {
	if w.long {
		const visited = 1 << 30 // beside the mark of weighCounts
		count := w.many[node]
		w.many[node] |= visited
		return count%visited | Again*(count/visited%2)
	}
	// The counts of weighRepeats go up to maxTogether, with its mark on top of twice that.
	count := w.seen[node] - (w.stamp + maxTogether) - 1
	if count >= 4*maxTogether {
		return 1 // the stamp of a walker
	}
	visited := count / maxTogether % 2
	w.seen[node] += maxTogether * (1 - visited)
	return count%maxTogether + 1 + Again*visited
}

// Meet is that of [Trie.Meet]. A chain has one visit.
func (t *WordTable) Meet(o *Occurrences, w *Scratch, tape []byte) {
	for start := 0; start < len(tape); {
		word := tape[start:][:bytes.IndexByte(tape[start:], ' ')]
		if i := t.find(wordHead(word), word); i > 0 {
			o.Visits = append(o.Visits, Visit{i - 1, w.seen[i-1]})
			o.Chains = append(o.Chains, Chain{uint32(start), uint32(len(word)), uint32(len(o.Visits))})
			w.seen[i-1] |= Again
		}
		start += len(word) + 1
	}
}

// Known counts the n-grams of the vocabulary on a tape, each as often as it occurs. Nothing
// is behind the tape.
func (t *Trie) Known(tape []byte) (n int) {
	words := t.vectorizer.Analyzer == tfidf.Word
	for start := range tape {
		if words && start > 0 && tape[start-1] != ' ' {
			continue
		}
		node := uint32(root)
		for _, c := range tape[start:] {
			next := t.child(node, c)
			if next == nowhere {
				break
			}
			n += one(!slices.Equal(t.row(node), t.row(next))) // an n-gram ends here
			node = next
		}
	}
	return n
}

// Known is that of [Trie.Known].
func (t *WordTable) Known(tape []byte) (n int) {
	for start := 0; start < len(tape); {
		word := tape[start:][:bytes.IndexByte(tape[start:], ' ')]
		n += one(t.find(wordHead(word), word) > 0)
		start += len(word) + 1
	}
	return n
}
