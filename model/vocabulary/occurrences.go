package vocabulary

import (
	"bytes"
	"slices"

	"tagifai/model/tfidf"
)

// Occurrences are where a tape has n-grams of the vocabulary. The walks of a stretch of the
// tape go on together, a level of the trie at a time: they are those of [Trie.Add].
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
	again   []comer  // of each stretch, unless the text is long; first those of the levels above
}

// A comer is a walker who comes to a node at a level, and the last one before it.
type comer struct{ level, walker, before uint32 }

// A Stretch is walks that go on together.
type Stretch struct {
	First, Walks int  // in Starts and Ends
	Adjacent     bool // the walks start at one byte after the other, and Ends go with Starts
	Levels       int
	Repeats      int // their end in Repeats
	walkers      int // the first
	again        int // the end
	unkept       int // levels above the first that are still to come
}

// A Repeat is an n-gram at which a walk comes to what others come to as well. Where no n-gram
// ends, it adds nothing to any row.
type Repeat struct {
	At    uint32 // the level times the walks of the stretch, plus the walk
	Count uint32 // how often the text has it
	Again bool   // this is not the first time
}

// A Term is a row of coefficients, and what it is multiplied by.
type Term struct {
	Row    int
	Factor float64
}

// reset makes o that of no tape.
func (o *Occurrences) reset() {
	o.Stretches, o.Starts, o.Ends = o.Stretches[:0], o.Starts[:0], o.Ends[:0]
	o.Repeats, o.walkers, o.again = o.Repeats[:0], o.walkers[:0], o.again[:0]
}

// MostLevels returns the most levels that a stretch has.
func (o *Occurrences) MostLevels() (levels int) {
	for i := range o.Stretches {
		levels = max(levels, o.Stretches[i].Levels)
	}
	return levels
}

// begin adds a stretch of n walks from lo on, which start there. At so many levels no n-gram
// ends.
func (o *Occurrences) begin(n, lo int, starts []uint32, unkept int) {
	s := Stretch{First: len(o.Starts), Walks: n, walkers: len(o.walkers), again: len(o.again), unkept: unkept}
	o.Stretches = append(o.Stretches, s)
	o.Starts = slices.Grow(o.Starts, n)[:s.First+n]
	for i, start := range starts[:n] {
		o.Starts[s.First+i] = start + uint32(lo)
	}
}

// level adds a level to the last stretch, and returns where its walkers are put: in place of
// others, if it is not kept.
func (o *Occurrences) level(others []walker) []walker {
	s := &o.Stretches[len(o.Stretches)-1]
	if s.unkept > 0 {
		s.unkept--
		return others
	}
	s.Levels++
	n := len(o.walkers)
	o.walkers = slices.Grow(o.walkers, s.Walks)[:n+s.Walks]
	return o.walkers[n:]
}

// note adds those who follow others at the last level.
func (o *Occurrences) note(followers []follower) {
	s := &o.Stretches[len(o.Stretches)-1]
	if s.Levels == 0 {
		return
	}
	o.again = slices.Grow(o.again, len(followers))
	for _, f := range followers {
		o.again = append(o.again, comer{uint32(s.Levels - 1), f.walker, f.before})
	}
	s.again = len(o.again)
}

// at returns the walkers of a stretch at a level.
func (o *Occurrences) at(s *Stretch, level int) []walker {
	return o.walkers[s.walkers+level*s.Walks:][:s.Walks]
}

// AppendWeights appends what each n-gram of a stretch adds to the sum of terms:
// idf × coefficient × the factor of the term × the factor of all. Those of a level are behind
// those of the one above. Where a walk is over, that is 0.
func (r *rows) AppendWeights(to []float64, o *Occurrences, s *Stretch, terms []Term, factor float64) []float64 {
	walkers := o.walkers[s.walkers:][:s.Levels*s.Walks]
	to = slices.Grow(to, len(walkers))[:len(to)+len(walkers)]
	weights := to[len(to)-len(walkers):]
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
	return to
}

// word adds a word, the one of a number, and where it begins and ends.
func (o *Occurrences) word(number, start, end uint32) {
	o.Starts, o.Ends = append(o.Starts, start), append(o.Ends, end)
	o.walkers = append(o.walkers, walker{at: number})
}

// Keep has the next [Trie.Add] or [WordTable.Add] keep its walks in o, for its Meet. To explain
// a text takes a seventh less than with walks of its own.
func (w *Scratch) Keep(o *Occurrences) {
	o.reset()
	w.kept = o
}

// Meet completes what the last [Trie.Add] has kept.
func (t *Trie) Meet(w *Scratch) {
	o := w.kept
	w.kept = nil
	words, first := t.vectorizer.Analyzer == tfidf.Word, uint32(1) // bytes of the n-grams at the first level
	if t.pairs != nil && !words {
		first = 2
	}
	o.Ends = slices.Grow(o.Ends, len(o.Starts))[:len(o.Starts)]
	for i, start := range o.Starts {
		o.Ends[i] = start + first
	}
	again := 0
	for i := range o.Stretches {
		s := &o.Stretches[i]
		s.Adjacent = !words
		if w.long {
			w.meetAll(o, s)
		} else {
			w.meetAgain(o, s, o.again[again:s.again])
		}
		again, s.Repeats = s.again, len(o.Repeats)
	}
}

// meetAgain adds the repeats of a stretch, by those who came to nodes after others.
func (w *Scratch) meetAgain(o *Occurrences, s *Stretch, again []comer) {
	followed := w.left[:s.Walks] // the level at which a walker followed another last, from 1 on
	clear(followed)
	walkers := o.walkers[s.walkers:]
	for _, c := range again {
		level := c.level * uint32(s.Walks)
		count := w.seen[walkers[level+c.walker].at] - (w.stamp + maxTogether) - 1
		count = count%maxTogether + 1
		if followed[c.before] != c.level+1 {
			o.Repeats = append(o.Repeats, Repeat{level + c.before, count, false})
		}
		followed[c.walker] = c.level + 1
		o.Repeats = append(o.Repeats, Repeat{level + c.walker, count, true})
	}
}

// meetAll does so for a long text, by looking at all walkers. What begins with an n-gram that
// occurs once occurs once.
func (w *Scratch) meetAll(o *Occurrences, s *Stretch) {
	left, top := w.left[:s.Walks], w.b[:s.Walks]
	for i := range left {
		left[i], top[i].at = uint32(i), root
	}
	for level := range s.Levels {
		n, below := 0, o.at(s, level)
		for _, i := range left {
			at := below[i].at
			if at == top[i].at || at == nowhere {
				continue
			}
			if count, again := w.visit(at); count != 1 {
				o.Repeats = append(o.Repeats, Repeat{uint32(level*s.Walks) + i, count, again})
				left[n] = i
				n++
			}
		}
		left, top = left[:n], below
	}
}

// visit returns how often a long text has what leads to a node, and whether the node was
// visited before.
func (w *Scratch) visit(node uint32) (times uint32, again bool) {
	const visited = 1 << 30 // beside the mark of weighCounts
	count := w.many[node]
	w.many[node] |= visited
	return count % visited, count/visited%2 == 1
}

// Meet completes what the last [WordTable.Add] has kept. All walks are in one stretch, with one
// level.
func (t *WordTable) Meet(w *Scratch) {
	o := w.kept
	w.kept = nil
	for i, word := range o.walkers {
		const visited = 1 << 31
		if count := w.seen[word.at]; count != 1 {
			o.Repeats = append(o.Repeats, Repeat{uint32(i), count % visited, count >= visited})
			w.seen[word.at] |= visited
		}
	}
	o.Stretches = append(o.Stretches, Stretch{Walks: len(o.walkers), Levels: 1, Repeats: len(o.Repeats)})
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
