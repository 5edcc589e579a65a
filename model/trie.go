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

	// repeats has, for each count of an n-gram in a short text, the tf and what it adds to
	// the norm, less the count: a thirtieth of the time.
	repeats []weightedRow

	// usual is the greatest depth in bytes, up to maxUsual, that many nodes have.
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
	shared, sorted := sharedBytes(keys)
	if !sorted {
		slices.SortFunc(keys, byText)
		shared, _ = sharedBytes(keys)
	}
	b := builder{trie: new(trie), keys: keys, shared: shared}
	if err := b.build(); err != nil {
		return nil, err
	}
	b.fill(w, newSource(w, of, norm, column))
	v := &of.Vectorizer
	b.repeats = make([]weightedRow, maxTogether+1)
	for count := range b.repeats {
		tf := v.tf(uint32(count))
		b.repeats[count] = weightedRow{norm: norm.power(tf) - float64(count), times: tf - float64(count)}
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

// sharedBytes returns how many bytes each key begins with that the key before begins with,
// too, and whether the keys ascend.
func sharedBytes(keys []entry) (shared []uint32, sorted bool) {
	shared, sorted = make([]uint32, len(keys)), true
	for i := 1; i < len(keys); i++ {
		a, b := keys[i-1].text, keys[i].text
		n := 0
		for n < min(len(a), len(b)) && a[n] == b[n] {
			n++
		}
		shared[i] = uint32(n)
		sorted = sorted && n < len(b) && (n == len(a) || a[n] < b[n])
	}
	return shared, sorted
}

// A builder places the nodes breadth first: what is near the root, and so on most
// walks, lies close together.
type builder struct {
	*trie
	keys   []entry           // sorted, all different
	shared []uint32          // of each key: see sharedBytes
	free   []uint64          // a bit for each node: set if it is not in use
	low    uint32            // no node before it is free
	end    uint32            // behind the last node in use
	placed []placed          // all nodes, parents before children
	depths [maxUsual + 1]int // how many nodes there are of each

	labels [fanOut]byte   // of a branch
	ends   [fanOut]uint32 // of the keys of each label
}

type placed struct {
	node   uint32
	column int32 // of the n-gram that ends there; -1 for none
}

// A branch is a node whose children are still to be placed. Its keys, keys[lo:hi], share
// the bytes that spell the node, and have more.
type branch struct{ node, lo, hi uint32 }

func (b *builder) build() error {
	b.grow(len(b.keys) + len(b.keys)/16) // for most: an n-gram's prefixes are n-grams
	// No child comes before the first fanOut nodes, so that no base is 0, which is that of
	// a node without children.
	b.low, b.end = fanOut, fanOut
	b.placed = make([]placed, 0, len(b.keys)+len(b.keys)/16)
	var level, below []branch // of one depth, and of the next
	if len(b.keys) > 0 {
		level = append(level, branch{root, 0, uint32(len(b.keys))})
	}
	for depth := 0; len(level) > 0; depth++ {
		below = below[:0]
		before := len(b.placed)
		for _, at := range level {
			if b.end > math.MaxInt32-4*fanOut {
				return fmt.Errorf("ngrams: %d of them are more than a model can hold", len(b.keys))
			}
			below = b.branch(at, depth, below)
		}
		if depth+1 <= maxUsual {
			b.depths[depth+1] = len(b.placed) - before
		}
		level, below = below, level
	}
	b.nodes = slices.Clone(b.nodes[:b.end+fanOut]) // so many that no walk leaves them
	b.usual = maxUsual
	for b.usual > 2 && b.depths[b.usual] <= len(b.keys)/16 {
		b.usual--
	}
	return nil
}

// branch places the children of a node of a depth, and appends those with children to
// below.
func (b *builder) branch(at branch, depth int, below []branch) []branch {
	// The texts are looked at where a label begins, and nowhere else: what the keys share
	// tells where. A quarter of the time for the nodes, as the texts lie all over the memory.
	n, labels, ends := 1, &b.labels, &b.ends
	labels[0] = b.keys[at.lo].text[depth]
	for i, shared := range b.shared[at.lo+1 : at.hi] {
		if shared == uint32(depth) {
			next := at.lo + 1 + uint32(i)
			ends[n-1], labels[n] = next, b.keys[next].text[depth]
			n++
		}
	}
	ends[n-1] = at.hi
	base := b.place(labels[:n])
	b.nodes[at.node].base = base
	lo := at.lo
	for i, hi := range ends[:n] {
		child := branch{base + uint32(labels[i]), lo, hi}
		lo = hi
		b.use(child.node, at.node)
		column := -1
		if len(b.keys[child.lo].text) == depth+1 { // an n-gram ends here
			column = b.keys[child.lo].column
			child.lo++
		}
		b.placed = append(b.placed, placed{child.node, int32(column)})
		if child.lo < child.hi {
			below = append(below, child)
		}
	}
	return below
}

// place finds a base at which all of labels, which are sorted, meet unused nodes. It
// tries 64 bases at once. A lone child, as most nodes have, goes into the first gap.
func (b *builder) place(labels []byte) uint32 {
	const patience = 8 // times 64 bases, before the children go behind the last node in use
	first := uint32(labels[0])
	base := b.low - first
	for i := 0; i < patience && base < b.end; i++ {
		fits := uint64(math.MaxUint64)
		for _, label := range labels {
			fits &= b.freeFrom(base + uint32(label))
		}
		if fits != 0 {
			return base + uint32(bits.TrailingZeros64(fits))
		}
		base += 64
	}
	return b.end - first
}

// freeFrom returns which of 64 nodes are free.
func (b *builder) freeFrom(n uint32) uint64 {
	i, shift := n/64, n%64
	return b.free[i]>>shift | b.free[i+1]<<(64-shift)
}

// use takes a node into use.
func (b *builder) use(n, parent uint32) {
	b.nodes[n].parent = parent
	b.free[n/64] &^= 1 << (n % 64)
	if n >= b.end {
		b.end = n + 1
		b.grow(int(b.end))
	}
	for b.free[b.low/64]>>(b.low%64)&1 == 0 {
		b.low++
	}
}

// grow makes sure that there are so many nodes, and enough behind them for place to look
// at.
func (b *builder) grow(n int) {
	if n += 2 * fanOut; n <= len(b.nodes) {
		return
	}
	n = (max(n, len(b.nodes)*5/4) + 63) &^ 63
	nodes, free := b.nodes, b.free
	b.nodes, b.free = make([]node, n), make([]uint64, n/64)
	for i := copy(b.nodes, nodes); i < n; i++ {
		b.nodes[i].parent = unused
	}
	for i := copy(b.free, free); i < n/64; i++ {
		b.free[i] = math.MaxUint64
	}
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
