package vocabulary

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"tagifai/model/tfidf"
)

// A Trie finds the n-grams of the vocabulary that begin at one position of a tape in
// a single walk. It is a double array over bytes: the child of node n by byte c is
// base(n) + c, if the label there is c. That is enough, as no two nodes have one base.
//
// Every node has a row of sums, totals along the path to it: for node n, at which
// n-gram g ends,
//
//	sums[n][0] = sums[parent of n][0] + idf[g]² for l2, |idf[g]| for l1
//	sums[n][1+k] = the same of idf[g] · coefficients[k][g]
//
// so that one row, that of the last node of a walk, is the contribution of all n-grams
// on the way. A node where no n-gram ends has the row of its parent. There are few of them,
// and as the row of a node has the node's number, a node takes 4 bytes.
type Trie struct {
	rows       // one for each node
	nodes      []node
	vectorizer tfidf.Vectorizer

	// pairs has the node of each pair of bytes, nowhere for none, so that walks begin two
	// bytes deep: that takes 30 % off. nil if one byte is an n-gram.
	pairs *[fanOut * fanOut]uint32

	// repeats has, for each count of an n-gram in a short text, the tf and what it adds to
	// the norm, less the count: that takes 4 % off.
	repeats []weightedRow

	// usual is the greatest depth in bytes, up to maxUsual, that many nodes have.
	usual int
}

// A node is its base, in 24 bits, and its label: the byte that leads to it.
type node uint32

func newNode(base uint32, label byte) node { return node(base<<8 | uint32(label)) }

// child returns where the child by a byte is, if there is one.
func (n node) child(label byte) uint32 { return uint32(n>>8) + uint32(label) }

func (n node) label() byte { return byte(n) }

// isLeaf reports whether the node has no children. The base of such a node is 0.
func (n node) isLeaf() bool { return n>>8 == 0 }

const (
	nowhere = 0 // where walks end: a node with a row of zeros and without children
	root    = 1

	// unused are nodes that are not in use. Their label is one that UTF-8 does not have.
	unused node = 0xc0

	fanOut   = 256              // children that a node can have
	maxNodes = 1<<24 - 4*fanOut // so that a base has 24 bits

	maxUsual = 8 // of [Trie.usual]
)

// NewTrie returns an error if the n-grams need more nodes than a trie can have.
func NewTrie(from *Source) (*Trie, error) {
	v := &from.Vectorizer
	b := builder{Trie: &Trie{vectorizer: *v}, keys: newKeys(v, from.NGrams)}
	if err := b.build(); err != nil {
		return nil, err
	}
	b.fill(from)
	b.repeats = make([]weightedRow, maxTogether+1)
	for count := range b.repeats {
		tf := v.TF(uint32(count))
		b.repeats[count] = weightedRow{norm: v.Norm.Power(tf) - float64(count), times: tf - float64(count)}
	}
	if !b.keys.single {
		b.pairs = b.pairNodes()
	}
	return b.Trie, nil
}

// A builder places the nodes breadth first: what is near the root, and so on most
// walks, lies close together.
type builder struct {
	*Trie
	keys  *keys
	free  []uint64       // a bit for each node: set if it is not in use
	bases []uint64       // a bit for each base: set if no node has it
	lows  [fanOut]uint32 // no lone child of a label fits before it
	low   uint32         // no node before it is free
	end   uint32         // behind the last node in use

	labels [fanOut]byte   // of a branch
	ends   [fanOut]uint32 // of the keys of each label
}

// A branch is a node whose children are still to be placed. Its keys, from lo to hi, share
// the bytes that spell the node, and have more.
type branch struct{ node, lo, hi uint32 }

func (b *builder) build() error {
	b.grow(min(b.keys.nodes, maxNodes) * 17 / 16)
	// No child comes before the first fanOut nodes, so that no base is 0, which is that of
	// a node without children.
	b.end = fanOut
	clear(b.free[:fanOut/64])
	b.bases[0] &^= 1
	widest := 1
	for depth := range maxUsual { // no more nodes have children than there are children
		widest = max(widest, min(b.keys.depths[depth], b.keys.depths[depth+1]))
	}
	level, below := make([]branch, 0, widest), make([]branch, 0, widest) // of one depth, and of the next
	if n := b.keys.len(); n > 0 {
		level = append(level, branch{root, 0, uint32(n)})
	}
	for depth := 0; len(level) > 0; depth++ {
		below = below[:0]
		for _, at := range level {
			if b.end > maxNodes {
				return fmt.Errorf("ngrams: %d of them need more than the %d nodes that a model can hold; train with fewer, such as by max_features or min_df", b.keys.len(), maxNodes)
			}
			below = b.branch(at, depth, below)
		}
		level, below = below, level
	}
	b.nodes = b.nodes[:b.end+fanOut] // so many that no walk leaves them
	if spare := cap(b.nodes) - len(b.nodes); spare > len(b.nodes)/16 {
		b.nodes = slices.Clone(b.nodes)
	}
	b.usual = maxUsual
	for b.usual > 2 && b.keys.depths[b.usual] <= b.keys.len()/16 {
		b.usual--
	}
	return nil
}

// branch places the children of a node of a depth, and appends those with children to
// below.
func (b *builder) branch(at branch, depth int, below []branch) []branch {
	// A label begins where what the keys share ends. The texts are hardly looked at: half of
	// the time for the nodes.
	n, labels, ends := 1, &b.labels, &b.ends
	if labels[0] = b.keys.labels[at.lo]; b.keys.shared[at.lo] != uint32(depth) { // no n-gram ends at the node
		labels[0] = b.keys.at(int(at.lo))[depth]
	}
	for i, shared := range b.keys.shared[at.lo+1 : at.hi] {
		if shared == uint32(depth) {
			next := at.lo + 1 + uint32(i)
			ends[n-1], labels[n] = next, b.keys.labels[next]
			n++
		}
	}
	ends[n-1] = at.hi
	base := b.place(labels[:n])
	b.nodes[at.node] = newNode(base, b.nodes[at.node].label())
	b.bases[base/64] &^= 1 << (base % 64)
	lo := at.lo
	for i, hi := range ends[:n] {
		child := branch{base + uint32(labels[i]), lo, hi}
		lo = hi
		b.use(child.node, labels[i])
		if b.keys.size(int(child.lo)) == depth+1 { // an n-gram ends here
			child.lo++
		}
		if child.lo < child.hi {
			below = append(below, child)
		}
	}
	return below
}

// place finds a base that no node has, at which all of labels, which are sorted, meet
// unused nodes. It tries 64 bases at once. A lone child, as most nodes have, goes into the
// first gap that takes it, so that few are left: every node has a row.
func (b *builder) place(labels []byte) uint32 {
	const patience = 128 * 64 // bases before the end that are tried for several children
	first := uint32(labels[0])
	for b.free[b.low/64] == 0 {
		b.low += 64
	}
	base := max(b.lows[first], max(b.low, first)-first)
	if len(labels) > 1 {
		base = max(base, max(b.end, patience)-patience)
	}
	for len(labels) == 1 || base < b.end {
		fits := bitsFrom(b.bases, base)
		for _, label := range labels {
			if fits &= bitsFrom(b.free, base+uint32(label)); fits == 0 {
				break
			}
		}
		if fits != 0 {
			base += uint32(bits.TrailingZeros64(fits))
			if len(labels) == 1 {
				b.lows[first] = base
			}
			return base
		}
		base += 64
	}
	base = b.end - first
	for b.bases[base/64]>>(base%64)&1 == 0 {
		base++
	}
	return base
}

// bitsFrom returns 64 of the bits of a set, from one on.
func bitsFrom(set []uint64, n uint32) uint64 {
	i, shift := n/64, n%64
	return set[i]>>shift | set[i+1]<<(64-shift)
}

// use takes a node into use.
func (b *builder) use(n uint32, label byte) {
	b.nodes[n] = newNode(0, label)
	b.free[n/64] &^= 1 << (n % 64)
	if n >= b.end {
		b.end = n + 1
		b.grow(int(b.end))
	}
}

// grow makes sure that there are so many nodes, and enough behind them for place to look
// at.
func (b *builder) grow(n int) {
	if n += 3 * fanOut; n <= len(b.nodes) {
		return
	}
	n = (max(n, len(b.nodes)*5/4) + 63) &^ 63
	b.nodes = grown(b.nodes, n, unused)
	b.free = grown(b.free, n/64, math.MaxUint64)
	b.bases = grown(b.bases, n/64, math.MaxUint64)
}

// grown returns a copy of s of n elements, the new ones of which are filled.
func grown[T any](s []T, n int, filling T) []T {
	t := make([]T, n)
	for i := copy(t, s); i < n; i++ {
		t[i] = filling
	}
	return t
}

// fill makes the rows. It goes along the keys: what one shares with the one before is on the
// path already.
func (b *builder) fill(from *Source) {
	b.width = from.Rows + 1
	b.sums = make([]float64, int(b.end)*b.width)
	path := []uint32{root} // the nodes of a key
	for i, shared := range b.keys.shared {
		path = path[:shared+1]
		at, label := path[shared], b.keys.labels[i]
		if size := b.keys.size(i); size > len(path) {
			for key := b.keys.at(i); len(path) < size; label = key[len(path)-1] { // no n-gram ends there
				parent := at
				at = b.nodes[parent].child(label)
				copy(b.row(at), b.row(parent))
				path = append(path, at)
			}
		}
		last := b.nodes[at].child(label)
		b.extendRow(last, at, from, b.keys.column(i))
		path = append(path, last)
	}
}

// pairNodes returns the node of each pair of bytes.
func (t *Trie) pairNodes() *[fanOut * fanOut]uint32 {
	pairs := new([fanOut * fanOut]uint32)
	for a := range fanOut {
		first := t.child(root, byte(a))
		if first == nowhere {
			continue
		}
		for b := range fanOut {
			pairs[a*fanOut+b] = t.child(first, byte(b))
		}
	}
	return pairs
}

// child returns the child of a node by a byte, nowhere if there is none.
func (t *Trie) child(n uint32, label byte) uint32 {
	child := t.nodes[n].child(label)
	if t.nodes[child].label() != label {
		return nowhere
	}
	return child
}

// Size is how many bytes the trie takes in memory.
func (t *Trie) Size() int {
	size := 4*cap(t.nodes) + 8*len(t.sums)
	if t.pairs != nil {
		size += 4 * len(t.pairs)
	}
	return size
}
