package vocabulary

import (
	"slices"

	"tagifai/model/tfidf"
)

// maxTogether is how many start positions go down the trie together at most. With more, an
// n-gram that occurs often has its row added often, of which the correction leaves little:
// digits are lost.
const maxTogether = 512

// stamps is how many a text takes: those of its walkers, and then as many as it can count
// to, twice. It divides 1<<32.
const stamps = 8 * maxTogether

// Scratch is what a walk scribbles on. The zero value is ready for use, with one [Trie] or
// [WordTable] and by one caller at a time.
type Scratch struct {
	a, b      []walker
	starts    []uint32 // where each walker began
	left      []uint32 // the walkers who can go on
	followers []follower
	met       []meeting
	weighted  []weightedRow
	kept      *Occurrences // where walks are kept; nil if they are not

	// seen has, of each node, the stamp of the last walker who came to it. The stamps of a
	// text are above those of all texts before it.
	seen  []uint32
	stamp uint32

	// many has, of each node, how many walkers came to it, with marks. If the last text was
	// long it is that of met, and else zero.
	many []uint32
	long bool
}

// A walker is on its way down the trie, from one start position.
type walker struct {
	at   uint32 // the node it has come to
	node node   // what that node is; unused for those who are at their end
}

// A follower is a walker at a node that others came to before it, and the last of these.
type follower struct{ walker, before uint32 }

// A meeting is a node that several walkers come to.
type meeting struct{ at, parent uint32 }

// Add adds to totals the own rows of the tape's n-grams, each times its tf, and of the
// norm of l2 times its square. [tfidf.TapeEnd] is behind the tape.
//
// All start positions go down the trie together, a step at a time. The step of one does not
// wait for that of another, so their cache misses overlap. The loops have no branches that
// depend on the text: when the walks went one after the other, the branch predictor was wrong
// about the end of each. Both together took half of the time off texts of 140 characters that
// are all different.
func (t *Trie) Add(w *Scratch, totals []float64, tape []byte) {
	n := len(tape) - len(tfidf.TapeEnd)
	if w.seen == nil {
		w.seen = make([]uint32, len(t.nodes))
		w.a, w.b = make([]walker, maxTogether), make([]walker, maxTogether)
		w.starts, w.left = make([]uint32, maxTogether+1), make([]uint32, maxTogether+1)
		w.followers = make([]follower, maxTogether)
	}
	w.forget()
	w.met, w.weighted, w.long = w.met[:0], w.weighted[:0], n > maxTogether
	if !w.long {
		// Every walk adds its last row, in which each n-gram counts once. What is wrong
		// about that is put right where walks meet.
		if w.stamp += stamps; w.stamp == 0 {
			clear(w.seen)
			w.stamp = stamps
		}
		t.add(totals, t.descend(w, tape, 0, n, false))
		w.weighRepeats(t)
	} else {
		// Each n-gram is weighed by its count: a long text has few that occur once.
		if w.many == nil {
			w.many = make([]uint32, len(t.nodes))
		}
		for from := 0; from < n; from += maxTogether {
			t.descend(w, tape, from, min(from+maxTogether, n), true)
		}
		w.weighCounts(&t.vectorizer)
	}
	t.addWeighted(totals, w.weighted)
}

// one is 1 for true, 0 for false, and no branch.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// descend lets a walker go down from each position of the tape from lo to hi, as far as the
// trie goes, and returns the walkers. For words they start at the beginnings of words only.
// It need not care for code points: no n-gram begins inside of one.
//
// It notes the nodes where walkers meet. In a short text it looks only at followers, as
// what begins with an n-gram that occurs once occurs once.
func (t *Trie) descend(w *Scratch, tape []byte, lo, hi int, long bool) []walker {
	n, depth, starts := hi-lo, 0, positions[:]
	words := t.vectorizer.Analyzer == tfidf.Word
	if words {
		n = begin(w.starts, tape, lo, hi)
		starts = w.starts
	}
	if w.kept != nil {
		w.kept.begin(n, lo, starts, one(words)) // they end with a space
	}
	below, above := w.a[:n], w.b[:n]
	var followers []follower
	if t.pairs != nil && !words {
		depth = 2
		below = w.next(below)
		if long {
			t.pair(below, tape[lo:])
			clear(above) // the rows of single bytes are zeros, as that of nowhere
			w.note(above, below, nil, long)
		} else {
			followers = t.pairFollowers(below, tape[lo:], w.seen, w.stamp, w.followers)
			w.met = slices.Grow(w.met, len(followers))
			for _, f := range followers {
				w.met = append(w.met, meeting{below[f.walker].at, nowhere})
			}
			if w.kept != nil {
				w.kept.note(followers)
			}
		}
	} else {
		for i := range below {
			below[i] = walker{root, t.nodes[root]}
			w.followers[i] = follower{uint32(i), uint32(max(i-1, 0))}
		}
		followers = w.followers[min(1, n):n]
	}
	more := true
	for ; more && depth < t.usual && !words; depth++ {
		above, below = below, w.next(above)
		more = t.level(above, below, tape[lo+depth:])
		followers = w.note(above, below, followers, long)
	}
	if !more {
		return below
	}
	for left := unfinished(below, w.left); len(left) > 0; depth++ {
		above, below = below, w.next(above)
		copy(below, above)
		left = t.extend(above, below, left, starts, tape[lo+depth:])
		followers = w.note(above, below, followers, long)
	}
	return below
}

// next returns where walkers are put at the next level: in place of others, unless they are kept.
func (w *Scratch) next(others []walker) []walker {
	if w.kept == nil {
		return others
	}
	return w.kept.level(others)
}

// note notes where walkers have come to: in a long text all of them, else the followers
// among a group. It returns those.
func (w *Scratch) note(above, below []walker, group []follower, long bool) []follower {
	n := len(w.met)
	switch {
	case long:
		w.met = slices.Grow(w.met, len(below))
		w.met = w.met[:n+count(w.many, above, below, w.met[n:cap(w.met)])]
		return nil
	case len(group) == 0:
		return nil
	}
	w.met = slices.Grow(w.met, len(group))
	group = follow(w.seen, w.stamp, above, below, group, w.met[n:cap(w.met)])
	w.met = w.met[:n+len(group)]
	if w.kept != nil {
		w.kept.note(group)
	}
	return group
}

// count counts walkers by their nodes, and puts the nodes that none came to before into met.
//
//go:noinline
func count(many []uint32, above, below []walker, met []meeting) (m int) {
	above = above[:len(below)]
	met = met[:len(below)]
	many[nowhere] = 1
	for i, w := range below {
		at := w.at & -uint32(one(w.node != unused))
		before := many[at]
		many[at] = before + 1
		met[m] = meeting{at, above[i].at}
		m += one(before == 0)
	}
	return m
}

// follow returns the followers among a group, whose walkers followed others above, and
// puts the nodes where they are into met. It stamps what the walkers before them came to
// just before it looks at their own nodes: so it needs the followers only, not all walkers
// who are together. That takes 8 % off the time at 140 characters.
//
//go:noinline
func follow(seen []uint32, stamp uint32, above, below []walker, group []follower, met []meeting) []follower {
	n := 0
	below = below[:len(above)]
	met = met[:len(group)]
	for _, f := range group {
		seen[below[f.before].at] = stamp + f.before
		w := below[f.walker]
		last := seen[w.at]
		group[n] = follower{f.walker, last - stamp}
		met[n] = meeting{w.at, above[f.walker].at}
		n += one(last >= stamp) & one(w.node != unused)
	}
	return group[:n]
}

var positions = func() (table [maxTogether]uint32) {
	for i := range table {
		table[i] = uint32(i)
	}
	return table
}()

// begin sets starts to where words begin from lo to hi, and returns how many do.
func begin(starts []uint32, tape []byte, lo, hi int) int {
	n := 0
	for i := lo; i < hi; i++ {
		starts[n] = uint32(i - lo)
		n += one(i == 0 || tape[i-1] == ' ')
	}
	return n
}

// pair puts walkers at the nodes of each pair of bytes.
//
// This and the loops below have to stay functions of their own: inlined into another
// they run out of registers, and take half as long again.
//
//go:noinline
func (t *Trie) pair(walkers []walker, tape []byte) {
	pairs, nodes := t.pairs, t.nodes
	a := tape[0]
	tape = tape[1:][:len(walkers)]
	for i, b := range tape {
		at := pairs[uint16(a)<<8|uint16(b)]
		walkers[i] = walker{at, nodes[at]}
		a = b
	}
}

// pairFollowers is pair for a short text. It returns the followers.
//
//go:noinline
func (t *Trie) pairFollowers(walkers []walker, tape []byte, seen []uint32, stamp uint32, followers []follower) []follower {
	pairs, nodes := t.pairs, t.nodes
	seen = seen[:len(nodes)]
	n := 0
	a := tape[0]
	tape = tape[1:][:len(walkers)]
	followers = followers[:len(walkers)]
	for i, b := range tape {
		at := pairs[uint16(a)<<8|uint16(b)]
		walkers[i] = walker{at, nodes[at]}
		a = b
		last := seen[at]
		seen[at] = stamp + uint32(i)
		followers[n] = follower{uint32(i), last - stamp}
		n += one(last >= stamp)
	}
	return followers[:n]
}

// level lets each walker go on by a byte, from above to below, or stay at its end.
//
//go:noinline
func (t *Trie) level(above, below []walker, tape []byte) (more bool) {
	nodes, all := t.nodes, node(0)
	below, tape = below[:len(above)], tape[:len(above)]
	for i, from := range above {
		label := tape[i]
		at := from.node.child(label)
		n := nodes[at]
		found := n.label() == label
		if !found {
			at = from.at
		}
		if !found {
			n = unused
		}
		all |= n
		below[i] = walker{at, n}
	}
	return !all.isLeaf()
}

// unfinished returns which walkers can go on.
func unfinished(walkers []walker, left []uint32) []uint32 {
	n := 0
	for i := range walkers {
		left[n] = uint32(i)
		if walkers[i].node.isLeaf() {
			walkers[i].node = unused
		}
		n += one(walkers[i].node != unused)
	}
	return left[:n]
}

// extend is level for those who are left, and returns who is left then.
//
//go:noinline
func (t *Trie) extend(above, below []walker, left, starts []uint32, tape []byte) []uint32 {
	n, nodes := 0, t.nodes
	below = below[:len(above)]
	for _, i := range left {
		from := above[i]
		label := tape[starts[i]]
		to := walker{from.node.child(label), 0}
		to.node = nodes[to.at]
		left[n] = i
		if to.node.label() != label {
			to = walker{from.at, unused}
		} else {
			n++
		}
		below[i] = to
	}
	return left[:n]
}
