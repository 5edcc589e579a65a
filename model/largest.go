package model

import (
	"cmp"
	"math"
	"slices"
)

// A candidate is an n-gram that may be among the largest.
type candidate struct {
	weight            float64
	block             int32
	start, end, count uint32 // where it is on the tape, and how often
}

// largest are the n-grams with the largest weights so far.
type largest struct {
	top        int
	candidates []candidate
	least      uint64  // no size above this is among them
	magnitude  float64 // of all weights, the others too
}

// fewLargest is how many are kept in their order: an n-gram is put into its place among them.
// Of more, as many again are collected before they are put in order, so that no order of the
// weights takes long.
const fewLargest = 32

func (l *largest) reset(top int) {
	*l = largest{top: top, candidates: l.candidates[:0]}
	if top == 0 {
		l.least = math.MaxUint64
	}
}

// size returns what has the order of the magnitudes of weights. It takes no more than an
// addition.
func size(weight float64) uint64 { return math.Float64bits(weight) << 1 }

// add adds an n-gram whose magnitude is counted already.
func (l *largest) add(c candidate) {
	if size(c.weight) > l.least {
		l.insert(c)
	}
}

// addAll adds n-grams that the text has once: those of a level of a stretch of walks, which
// start and end there. Their magnitudes are counted already.
func (l *largest) addAll(weights []float64, block int32, starts, ends []uint32, level uint32) {
	least := l.least
	for i, weight := range weights {
		if size(weight) > least {
			l.insert(candidate{weight, block, starts[i], ends[i] + level, 1})
			least = l.least
		}
	}
}

// insert adds an n-gram that is larger than the least.
func (l *largest) insert(c candidate) {
	if l.top > fewLargest {
		l.candidates = append(l.candidates, c)
		if len(l.candidates) == 2*l.top {
			l.cut()
		}
		return
	}
	n := len(l.candidates)
	if n < l.top {
		l.candidates = append(l.candidates, c)
	} else {
		n--
	}
	all, of := l.candidates, size(c.weight)
	for ; n > 0 && size(all[n-1].weight) < of; n-- {
		all[n] = all[n-1]
	}
	all[n] = c
	if len(all) == l.top {
		l.least = size(all[l.top-1].weight)
	}
}

// cut leaves the largest, in their order.
func (l *largest) cut() {
	slices.SortFunc(l.candidates, func(a, b candidate) int { return cmp.Compare(size(b.weight), size(a.weight)) })
	if len(l.candidates) >= l.top {
		l.candidates = l.candidates[:l.top]
		l.least = size(l.candidates[l.top-1].weight)
	}
}

// rest returns the n-grams that are the largest, in that order, and the sums of the others,
// of all of which total is the sum.
func (l *largest) rest(total float64) ([]candidate, Remaining) {
	if l.top > fewLargest {
		l.cut()
	}
	if len(l.candidates) < l.top { // there are no others
		return l.candidates, Remaining{}
	}
	for i := range l.candidates {
		total -= l.candidates[i].weight
		l.magnitude -= math.Abs(l.candidates[i].weight)
	}
	return l.candidates, Remaining{max(0, (l.magnitude+total)/2), min(0, (total-l.magnitude)/2)}
}
