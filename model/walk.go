package model

import "math"

// A walker is on its way down the trie: it has come to node, and reads on at pos of
// the tape.
type walker struct {
	node, pos uint32
}

// maxTogether is how many start positions go down the trie together at most.
const maxTogether = 4096

// walks are the buffers of a walk.
type walks struct {
	live, alone []walker
	ends        []uint32  // the nodes at which walkers that were alone came to their end
	met         []uint32  // the nodes whose n-grams are weighed by their count
	tf          []float64 // of each of these
	few         []uint16  // of each node: how many walkers came to it; zero between two texts
	many        []uint32  // the same for long texts; nil before the first of them
}

func (w *walks) grow(t *trie, tape []byte) {
	if n := min(len(tape), maxTogether); len(w.live) < n {
		w.live, w.alone, w.ends = make([]walker, n), make([]walker, n), make([]uint32, n)
	}
	if len(tape) <= maxTogether && w.few == nil {
		w.few = make([]uint16, len(t.nodes))
	}
	if len(tape) > maxTogether && w.many == nil {
		w.many = make([]uint32, len(t.nodes))
	}
}

// walk adds to totals the own rows of the tape's n-grams, each times its tf, and of a
// norm of l2 times its square. The last byte of the tape is noByte.
//
// All start positions go down the trie together, a step at a time. The step of one does
// not wait for that of another, so that their cache misses overlap, and the loops are
// written such that the branch predictor has nothing to guess, which was wrong about the
// end of every walk when they went one after the other. Both together took half of the
// time off texts of 140 characters that are all different.
func (v *Vectorizer) walk(t *trie, w *walks, totals []float64, tape []byte) {
	w.grow(t, tape)
	if len(tape) <= maxTogether {
		v.walkShort(t, w, totals, tape)
	} else {
		v.walkLong(t, w, totals, tape)
	}
}

// noByte is the end of a tape: as no UTF-8 has this byte, no walk gets past it.
const noByte = 0xFF

// walkShort counts only where walkers meet: what begins with an n-gram that occurs once
// occurs once. From there on a walker is alone, and the difference of two rows is all
// that it meets. At 140 characters that spares half of the counting and most of the
// weighing.
func (v *Vectorizer) walkShort(t *trie, w *walks, totals []float64, tape []byte) {
	live := w.live[:t.begin(w.live, tape, 0, len(tape)-1, v.Analyzer == Word)]
	alone, below, met := 0, 0, 0
	for first := true; len(live) > 0; first = false {
		w.growMet(met + len(live))
		met += count(w.few, live, w.met[met:], 1)
		n := part(w.few, live, w.alone[alone:])
		alone += len(live) - n
		live = live[:t.extend(live[:n], tape, w.ends)]
		if first {
			below = alone // above the first n-grams is nothing
		}
	}
	above := w.ends[:0]
	for _, a := range w.alone[below:alone] {
		above = append(above, t.nodes[a.node].parent)
	}
	t.add(totals, above, -1)
	ends := 0
	for left := w.alone[:alone]; len(left) > 0; {
		n := t.extend(left, tape, w.ends[ends:])
		ends += len(left) - n
		left = left[:n]
	}
	t.add(totals, w.ends[:ends], 1)
	weigh(v, t, w, totals, w.few, met)
}

// walkLong weighs each n-gram by its count: a long text has few that occur once.
func (v *Vectorizer) walkLong(t *trie, w *walks, totals []float64, tape []byte) {
	met, last := 0, len(tape)-1
	for from := 0; from < last; from += maxTogether {
		live := w.live[:t.begin(w.live, tape, from, min(from+maxTogether, last), v.Analyzer == Word)]
		for len(live) > 0 {
			w.growMet(met + len(live))
			met += count(w.many, live, w.met[met:], 0)
			live = live[:t.extend(live, tape, w.ends)]
		}
	}
	weigh(v, t, w, totals, w.many, met)
}

func (w *walks) growMet(n int) {
	if n > len(w.met) {
		w.met = append(w.met, make([]uint32, n)...)
	}
}

// weigh adds the own rows of the nodes that were met, each times its tf, and sets their
// counts back to zero.
func weigh[C uint16 | uint32](v *Vectorizer, t *trie, w *walks, totals []float64, counts []C, met int) {
	w.tf = w.tf[:0]
	for _, n := range w.met[:met] {
		w.tf = append(w.tf, v.tf(float64(counts[n])))
		counts[n] = 0
	}
	t.addWeighted(totals, w.met[:met], w.tf, v.Norm == L2)
}

// one is 1 for true, 0 for false, and no branch.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// begin puts a walker behind the first bytes at each position of the tape from lo to
// hi, or only at the beginnings of words, and returns how many there are. It needs not
// care for code points: no n-gram begins inside of one.
func (t *trie) begin(live []walker, tape []byte, lo, hi int, words bool) int {
	n := 0
	if t.pairs != nil && !words {
		a := tape[lo]
		for i, b := range tape[lo+1 : hi+1] {
			node := t.pairs[uint16(a)<<8|uint16(b)]
			live[n] = walker{node, uint32(lo + i + 2)}
			n += one(node != 0)
			a = b
		}
		return n
	}
	root := t.nodes[0].base
	for i := lo; i < hi; i++ {
		if words && i > 0 && tape[i-1] != ' ' {
			continue
		}
		node := root + uint32(tape[i])
		live[n] = walker{node, uint32(i + 1)}
		n += one(t.nodes[node].parent == 0)
	}
	return n
}

// count counts the walkers at each node, puts the nodes whose count was before into
// met, and returns how many these are.
//
// This and the loops below have to stay functions of their own: inlined into another
// they run out of registers, and take half as long again.
//
//go:noinline
func count[C uint16 | uint32](counts []C, live []walker, met []uint32, before C) int {
	n := 0
	for _, w := range live {
		c := counts[w.node]
		counts[w.node] = c + 1
		met[n] = w.node
		n += one(c == before)
	}
	return n
}

// part moves the walkers that are alone at their nodes from live to alone, sets the
// counts of these nodes back to zero, and returns how many are left.
//
//go:noinline
func part(counts []uint16, live, alone []walker) int {
	n := 0
	for i, w := range live {
		c := counts[w.node]
		shared := one(c > 1)
		counts[w.node] = c * uint16(shared)
		alone[i-n] = w
		live[n] = w
		n += shared
	}
	return n
}

// extend lets each walker go a step, puts the nodes of those that cannot into ends,
// and returns how many are left.
//
//go:noinline
func (t *trie) extend(live []walker, tape []byte, ends []uint32) int {
	n, nodes := 0, t.nodes
	for i, w := range live {
		next := nodes[w.node].base + uint32(tape[w.pos])
		ends[i-n] = w.node
		live[n] = walker{next, w.pos + 1}
		n += one(nodes[next].parent == w.node)
	}
	return n
}

// add adds the rows of nodes to totals, or, if sign is -1, takes them off. It goes by
// columns, four at a time, whose totals stay in registers: a tenth of the time.
func (t *trie) add(totals []float64, nodes []uint32, sign float64) {
	width, column := t.width, 0
	for ; column+4 <= width; column += 4 {
		var a, b, c, d float64
		sums := t.sums[column:]
		for _, n := range nodes {
			row := sums[int(n)*width:][:4]
			a += row[0]
			b += row[1]
			c += row[2]
			d += row[3]
		}
		s := totals[column:][:4]
		s[0] += sign * a
		s[1] += sign * b
		s[2] += sign * c
		s[3] += sign * d
	}
	for ; column < width; column++ {
		a, sums := 0.0, t.sums[column:]
		for _, n := range nodes {
			a += sums[int(n)*width]
		}
		totals[column] += sign * a
	}
}

// addWeighted adds to totals the own row of each node, without that of its parent, times
// its tf, whose square counts for the norm, which is the last column, if squared.
func (t *trie) addWeighted(totals []float64, nodes []uint32, tf []float64, squared bool) {
	tf = tf[:len(nodes)]
	width, column, last := t.width, 0, t.width-1
	for ; column+4 <= last; column += 4 {
		var a, b, c, d float64
		sums := t.sums[column:]
		for i, n := range nodes {
			times := tf[i]
			own, above := sums[int(n)*width:][:4], sums[int(t.nodes[n].parent)*width:][:4]
			a += times * (own[0] - above[0])
			b += times * (own[1] - above[1])
			c += times * (own[2] - above[2])
			d += times * (own[3] - above[3])
		}
		s := totals[column:][:4]
		s[0] += a
		s[1] += b
		s[2] += c
		s[3] += d
	}
	for ; column <= last; column++ {
		sum, sums := 0.0, t.sums[column:]
		for i, n := range nodes {
			times := tf[i]
			if squared && column == last {
				times *= times
			}
			sum += times * (sums[int(n)*width] - sums[int(t.nodes[n].parent)*width])
		}
		totals[column] += sum
	}
}

// tf is the term frequency of an n-gram that a text has so many times.
func (v *Vectorizer) tf(count float64) float64 {
	if v.Binary {
		return 1
	}
	if !v.SublinearTF {
		return count
	}
	if count < float64(len(logarithms)) {
		return logarithms[int(count)]
	}
	return 1 + math.Log(count)
}

// logarithms has 1 + ln(count) of the counts that are usual: a fifteenth of the time at
// 140 characters.
var logarithms = func() (table [256]float64) {
	for count := range table {
		table[count] = 1 + math.Log(float64(count))
	}
	return table
}()
