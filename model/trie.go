package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A trie finds the n-grams of the vocabulary that begin at one position of a tape in
// a single walk. It is a double array over bytes: the child of node n by byte c is
// n.base + c, if that node's parent is n.
//
// Every node has a row of sums, totals along the path to it: for node n, at which
// n-gram g ends,
//
//	sums[n][0] = sums[parent of n][0] + idf[g]² for l2, |idf[g]| for l1
//	sums[n][1+k] = the same of idf[g] · coefficients[k][g]
//
// so that one row, that of the last node of a walk, is the contribution of all n-grams
// on the way. Where no n-gram ends, a node has the row of its parent: few do not end
// one, and without a number for the row of each a node takes 8 bytes.
type trie struct {
	rows  // one for each node
	nodes []node

	// pairs has the node of each pair of bytes, nowhere for none, so that walks begin two
	// bytes deep: a quarter of the time at 60 characters. nil if one byte is an n-gram.
	pairs *[fanOut * fanOut]uint32

	// usual is the depth in bytes that most nodes are within.
	usual int
}

type node struct {
	base, parent uint32
}

const (
	nowhere = 0 // where walks end: a node with a row of zeros and without children
	root    = 1

	leaf = 0 // the base of a node without children

	unused = math.MaxUint32 // the parent of a node that is not in use
	fanOut = 256            // children that a node can have

	maxUsual = 8 // of [trie.usual]
)

// newTrie makes the trie of a block, for a norm, which may be that of all blocks. The
// block's coefficients begin at a column.
func newTrie(w *Weights, of *Block, norm Norm, column int) (*trie, error) {
	keys := make([]entry, 0, len(of.NGrams))
	for column, ngram := range of.NGrams {
		if text, ok := of.Vectorizer.key(ngram); ok {
			keys = append(keys, entry{text, column})
		}
	}
	byText := func(a, b entry) int { return cmp.Compare(a.text, b.text) }
	if !slices.IsSortedFunc(keys, byText) {
		slices.SortFunc(keys, byText)
	}
	b := builder{
		trie: &trie{rows: rows{width: len(w.Intercepts) + 1}},
		from: newSource(w, of, norm, column),
		keys: keys,
	}
	if err := b.build(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(keys, func(k entry) bool { return len(k.text) == 1 }) {
		b.pairs = b.pairNodes()
	}
	return b.trie, nil
}

// An entry is an n-gram as a tape has it.
type entry struct {
	text   string
	column int // of the n-gram
}

// A builder places the nodes breadth first: what is near the root, and so on most
// walks, lies close together.
type builder struct {
	*trie
	from source
	keys []entry // sorted, all different

	end uint32 // behind the last node in use
	// The unused nodes, linked in their order, to a ring with node 0.
	next, previous []uint32
}

// A branch is a node whose children are still to be placed: its keys are
// keys[lo:hi], which share their first depth bytes, which spell the node.
type branch struct {
	node   uint32
	lo, hi int
	depth  int
}

func (b *builder) build() error {
	room := len(b.keys) + len(b.keys)/16 + 4*fanOut // for most: an n-gram's prefixes are n-grams
	b.nodes, b.next, b.previous = make([]node, 2, room), make([]uint32, 2, room), make([]uint32, 2, room)
	b.sums = make([]float64, 2*b.width, room*b.width)
	b.nodes[nowhere].parent, b.nodes[root].parent = unused, unused
	b.end = 2
	b.grow()
	depths := make([]int, maxUsual+1)
	queue := []branch{{node: root, lo: 0, hi: len(b.keys)}}
	var children []branch
	var labels []byte
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		children, labels = children[:0], labels[:0]
		for lo := at.lo; lo < at.hi; {
			label := b.keys[lo].text[at.depth]
			hi := lo + 1
			for hi < at.hi && b.keys[hi].text[at.depth] == label {
				hi++
			}
			children = append(children, branch{lo: lo, hi: hi, depth: at.depth + 1})
			labels = append(labels, label)
			lo = hi
		}
		if len(labels) == 0 {
			continue
		}
		if b.end > math.MaxInt32-4*fanOut {
			return fmt.Errorf("ngrams: %d of them are more than a model can hold", len(b.keys))
		}
		base := b.place(labels)
		b.nodes[at.node].base = base
		for i, child := range children {
			child.node = base + uint32(labels[i])
			b.use(child.node, node{parent: at.node})
			copy(b.row(child.node), b.row(at.node))
			if len(b.keys[child.lo].text) == child.depth { // an n-gram ends here
				b.addNGram(child.node, &b.from, b.keys[child.lo].column)
				child.lo++
			}
			if child.depth <= maxUsual {
				depths[child.depth]++
			}
			if child.lo < child.hi {
				queue = append(queue, child)
			}
		}
	}
	b.usual = 2
	for b.usual < maxUsual && depths[b.usual+1] > len(b.keys)/16 {
		b.usual++
	}
	return nil
}

// place finds a base at which all of labels, which are sorted, meet unused nodes. A
// lone child, as most nodes have, goes into the first gap.
func (b *builder) place(labels []byte) uint32 {
	const patience = 64 // gaps tried before the children go behind the last node in use
	first := uint32(labels[0])
	tried := 0
	for gap := b.next[0]; gap < b.end && tried < patience; gap = b.next[gap] {
		if gap <= first { // so that no base is 0, which is that of a node without children
			continue
		}
		base := gap - first
		if b.fits(base, labels) {
			return base
		}
		tried++
	}
	return max(b.end, first+1) - first
}

func (b *builder) fits(base uint32, labels []byte) bool {
	for _, label := range labels {
		if b.nodes[base+uint32(label)].parent != unused {
			return false
		}
	}
	return true
}

// use puts n in the place of the unused node at.
func (b *builder) use(at uint32, n node) {
	b.nodes[at] = n
	next, previous := b.next[at], b.previous[at]
	b.next[previous], b.previous[next] = next, previous
	b.end = max(b.end, at+1)
	b.grow()
}

// grow makes sure that enough unused nodes follow the last one in use for place to
// look at, and for no walk to leave the array.
func (b *builder) grow() {
	for len(b.nodes) < int(b.end)+2*fanOut {
		at, last := uint32(len(b.nodes)), b.previous[0]
		b.nodes = append(b.nodes, node{parent: unused})
		b.next, b.previous = append(b.next, 0), append(b.previous, last)
		b.next[last], b.previous[0] = at, at
	}
	if n := len(b.nodes) * b.width; n > len(b.sums) {
		b.sums = slices.Grow(b.sums, n-len(b.sums))[:n]
	}
}

// pairNodes returns the node of each pair of bytes.
func (t *trie) pairNodes() *[fanOut * fanOut]uint32 {
	pairs := new([fanOut * fanOut]uint32)
	for a := range uint32(fanOut) {
		first := t.nodes[root].base + a
		if t.nodes[first].parent != root {
			continue
		}
		for b := range uint32(fanOut) {
			if second := t.nodes[first].base + b; t.nodes[second].parent == first {
				pairs[a*fanOut+b] = second
			}
		}
	}
	return pairs
}

// size is how many bytes the trie takes in memory.
func (t *trie) size() int {
	size := 8*len(t.nodes) + 8*len(t.sums)
	if t.pairs != nil {
		size += 4 * len(t.pairs)
	}
	return size
}
