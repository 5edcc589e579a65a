package model

import (
	"bytes"
	"math"

	"tagifai/model/tfidf"
)

// An explainer is the scratch of explanations, in proportion to the text.
type explainer struct {
	tapes   []tfidf.Aligned // of each block
	a, b    tfidf.Aligned   // on the way to a tape
	factors []float64       // of each block: what its vector's elements are multiplied by
	chains  []chain         // those of a block behind those of the one before
	ends    []int           // of each block in chains
	visits  []visit         // those of a chain behind those of the one before

	terms      []term
	shares     []float64   // of the visits of a chain: what goes to each character
	characters []float64   // of a text: their weights
	candidates []candidate // the largest first
	names      []byte
}

// A chain is what begins at one place of a tape: an n-gram, and all that go on from it.
type chain struct {
	start uint32 // on the tape
	first uint32 // the size in bytes of what is visited first; that of the next is one more
	end   uint32 // in visits
}

// A visit is a node of the trie, or a word of the table, that a chain comes to.
type visit struct {
	at    uint32
	count uint32 // how often the text has it; with again unless it is its first visit
}

const again = 1 << 31

// A candidate is an n-gram that may be among the largest.
type candidate struct {
	weight       float64
	chain, visit uint32
}

// maxExplained is the size of a text above which the scratch of its explanation is not kept.
const maxExplained = 64 << 10

func (x *explainer) putBack() {
	if cap(x.characters) > maxExplained {
		*x = explainer{}
	}
}

// meet finds the n-grams of text, the scores of which s has been left with.
func (x *explainer) meet(m *Model, s *scratch, text string) {
	if x.tapes == nil {
		x.tapes = make([]tfidf.Aligned, len(m.blocks))
	}
	x.chains, x.ends, x.visits = x.chains[:0], x.ends[:0], x.visits[:0]
	x.factors = m.appendFactors(x.factors[:0], s)
	for i := range m.blocks {
		b, w := &m.blocks[i], &s.walks[i]
		tape := &x.tapes[i]
		if b.reader.Align(tape, &x.a, &x.b, text); b.words != nil {
			x.meetWords(b.words, w, tape.Text)
		} else {
			x.meetNGrams(b, w, tape.Text)
		}
		x.ends = append(x.ends, len(x.chains))
	}
}

// meetNGrams visits the nodes of the trie that a tape leads to, one start position after
// the other. Those at which no n-gram ends weigh nothing.
func (x *explainer) meetNGrams(b *block, w *walks, tape []byte) {
	t, words := b.trie, b.reader.Analyzer == tfidf.Word
	pairs := t.pairs
	if words {
		pairs = nil
	}
	for start := range tape {
		if words && start > 0 && tape[start-1] != ' ' {
			continue
		}
		visits := len(x.visits)
		// What begins with an n-gram that occurs once occurs once.
		repeated := len(w.met) > 0
		visit := func(node uint32) {
			count := uint32(1)
			if repeated {
				count = w.visit(node)
				repeated = count != 1
			}
			x.visits = append(x.visits, visit{node, count})
		}
		node, end, first := uint32(root), start, 1
		if pairs != nil {
			if start+1 == len(tape) {
				break
			}
			node, end, first = pairs[uint16(tape[start])<<8|uint16(tape[start+1])], start+2, 2
			if node == nowhere {
				continue
			}
			visit(node)
		}
		for end < len(tape) {
			node = t.child(node, tape[end])
			if node == nowhere {
				break
			}
			end++
			visit(node)
		}
		if len(x.visits) > visits {
			// The space behind a word is not part of an n-gram.
			x.chains = append(x.chains, chain{uint32(start), uint32(first - one(words)), uint32(len(x.visits))})
		}
	}
}

// meetWords visits the words of a tape.
func (x *explainer) meetWords(t *wordTable, w *walks, tape []byte) {
	for start := 0; start < len(tape); {
		word := tape[start:][:bytes.IndexByte(tape[start:], ' ')]
		if i := t.find(headOf(word), word); i > 0 {
			x.visits = append(x.visits, visit{i - 1, t.visit(w, i-1)})
			x.chains = append(x.chains, chain{uint32(start), uint32(len(word)), uint32(len(x.visits))})
		}
		start += len(word) + 1
	}
}

// weigh shares the weights of the n-grams out to the characters of the text, and finds the
// largest. It returns the sums of the others.
func (x *explainer) weigh(m *Model, top int) (others Remaining) {
	clear(x.characters)
	x.candidates = x.candidates[:0]
	least := 0.0 // no larger than this are not among the largest
	if top == 0 {
		least = math.Inf(1)
	}
	at, visits := 0, uint32(0)
	for i, end := range x.ends {
		b := &m.blocks[i]
		rows, from, factor := b.rows(), x.tapes[i].From, x.factors[i]
		for ; at < end; at++ {
			c := &x.chains[at]
			visited := x.visits[visits:c.end]
			before := 0.0
			characters := from[c.start:][:int(c.first)+len(visited)-1]
			x.shares = append(x.shares[:0], make([]float64, len(characters))...)
			size := different(characters[:c.first])
			for j, v := range visited {
				sum := rows.sum(v.at, x.terms)
				weight := (sum - before) * factor
				before = sum
				share := weight
				if v.count != 1 {
					count := v.count &^ again
					weight *= b.reader.TF(count)
					share = weight / float64(count)
				}
				if last := int(c.first) + j - 1; last >= 0 {
					if j > 0 {
						size += one(isNew(characters, last))
					}
					x.shares[last] = share / float64(size)
				}
				switch {
				case v.count >= again:
				case math.Abs(weight) <= least:
					others.add(weight)
				default:
					others.add(x.insert(candidate{weight, uint32(at), visits + uint32(j)}, top))
					if len(x.candidates) == top {
						least = math.Abs(x.candidates[top-1].weight)
					}
				}
			}
			x.share(characters)
			visits = c.end
		}
	}
	return others
}

// share adds the shares of the n-grams of a chain, by their last bytes, to the weights of
// their characters. A character has its share of all n-grams that end there or behind.
func (x *explainer) share(characters []int32) {
	sum := 0.0
	for i := len(characters) - 1; i >= 0; i-- {
		sum += x.shares[i]
		if isNew(characters, i) {
			x.characters[characters[i]] += sum
		}
	}
}

// isNew reports whether the i-th of characters, which ascend, is another than the one before.
func isNew(characters []int32, i int) bool {
	return i == 0 || characters[i] != characters[i-1]
}

// different returns how many different characters there are.
func different(characters []int32) int {
	n := 0
	for i := range characters {
		n += one(isNew(characters, i))
	}
	return n
}

// insert puts an n-gram among the largest, behind those that are as large, and returns the
// weight of the one that is not among them any more.
func (x *explainer) insert(c candidate, top int) (out float64) {
	if len(x.candidates) == top {
		out = x.candidates[top-1].weight
		x.candidates = x.candidates[:top-1]
	}
	i, size := len(x.candidates), math.Abs(c.weight)
	x.candidates = append(x.candidates, c)
	for ; i > 0 && math.Abs(x.candidates[i-1].weight) < size; i-- {
		x.candidates[i] = x.candidates[i-1]
	}
	x.candidates[i] = c
	return out
}

// largest returns the n-grams of the largest weights. Their names are pieces of one string.
func (x *explainer) largest() []NGramWeight {
	ngrams := make([]NGramWeight, len(x.candidates))
	x.names = x.names[:0]
	for i, c := range x.candidates {
		x.names = append(x.names, x.name(c)...)
		ngrams[i] = NGramWeight{Weight: c.weight, Count: int(x.visits[c.visit].count)}
	}
	names := string(x.names)
	for i, c := range x.candidates {
		n := len(x.name(c))
		ngrams[i].NGram, names = names[:n], names[n:]
	}
	return ngrams
}

// name returns the n-gram of a candidate, on its tape.
func (x *explainer) name(c candidate) []byte {
	block, before := 0, uint32(0)
	for x.ends[block] <= int(c.chain) {
		block++
	}
	if c.chain > 0 {
		before = x.chains[c.chain-1].end
	}
	at := &x.chains[c.chain]
	return x.tapes[block].Text[at.start:][:at.first+c.visit-before]
}

func (r *Remaining) add(weight float64) {
	r.Positive += max(weight, 0)
	r.Negative += min(weight, 0)
}
