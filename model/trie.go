package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A trie finds every n-gram of the vocabulary that begins at one position of a tape
// in a single walk. It is a double array over bytes: the child of node n by byte c
// is n.base + c, if that node's parent is n.
//
// Every node knows its row: the number of the longest n-gram that the path to it
// spells, 0 for none. The rows of sums hold totals along that path: for n-gram g of
// row r
//
//	sums[r][k] = sums[parents[r]][k] + idf[g] · coefficients[k][g]    k < width-1
//	sums[r][width-1] = the same of idf[g]² for l2, |idf[g]| for l1
//
// so that one row, that of the last node of a walk, is the contribution of all
// n-grams on the way.
type trie struct {
	nodes   []node
	parents []int32   // of each row: the row of the longest n-gram that is a proper prefix
	sums    []float64 // rows × width
	width   int       // rows of coefficients, and one for the norm
}

type node struct {
	base, parent, row int32
}

const (
	unused = -1  // the parent of a node that is not in use
	fanOut = 256 // children that a node can have
)

func newTrie(w *Weights) (*trie, error) {
	keys := make([]key, 0, len(w.NGrams))
	for column, ngram := range w.NGrams {
		if text, ok := w.Vectorizer.key(ngram); ok {
			keys = append(keys, key{text, column})
		}
	}
	byText := func(a, b key) int { return cmp.Compare(a.text, b.text) }
	if !slices.IsSortedFunc(keys, byText) {
		slices.SortFunc(keys, byText)
	}
	width := w.Rows() + 1
	b := builder{keys: keys, trie: &trie{
		parents: make([]int32, 1, len(keys)+1),
		sums:    make([]float64, width, (len(keys)+1)*width),
		width:   width,
	}}
	b.weights = w
	if err := b.build(); err != nil {
		return nil, err
	}
	return b.trie, nil
}

type key struct {
	text   string
	column int // of the n-gram
}

// A builder places the nodes breadth first: what is near the root, and so on most
// walks, lies close together.
type builder struct {
	*trie
	weights *Weights
	keys    []key // sorted, all different

	end int32 // behind the last node in use
	// The unused nodes, linked in their order, to a ring with node 0, which is the root.
	next, previous []int32
}

// A branch is a node whose children are still to be placed: its keys are
// keys[lo:hi], which share their first depth bytes, which spell the node.
type branch struct {
	node   int32
	row    int32
	lo, hi int
	depth  int
}

func (b *builder) build() error {
	room := len(b.keys) + len(b.keys)/16 + 4*fanOut // for most: an n-gram's prefixes are n-grams
	b.nodes, b.next, b.previous = make([]node, 1, room), make([]int32, 1, room), make([]int32, 1, room)
	b.nodes[0].parent = unused // no node is the root's parent, itself least of all
	b.end = 1
	b.grow()
	queue := []branch{{lo: 0, hi: len(b.keys)}}
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
			children = append(children, branch{row: at.row, lo: lo, hi: hi, depth: at.depth + 1})
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
			child.node = base + int32(labels[i])
			if len(b.keys[child.lo].text) == child.depth { // an n-gram ends here
				child.row = b.addRow(at.row, b.keys[child.lo].column)
				child.lo++
			}
			b.use(child.node, node{parent: at.node, row: child.row})
			if child.lo < child.hi {
				queue = append(queue, child)
			}
		}
	}
	return nil
}

// place finds a base at which all of labels, which are sorted, meet unused nodes. A
// lone child, as most nodes have, goes into the first gap.
func (b *builder) place(labels []byte) int32 {
	const patience = 64 // gaps tried before the children go behind the last node in use
	first := int32(labels[0])
	tried := 0
	for gap := b.next[0]; gap < b.end && tried < patience; gap = b.next[gap] {
		base := gap - first
		if base < 1 { // so that no child is the root
			continue
		}
		if b.fits(base, labels) {
			return base
		}
		tried++
	}
	return max(1, b.end-first)
}

func (b *builder) fits(base int32, labels []byte) bool {
	for _, label := range labels {
		if b.nodes[base+int32(label)].parent != unused {
			return false
		}
	}
	return true
}

// use puts n in the place of the unused node at.
func (b *builder) use(at int32, n node) {
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
		at, last := int32(len(b.nodes)), b.previous[0]
		b.nodes = append(b.nodes, node{parent: unused})
		b.next, b.previous = append(b.next, 0), append(b.previous, last)
		b.next[last], b.previous[0] = at, at
	}
}

func (b *builder) addRow(parent int32, column int) int32 {
	w := b.weights
	idf := 1.0
	if w.Vectorizer.UseIDF {
		idf = w.IDF[column]
	}
	row := int32(len(b.parents))
	b.parents = append(b.parents, parent)
	above := b.sums[int(parent)*b.width:][:b.width]
	for k := range b.width - 1 {
		b.sums = append(b.sums, above[k]+idf*w.Coefficients[k*len(w.NGrams)+column])
	}
	share := 0.0
	switch w.Vectorizer.Norm {
	case L2:
		share = idf * idf
	case L1:
		share = math.Abs(idf)
	}
	b.sums = append(b.sums, above[b.width-1]+share)
	return row
}

// weight adds times the own weight of row, without that of its prefixes, to the
// scores, and share times its own norm to the last of them.
func (t *trie) weight(scores []float64, row int32, times, share float64) {
	last := t.width - 1
	own := t.sums[int(row)*t.width:][:t.width]
	above := t.sums[int(t.parents[row])*t.width:][:t.width]
	for k := range last {
		scores[k] += times * (own[k] - above[k])
	}
	scores[last] += share * (own[last] - above[last])
}
