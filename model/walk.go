package model

import (
	"math"
	"slices"
)

// maxTogether is how many start positions go down the trie together at most. With more,
// the rows of many occurrences of an n-gram are added up where a few tf are left of them,
// and digits are lost.
const maxTogether = 512

// walks are the buffers of a walk.
type walks struct {
	levels        [][]uint32 // of each depth from 2 on: the node of each start position, or nowhere
	ends          []uint32   // the last node of each start position
	shared, alone walkers
	met           []uint32 // the nodes whose n-grams are weighed by their count
	weighted      []weightedRow
	few           []uint16 // of each node: how many walkers came to it; zero between two texts
	many          []uint32 // the same for long texts; nil before the first of them
}

// walkers are on their way down the trie: each has come to a node, and reads on at a
// place of the tape.
type walkers struct {
	nodes, at []uint32
}

func newWalkers(n int) walkers { return walkers{make([]uint32, n), make([]uint32, n)} }

func (w *walkers) first(n int) walkers { return walkers{w.nodes[:n], w.at[:n]} }

// walk adds to totals the own rows of the tape's n-grams, each times its tf, and of the
// norm of l2 times its square. [tapeEnd] is behind the tape.
//
// All start positions go down the trie together, a step at a time. The step of one does
// not wait for that of another, so that their cache misses overlap, and the loops are
// written such that the branch predictor has nothing to guess, which was wrong about the
// end of every walk when they went one after the other. Both together took half of the
// time off texts of 140 characters that are all different.
func (v *Vectorizer) walk(t *trie, w *walks, totals []float64, tape []byte) {
	n := len(tape) - len(tapeEnd)
	if w.ends == nil {
		w.ends = make([]uint32, maxTogether)
		w.shared, w.alone = newWalkers(maxTogether), newWalkers(maxTogether)
		for range t.usual - 1 {
			w.levels = append(w.levels, make([]uint32, maxTogether))
		}
	}
	w.met, w.weighted = w.met[:0], w.weighted[:0]
	if n <= maxTogether {
		// Every walk adds its last row, in which each n-gram counts once. What is wrong
		// about that is put right where walks meet.
		if w.few == nil {
			w.few = make([]uint16, len(t.nodes))
		}
		t.add(totals, descend(v, t, w, w.few, 1, tape, 0, n))
		for _, n := range w.met {
			r := &t.repeats[w.few[n]]
			w.few[n] = 0
			w.weigh(t, n, r.norm, r.times)
		}
	} else {
		// Each n-gram is weighed by its count: a long text has few that occur once.
		if w.many == nil {
			w.many = make([]uint32, len(t.nodes))
		}
		for from := 0; from < n; from += maxTogether {
			descend(v, t, w, w.many, 0, tape, from, min(from+maxTogether, n))
		}
		for _, n := range w.met {
			tf := v.tf(w.many[n])
			w.many[n] = 0
			w.weigh(t, n, v.Norm.power(tf), tf)
		}
	}
	t.addWeighted(totals, w.weighted)
}

// weigh puts the own row of a node, which is without that of its parent, among those to
// be added.
func (w *walks) weigh(t *trie, n uint32, norm, times float64) {
	if n != nowhere {
		w.weighted = append(w.weighted, weightedRow{n, norm, times}, weightedRow{t.nodes[n].parent, -norm, -times})
	}
}

// one is 1 for true, 0 for false, and no branch.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// descend lets a walker go down from each position of the tape from lo to hi, for words
// only from the beginnings of words, as far as the trie goes, and returns the last node of
// each. It needs not care for code points: no n-gram begins inside of one.
//
// It counts walkers only where more than few are together: what begins with an n-gram that
// occurs once occurs once. It appends the nodes where so many are to met. A walker that is
// not with so many at its node is alone from there on.
func descend[C uint16 | uint32](v *Vectorizer, t *trie, w *walks, counts []C, few C, tape []byte, lo, hi int) []uint32 {
	var shared walkers
	ended, alones := 0, 0
	if t.pairs != nil && v.Analyzer != Word {
		ended, shared = descendUsual(t, w, counts, few, tape, lo, hi)
		if len(shared.nodes) == 0 { // as of most texts
			return w.ends[:ended]
		}
		shared, alones = part(counts, few, shared, w.alone, 0)
	} else {
		shared = begin(w.shared, tape, lo, hi, v.Analyzer == Word)
	}
	for len(shared.nodes) > 0 {
		n := t.extend(shared, w.ends[ended:], tape)
		ended += len(shared.nodes) - n
		shared = shared.first(n)
		w.met = meet(counts, shared.nodes, w.met, few)
		shared, alones = part(counts, few, shared, w.alone, alones)
	}
	for alone := w.alone.first(alones); len(alone.nodes) > 0; {
		n := t.extend(alone, w.ends[ended:], tape)
		ended += len(alone.nodes) - n
		alone = alone.first(n)
	}
	return w.ends[:ended]
}

// descendUsual is descend as far as most walks go: [trie.usual] bytes. It takes all walkers
// from level to level, whether they are at their ends or not, which costs less than to tell
// them apart: a tenth of the time at 140 characters. It returns how many are at
// their ends, and those who can go on. Counts that are few are zero again.
func descendUsual[C uint16 | uint32](t *trie, w *walks, counts []C, few C, tape []byte, lo, hi int) (ended int, left walkers) {
	n := hi - lo
	level, ends := w.levels[0][:n], w.ends[:n]
	t.pair(level, tape[lo:])
	copy(ends, level)
	w.met = meet(counts, level, w.met, few)
	shared := walkers{level, positions[:n]}
	depth, more := 2, true
	for ; more && depth < t.usual; depth++ {
		below := w.levels[depth-1][:n]
		more = t.level(level, below, ends, tape[lo+depth:])
		level = below
		shared = pick(counts, few, shared, below, w.shared)
		w.met = meet(counts, shared.nodes, w.met, few)
	}
	for _, node := range shared.nodes {
		c := counts[node]
		counts[node] = c * C(one(c > few))
	}
	if !more {
		return n, w.shared.first(0)
	}
	return t.gather(w.shared, level, ends, uint32(lo+depth))
}

var positions = func() (table [maxTogether]uint32) {
	for i := range table {
		table[i] = uint32(i)
	}
	return table
}()

// pair sets nodes to those of each pair of bytes.
//
// This and the loops below have to stay functions of their own: inlined into another
// they run out of registers, and take half as long again.
//
//go:noinline
func (t *trie) pair(nodes []uint32, tape []byte) {
	pairs := t.pairs
	a := tape[0]
	tape = tape[1:][:len(nodes)]
	for i, b := range tape {
		nodes[i] = pairs[uint16(a)<<8|uint16(b)]
		a = b
	}
}

// level sets below to the children of the nodes above by the bytes, or to nowhere, and
// ends to them where they are somewhere.
//
//go:noinline
func (t *trie) level(above, below, ends []uint32, tape []byte) (more bool) {
	nodes, bases := t.nodes, uint32(leaf)
	below, ends, tape = below[:len(above)], ends[:len(above)], tape[:len(above)]
	for i, node := range above {
		next := nodes[node].base + uint32(tape[i])
		to := &nodes[next]
		base, end := to.base, ends[i]
		if to.parent == node {
			end = next
		}
		if to.parent != node {
			next = nowhere
		}
		if to.parent != node {
			base = leaf
		}
		bases |= base
		ends[i], below[i] = end, next
	}
	return bases != leaf
}

// meet counts the walkers at nodes, and appends the nodes whose count was few to met.
func meet[C uint16 | uint32](counts []C, nodes, met []uint32, few C) []uint32 {
	met = slices.Grow(met, len(nodes))
	n := len(met)
	return met[:n+count(counts, nodes, met[n:cap(met)], few)]
}

//go:noinline
func count[C uint16 | uint32](counts []C, nodes, met []uint32, few C) int {
	n := 0
	met = met[:len(nodes)]
	for _, node := range nodes {
		c := counts[node]
		counts[node] = c + 1
		met[n] = node
		n += one(c == few)
	}
	return n
}

// pick lets walkers go on, those who are with more than few at their nodes and come to
// another: below has the next node of each place. It puts them into picked, and sets the
// counts of the nodes where few are back to zero.
//
//go:noinline
func pick[C uint16 | uint32](counts []C, few C, of walkers, below []uint32, picked walkers) walkers {
	n := 0
	at := of.at[:len(of.nodes)]
	for i, node := range of.nodes {
		c := counts[node]
		shared := one(c > few)
		counts[node] = c * C(shared)
		place := at[i]
		next := below[place]
		picked.nodes[n], picked.at[n] = next, place
		n += shared & one(next != nowhere)
	}
	return picked.first(n)
}

// gather moves those who can go on from nodes, from ends to walkers. The first one reads
// on at from.
//
//go:noinline
func (t *trie) gather(to walkers, nodes, ends []uint32, from uint32) (ended int, left walkers) {
	n := 0
	ends = ends[:len(nodes)]
	for i, node := range nodes {
		to.nodes[n], to.at[n] = node, from+uint32(i)
		ends[i-n] = ends[i]
		n += one(t.nodes[node].base != leaf)
	}
	return len(nodes) - n, to.first(n)
}

// begin puts a walker at the root for each position of the tape from lo to hi, or only for
// the beginnings of words.
func begin(to walkers, tape []byte, lo, hi int, words bool) walkers {
	n := 0
	for i := lo; i < hi; i++ {
		to.nodes[n], to.at[n] = root, uint32(i)
		n += one(!words || i == 0 || tape[i-1] == ' ')
	}
	return to.first(n)
}

// part moves the walkers who are not with more than few at their nodes from shared to
// alone, behind those who are there, and sets the counts of these nodes back to zero. It
// returns the former that are left, and how many of the latter there are.
//
//go:noinline
func part[C uint16 | uint32](counts []C, few C, shared, alone walkers, alones int) (walkers, int) {
	n := 0
	at := shared.at[:len(shared.nodes)]
	for i, node := range shared.nodes {
		c := counts[node]
		together := one(c > few)
		counts[node] = c * C(together)
		place := at[i]
		alone.nodes[alones], alone.at[alones] = node, place
		shared.nodes[n], shared.at[n] = node, place
		n += together
		alones += 1 - together
	}
	return shared.first(n), alones
}

// extend lets each walker go a step, puts the nodes of those that cannot into ends, and
// returns how many are left.
//
//go:noinline
func (t *trie) extend(of walkers, ends []uint32, tape []byte) int {
	n, nodes := 0, t.nodes
	at := of.at[:len(of.nodes)]
	for i, node := range of.nodes {
		place := at[i]
		next := nodes[node].base + uint32(tape[place])
		ends[i-n] = node
		of.nodes[n], at[n] = next, place+1
		n += one(nodes[next].parent == node)
	}
	return n
}

// tf is the term frequency of an n-gram that a text has so many times.
func (v *Vectorizer) tf(count uint32) float64 {
	if v.Binary {
		return 1
	}
	if !v.SublinearTF {
		return float64(count)
	}
	if count < uint32(len(logarithms)) {
		return logarithms[count]
	}
	return 1 + math.Log(float64(count))
}

// logarithms has 1 + ln(count) of the counts that are usual: a fifteenth of the time at
// 140 characters.
var logarithms = func() (table [256]float64) {
	for count := range table {
		table[count] = 1 + math.Log(float64(count))
	}
	return table
}()
