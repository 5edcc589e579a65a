package model

import (
	"math"
	"slices"

	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// An explainer is the scratch of explanations, in proportion to the text.
type explainer struct {
	tapes   []tfidf.Aligned        // of each block
	a, b    tfidf.Aligned          // on the way to a tape
	factors []float64              // of each block: what its vector's elements are multiplied by
	found   vocabulary.Occurrences // those of a block behind those of the one before
	ends    []int                  // of each block in found.Chains

	classes    []int
	terms      []vocabulary.Term
	sums       []float64   // of the visits of a block
	shares     []float64   // of a chain, by the last bytes of its n-grams: what goes to each character
	characters []float64   // of a text: their weights
	candidates []candidate // the largest first
	names      []byte
}

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
	x.found.Chains, x.found.Visits, x.ends = x.found.Chains[:0], x.found.Visits[:0], x.ends[:0]
	x.factors = m.appendFactors(x.factors[:0], s)
	for i := range m.blocks {
		b, tape := &m.blocks[i], &x.tapes[i]
		if b.reader.Align(tape, &x.a, &x.b, text); b.words != nil {
			b.words.Meet(&x.found, &s.blocks[i], tape.Text)
		} else {
			b.trie.Meet(&x.found, &s.blocks[i], tape.Text)
		}
		x.ends = append(x.ends, len(x.found.Chains))
	}
}

// appendSums appends the sums of visited nodes.
func (b *block) appendSums(sums []float64, visits []vocabulary.Visit, terms []vocabulary.Term) []float64 {
	if b.words != nil {
		return b.words.AppendSums(sums, visits, terms)
	}
	return b.trie.AppendSums(sums, visits, terms)
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
	shares := x.shares
	for i, end := range x.ends {
		if at == end {
			continue
		}
		b, factor, from := &m.blocks[i], x.factors[i], x.tapes[i].From
		first := visits
		x.sums = b.appendSums(x.sums[:0], x.found.Visits[first:x.found.Chains[end-1].Visits], x.terms)
		for ; at < end; at++ {
			c := &x.found.Chains[at]
			visited, sums := x.found.Visits[visits:c.Visits], x.sums[visits-first:]
			characters := from[c.Start:][:int(c.Size)+len(visited)-1]
			shares = slices.Grow(shares[:0], len(characters))[:len(characters)]
			clear(shares[:c.Size])
			size := different(characters[:c.Size])
			before := 0.0
			for j, v := range visited {
				weight := (sums[j] - before) * factor
				before = sums[j]
				share := weight
				if v.Count != 1 {
					count := v.Count &^ vocabulary.Again
					weight *= b.reader.TF(count)
					share = weight / float64(count)
				}
				if last := int(c.Size) + j - 1; last >= 0 {
					if j > 0 {
						size += one(isNew(characters, last))
					}
					shares[last] = share / float64(size)
				}
				switch {
				case v.Count >= vocabulary.Again:
				case math.Abs(weight) <= least:
					others.add(weight)
				default:
					others.add(x.insert(candidate{weight, uint32(at), visits + uint32(j)}, top))
					if len(x.candidates) == top {
						least = math.Abs(x.candidates[top-1].weight)
					}
				}
			}
			x.share(shares, characters)
			visits = c.Visits
		}
	}
	x.shares = shares
	return others
}

// share adds the shares of the n-grams of a chain, by their last bytes, to the weights of
// their characters. A character has its share of all n-grams that end there or behind.
func (x *explainer) share(shares []float64, characters []int32) {
	sum := 0.0
	for i := len(characters) - 1; i >= 0; i-- {
		sum += shares[i]
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

// appendLargest appends the n-grams of the largest weights. Their names are pieces of one
// string.
func (x *explainer) appendLargest(ngrams []NGramWeight) []NGramWeight {
	x.names = x.names[:0]
	for _, c := range x.candidates {
		x.names = append(x.names, x.name(c)...)
	}
	names := string(x.names)
	ngrams = slices.Grow(ngrams, len(x.candidates))
	for _, c := range x.candidates {
		n := len(x.name(c))
		ngrams = append(ngrams, NGramWeight{names[:n], c.weight, int(x.found.Visits[c.visit].Count)})
		names = names[n:]
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
		before = x.found.Chains[c.chain-1].Visits
	}
	at := &x.found.Chains[c.chain]
	return x.tapes[block].Text[at.Start:][:at.Size+c.visit-before]
}

func (r *Remaining) add(weight float64) {
	r.Positive += max(weight, 0)
	r.Negative += min(weight, 0)
}
