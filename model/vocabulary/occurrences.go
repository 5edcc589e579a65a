package vocabulary

import (
	"bytes"
	"slices"

	"tagifai/model/tfidf"
)

// Occurrences are where a tape has n-grams of the vocabulary. The walks of a stretch of the
// tape go on together, a level of the trie at a time, as those of [Trie.Add] do.
type Occurrences struct {
	Stretches []Stretch

	// Of each walk, where it starts on the tape, and where the n-gram ends that it comes to
	// at its first level. At each level after that it is a byte longer, or the walk is over,
	// and the place on the tape is of no meaning.
	Starts, Ends []uint32

	// Repeats are the n-grams that the text has several times, those of a stretch behind
	// those of the one before.
	Repeats []Repeat

	walkers []walker // of each stretch, those of a level behind those of the one above
}

// A Stretch is walks that go on together.
type Stretch struct {
	First, Walks int  // in Starts and Ends
	Adjacent     bool // the walks start at one byte after the other, and Ends go with Starts
	Levels       int
	Repeats      int // their end in Repeats
	walkers      int // the first
}

// A Repeat is an n-gram at which a walk comes to what others come to as well. Where no n-gram
// ends, it adds nothing to any row.
type Repeat struct {
	Level, Walk uint32 // in its stretch
	Count       uint32 // how often the text has it
	Again       bool   // this is not the first time
}

// A Term is a row of coefficients, and what it is multiplied by.
type Term struct {
	Row    int
	Factor float64
}

// Reset makes o that of no tape.
func (o *Occurrences) Reset() {
	o.Stretches, o.Starts, o.Ends = o.Stretches[:0], o.Starts[:0], o.Ends[:0]
	o.Repeats, o.walkers = o.Repeats[:0], o.walkers[:0]
}

// level adds a level to the last stretch.
func (o *Occurrences) level(s *Stretch) []walker {
	s.Levels++
	n := len(o.walkers)
	o.walkers = slices.Grow(o.walkers, s.Walks)[:n+s.Walks]
	return o.walkers[n:]
}

// at returns the walkers of a stretch at a level.
func (o *Occurrences) at(s *Stretch, level int) []walker {
	return o.walkers[s.walkers+level*s.Walks:][:s.Walks]
}

// Weights returns, in the memory of into, what each n-gram of a stretch adds to the sum of
// terms: idf × coefficient × the factor of the term × the factor of all. Those of a level are
// behind those of the one above. Where a walk is over, that is 0.
func (r *rows) Weights(into []float64, o *Occurrences, s *Stretch, terms []Term, factor float64) []float64 {
	walkers := o.walkers[s.walkers:][:s.Levels*s.Walks]
	weights := slices.Grow(into[:0], len(walkers))[:len(walkers)]
	clear(weights)
	for _, t := range terms {
		sums, width, factor := r.sums[1+t.Row:], r.width, t.Factor*factor
		for i, w := range walkers {
			weights[i] += factor * sums[int(w.at)*width]
		}
	}
	// These are sums of all n-grams of a walk so far.
	for i := len(weights) - 1; i >= s.Walks; i-- {
		weights[i] -= weights[i-s.Walks]
	}
	return weights
}

// Meet appends to o the occurrences on a tape, which is the one that was added last with w.
// [tfidf.TapeEnd] is behind it.
func (t *Trie) Meet(o *Occurrences, w *Scratch, tape []byte) {
	n := len(tape) - len(tfidf.TapeEnd)
	for lo := 0; lo < n; lo += maxTogether {
		t.meet(o, w, tape, lo, min(lo+maxTogether, n))
	}
}

// meet is Meet for walks from lo to hi.
func (t *Trie) meet(o *Occurrences, w *Scratch, tape []byte, lo, hi int) {
	s := Stretch{First: len(o.Starts), Walks: hi - lo, walkers: len(o.walkers), Adjacent: true}
	words, starts := t.vectorizer.Analyzer == tfidf.Word, positions[:]
	if words {
		s.Walks, s.Adjacent, starts = begin(w.starts, tape, lo, hi), false, w.starts
	}
	top := w.a[:s.Walks]
	for i := range top {
		top[i] = walker{root, t.nodes[root]}
	}
	depth, first := 0, 1 // bytes above the first level, and of the n-grams there
	switch {
	case words: // end with a space behind them
		below := w.b[:s.Walks]
		copy(below, top)
		t.extend(top, below, unfinished(top, w.left), starts, tape[lo:])
		top, depth = below, 1
	case t.pairs != nil:
		first, depth = 2, 2
		t.pair(o.level(&s), tape[lo:])
	}
	o.Starts, o.Ends = slices.Grow(o.Starts, s.Walks), slices.Grow(o.Ends, s.Walks)
	for _, start := range starts[:s.Walks] {
		start += uint32(lo)
		o.Starts, o.Ends = append(o.Starts, start), append(o.Ends, start+uint32(first))
	}
	t.goOn(o, w, &s, top, starts, tape[lo:], depth)
	w.meetAgain(o, &s, top)
	s.Repeats = len(o.Repeats)
	o.Stretches = append(o.Stretches, s)
}

// goOn adds the levels of a stretch, as far as the trie goes.
func (t *Trie) goOn(o *Occurrences, w *Scratch, s *Stretch, above []walker, starts []uint32, tape []byte, depth int) {
	if s.Levels > 0 {
		above = o.at(s, s.Levels-1)
	}
	for ; depth < t.usual && t.vectorizer.Analyzer != tfidf.Word; depth++ {
		below := o.level(s)
		if !t.level(above, below, tape[depth:]) {
			return
		}
		above = below
	}
	for left := unfinished(above, w.left); len(left) > 0; depth++ {
		below := o.level(s)
		copy(below, above)
		left = t.extend(above, below, left, starts, tape[depth:])
		above = below
	}
}

// meetAgain adds the repeats of a stretch, whose walkers are at top before its first level.
// What begins with an n-gram that occurs once occurs once.
func (w *Scratch) meetAgain(o *Occurrences, s *Stretch, top []walker) {
	if len(w.met) == 0 {
		return
	}
	left := w.left[:s.Walks]
	for i := range left {
		left[i] = uint32(i)
	}
	for level := range s.Levels {
		n, below := 0, o.at(s, level)
		for _, i := range left {
			at := below[i].at
			if at == top[i].at || at == nowhere {
				continue
			}
			if count, again := w.visit(at); count != 1 {
				o.Repeats = append(o.Repeats, Repeat{uint32(level), i, count, again})
				left[n] = i
				n++
			}
		}
		left, top = left[:n], below
	}
}

// visit returns how often the text has what leads to a node, and whether the node was visited
// before.
func (w *Scratch) visit(node uint32) (times uint32, again bool) {
	if w.long {
		const visited = 1 << 30 // beside the mark of weighCounts
		count := w.many[node]
		w.many[node] |= visited
		return count % visited, count/visited%2 == 1
	}
	// The counts of weighRepeats go up to maxTogether, with its mark on top of twice that.
	count := w.seen[node] - (w.stamp + maxTogether) - 1
	if count >= 4*maxTogether {
		return 1, false // the stamp of a walker
	}
	visited := count / maxTogether % 2
	w.seen[node] += maxTogether * (1 - visited)
	return count%maxTogether + 1, visited == 1
}

// Meet is that of [Trie.Meet]. All walks are in one stretch, with one level.
func (t *WordTable) Meet(o *Occurrences, w *Scratch, tape []byte) {
	s := Stretch{First: len(o.Starts), Levels: 1, walkers: len(o.walkers)}
	n := len(tape) - len(tfidf.TapeEnd)
	for start := 0; start < n; {
		end := start + bytes.IndexByte(tape[start:], ' ')
		word := tape[start:end]
		if i := t.find(wordHead(word), word); i > 0 {
			const visited = 1 << 31
			if count := w.seen[i-1]; count != 1 {
				o.Repeats = append(o.Repeats, Repeat{0, uint32(s.Walks), count % visited, count >= visited})
				w.seen[i-1] |= visited
			}
			o.Starts, o.Ends = append(o.Starts, uint32(start)), append(o.Ends, uint32(end))
			o.walkers = append(o.walkers, walker{at: i - 1})
			s.Walks++
		}
		start = end + 1
	}
	s.Repeats = len(o.Repeats)
	o.Stretches = append(o.Stretches, s)
}

// Known counts the n-grams of the vocabulary on a tape, each as often as it occurs. Nothing
// is behind the tape.
func (t *Trie) Known(tape []byte) (n int) {
	words := t.vectorizer.Analyzer == tfidf.Word
	for start := range tape {
		if words && start > 0 && tape[start-1] != ' ' {
			continue
		}
		node := uint32(root)
		for _, c := range tape[start:] {
			next := t.child(node, c)
			if next == nowhere {
				break
			}
			n += one(!slices.Equal(t.row(node), t.row(next))) // an n-gram ends here
			node = next
		}
	}
	return n
}

// Known is that of [Trie.Known].
func (t *WordTable) Known(tape []byte) (n int) {
	for start := 0; start < len(tape); {
		word := tape[start:][:bytes.IndexByte(tape[start:], ' ')]
		n += one(t.find(wordHead(word), word) > 0)
		start += len(word) + 1
	}
	return n
}
