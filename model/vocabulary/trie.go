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
	k := newKeys(v, from.NGrams)
	b := builder{Trie: &Trie{vectorizer: *v, usual: k.usual()}}
	if err := b.build(k); err != nil {
		return nil, err
	}
	b.fill(from)
	b.repeats = make([]weightedRow, maxTogether+1)
	for count := range b.repeats {
		tf := v.TF(uint32(count))
		b.repeats[count] = weightedRow{norm: v.Norm.Power(tf) - float64(count), times: tf - float64(count)}
	}
	b.pairs = b.pairNodes()
	return b.Trie, nil
}

// A builder places the nodes of an outline, in its order.
type builder struct {
	*Trie
	*outline
	places []uint32       // of the nodes of the outline that have one
	free   []uint64       // a bit for each node: set if it is not in use
	bases  []uint64       // a bit for each base: set if no node has it
	low    uint32         // no node before it is free
	lows   [fanOut]uint32 // no lone child of a label fits before it
	wide   [16]uint32     // for so many children, or more, no base before it is tried
	end    uint32         // behind the last node in use
}

// build places the nodes of a trie of the keys.
func (b *builder) build(k *keys) error {
	tooMany := fmt.Errorf("ngrams: %d of them need more than the %d nodes that a model can hold; train with fewer, such as by max_features or min_df", k.len(), maxNodes)
	n := k.nodes()
	if n > maxNodes {
		return tooMany
	}
	b.outline = newOutline(k)
	b.places = make([]uint32, n)
	b.grow(n * 33 / 32)
	// No child comes before the first fanOut nodes, so that no base is 0, which is that of
	// a node without children.
	b.end = fanOut
	clear(b.free[:fanOut/64])
	b.bases[0] &^= 1
	b.places[0] = root
	for i, at := range b.places {
		lo, hi := b.children(i)
		if lo == hi {
			continue
		}
		labels, places := b.labels[lo:hi], b.places[lo:hi]
		base := b.place(labels)
		b.bases[base/64] &^= 1 << (base % 64)
		b.nodes[at] = newNode(base, b.nodes[at].label())
		for c, label := range labels {
			child := base + uint32(label)
			places[c] = child
			b.nodes[child] = newNode(0, label)
			b.free[child/64] &^= 1 << (child % 64)
		}
		b.end = max(b.end, places[len(places)-1]+1)
		if b.end > maxNodes {
			return tooMany
		}
		b.grow(int(b.end))
	}
	b.nodes = b.nodes[:b.end+fanOut] // so many that no walk leaves them
	if spare := cap(b.nodes) - len(b.nodes); spare > len(b.nodes)/16 {
		b.nodes = slices.Clone(b.nodes)
	}
	return nil
}

// place finds a base that no node has, at which all of labels, which are sorted, meet
// unused nodes. It tries 64 bases at once. A lone child, as most nodes have, goes into the
// first gap that takes it, so that few are left: every node has a row. Several go behind
// those before them that were about as many: to try all gaps again and again would take
// three times as long, for no fewer nodes.
func (b *builder) place(labels []byte) uint32 {
	first := uint32(labels[0])
	for b.free[b.low/64] == 0 {
		b.low += 64
	}
	from := &b.lows[first]
	if len(labels) > 1 {
		from = &b.wide[min(len(labels), len(b.wide)-1)]
	}
	base := max(*from, max(b.low, first)-first)
	for len(labels) == 1 || base < b.end {
		fits := bitsFrom(b.bases, base)
		for _, label := range labels {
			if fits &= bitsFrom(b.free, base+uint32(label)); fits == 0 {
				break
			}
		}
		if fits != 0 {
			base += uint32(bits.TrailingZeros64(fits))
			*from = base
			return base
		}
		base += 64
	}
	base = b.end - first
	for b.bases[base/64]>>(base%64)&1 == 0 {
		base++
	}
	*from = base
	return base
}

// bitsFrom returns 64 of the bits of a set, from one on.
func bitsFrom(set []uint64, n uint32) uint64 {
	i, shift := n/64, n%64
	return set[i]>>shift | set[i+1]<<(64-shift)
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

// fill makes the rows, each behind that of its parent.
func (b *builder) fill(from *Source) {
	b.width = from.Rows + 1
	b.sums = make([]float64, int(b.end)*b.width)
	for i, parent := range b.places {
		lo, hi := b.children(i)
		for c := lo; c < hi; c++ {
			if column := b.columns[c]; column == noColumn {
				copy(b.row(b.places[c]), b.row(parent))
			} else {
				b.extendRow(b.places[c], parent, from, int(column))
			}
		}
	}
}

// pairNodes returns the node of each pair of bytes, nil if one byte is an n-gram.
func (b *builder) pairNodes() *[fanOut * fanOut]uint32 {
	pairs := new([fanOut * fanOut]uint32)
	lo, hi := b.children(0)
	for i := lo; i < hi; i++ {
		if b.columns[i] != noColumn {
			return nil
		}
		first, end := b.children(i)
		for c := first; c < end; c++ {
			pairs[int(b.labels[i])*fanOut+int(b.labels[c])] = b.places[c]
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
