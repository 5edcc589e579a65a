package model

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
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
	b := builder{trie: new(trie), keys: keys}
	if err := b.build(); err != nil {
		return nil, err
	}
	b.fill(w, newSource(w, of, norm, column))
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
	keys   []entry           // sorted, all different
	free   []uint64          // a bit for each node: set if it is not in use
	low    uint32            // no node before it is free
	end    uint32            // behind the last node in use
	placed []placed          // all nodes, parents before children
	depths [maxUsual + 1]int // how many nodes there are of each

	labels [fanOut]byte // of a branch
	ends   [fanOut]int  // of the keys of each label
}

type placed struct {
	node   uint32
	column int32 // of the n-gram that ends there; -1 for none
}

// A branch is a node whose children are still to be placed: its keys are
// keys[lo:hi], which share their first depth bytes, which spell the node.
type branch struct {
	node   uint32
	lo, hi int
	depth  int
}

func (b *builder) build() error {
	b.grow(len(b.keys) + len(b.keys)/16) // for most: an n-gram's prefixes are n-grams
	for _, n := range []uint32{nowhere, root} {
		b.use(n, unused)
	}
	b.placed = make([]placed, 0, len(b.keys)+len(b.keys)/16)
	var queue []branch
	if len(b.keys) > 0 {
		queue = append(queue, branch{node: root, hi: len(b.keys)})
	}
	for len(queue) > 0 {
		if b.end > math.MaxInt32-4*fanOut {
			return fmt.Errorf("ngrams: %d of them are more than a model can hold", len(b.keys))
		}
		at := queue[0]
		queue = b.branch(at, queue[1:])
	}
	b.nodes = slices.Clone(b.nodes[:b.end+fanOut]) // so many that no walk leaves them
	b.usual = 2
	for b.usual < maxUsual && b.depths[b.usual+1] > len(b.keys)/16 {
		b.usual++
	}
	return nil
}

// branch places the children of a node, and appends those with children to queue.
func (b *builder) branch(at branch, queue []branch) []branch {
	n, labels, ends := 0, &b.labels, &b.ends
	for i := at.lo; i < at.hi; i++ {
		label := b.keys[i].text[at.depth]
		if n == 0 || labels[n-1] != label {
			labels[n] = label
			n++
		}
		ends[n-1] = i + 1
	}
	base := b.place(labels[:n])
	b.nodes[at.node].base = base
	lo := at.lo
	for i, hi := range ends[:n] {
		child := branch{base + uint32(labels[i]), lo, hi, at.depth + 1}
		lo = hi
		b.use(child.node, at.node)
		column := -1
		if len(b.keys[child.lo].text) == child.depth { // an n-gram ends here
			column = b.keys[child.lo].column
			child.lo++
		}
		b.placed = append(b.placed, placed{child.node, int32(column)})
		if child.depth <= maxUsual {
			b.depths[child.depth]++
		}
		if child.lo < child.hi {
			queue = append(queue, child)
		}
	}
	return queue
}

// place finds a base at which all of labels, which are sorted, meet unused nodes. A
// lone child, as most nodes have, goes into the first gap.
func (b *builder) place(labels []byte) uint32 {
	const patience = 64 // gaps tried before the children go behind the last node in use
	first := uint32(labels[0])
	gap := b.gap(max(b.low, first+1)) // so that no base is 0, which is that of a node without children
	for range patience {
		if gap >= b.end || b.fits(gap-first, labels[1:]) {
			return gap - first
		}
		gap = b.gap(gap + 1)
	}
	return max(b.end, first+1) - first
}

// gap returns the first unused node from a node on.
func (b *builder) gap(from uint32) uint32 {
	i := from / 64
	word := b.free[i] &^ (1<<(from%64) - 1)
	for word == 0 {
		i++
		word = b.free[i]
	}
	return i*64 + uint32(bits.TrailingZeros64(word))
}

func (b *builder) fits(base uint32, labels []byte) bool {
	for _, label := range labels {
		if at := base + uint32(label); b.free[at/64]>>(at%64)&1 == 0 {
			return false
		}
	}
	return true
}

// use takes a node into use.
func (b *builder) use(n, parent uint32) {
	b.nodes[n].parent = parent
	b.free[n/64] &^= 1 << (n % 64)
	if n == b.low {
		b.low = b.gap(n)
	}
	if n >= b.end {
		b.end = n + 1
		b.grow(int(b.end))
	}
}

// grow makes sure that there are so many nodes, and enough behind them for place to look
// at.
func (b *builder) grow(n int) {
	if n += 2 * fanOut; n <= len(b.nodes) {
		return
	}
	more := max(n, len(b.nodes)*5/4) - len(b.nodes)
	more = (more + 63) &^ 63
	b.nodes = append(b.nodes, slices.Repeat([]node{{parent: unused}}, more)...)
	b.free = append(b.free, slices.Repeat([]uint64{1<<64 - 1}, more/64)...)
}

// fill makes the rows.
func (b *builder) fill(w *Weights, from source) {
	b.width = len(w.Intercepts) + 1
	b.sums = make([]float64, int(b.end)*b.width)
	for _, p := range b.placed {
		copy(b.row(p.node), b.row(b.nodes[p.node].parent))
		if p.column >= 0 {
			b.addNGram(p.node, &from, int(p.column))
		}
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
	size := 8*cap(t.nodes) + 8*len(t.sums)
	if t.pairs != nil {
		size += 4 * len(t.pairs)
	}
	return size
}
