package vocabulary

import "math"

// An outline is the nodes of a trie before they have places, breadth first: what is near the
// root, and so on most walks, comes first, and will lie close together. The nodes of one
// depth are in the order of the keys, so that the children of a node are one behind the other.
type outline struct {
	labels  []byte   // the byte that leads to each node
	columns []uint32 // of the n-grams that end there; noColumn where none does
	below   []uint32 // where the children of each begin; they end where those of the next begin
}

const noColumn = math.MaxUint32

// newOutline returns the outline of the keys.
func newOutline(k *keys) *outline {
	next := make([]uint32, len(k.depths)+1) // where the next node of each depth goes
	for depth, n := range k.depths {
		next[depth+1] = next[depth] + n
	}
	n := k.nodes()
	labels, columns, below := make([]byte, n), make([]uint32, n), make([]uint32, n+1)
	columns[0], below[0], below[n] = noColumn, 1, uint32(n)
	for i, shared := range k.shared {
		column := k.column(i)
		key := k.text.At(column)
		for depth := int(shared) + 1; depth <= len(key); depth++ {
			at := next[depth]
			next[depth]++
			labels[at], columns[at], below[at] = key[depth-1], noColumn, next[depth+1]
		}
		columns[next[len(key)]-1] = uint32(column)
	}
	return &outline{labels, columns, below}
}

// children returns where the children of a node begin and end.
func (o *outline) children(i int) (lo, hi int) { return int(o.below[i]), int(o.below[i+1]) }
