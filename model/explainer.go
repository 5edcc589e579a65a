package model

import (
	"math"
	"slices"
	"sort"

	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// An explainer is the scratch of explanations, in proportion to the text.
type explainer struct {
	blocks []met         // what of each block the text has
	a, b   tfidf.Aligned // on the way to a tape

	classes    []int
	terms      []vocabulary.Term
	parts      []part
	weights    []float64 // of the n-grams of one part behind those of the other
	magnitude  float64   // of all weights
	shares     []float64 // of each walk of a stretch: what goes to a character
	onTape     []float64 // of the bytes of a tape: what they add to their characters
	characters []float64 // of a text: their weights
	largest    largest
	names      []byte // of the n-grams that are named
	ends       []int  // of each of them
}

// A met is what of a block a text has.
type met struct {
	found  vocabulary.Occurrences
	factor float64 // what the elements of the block's vector are multiplied by
	*tape          // its own, or that of the block before, which it follows
	own    tape
}

// A tape is that of a text, and what says of how many characters an n-gram on it is made, and of
// which.
type tape struct {
	tfidf.Aligned
	ranks   []int32 // of the bytes: how many characters are before theirs
	counted []int32 // the memory of ranks that are not From
}

// maxExplained is the size of a text above which the scratch of its explanation is not kept.
const maxExplained = 64 << 10

func (x *explainer) putBack() {
	if cap(x.characters) > maxExplained {
		*x = explainer{}
	}
}

// score is [Model.score] of m for a text that meet is called with then.
func (x *explainer) score(m *Model, s *scratch, text string) []float64 {
	if x.blocks == nil {
		x.blocks = make([]met, len(m.blocks))
	}
	for i := range m.blocks {
		s.blocks[i].Keep(&x.blocks[i].found)
	}
	return m.score(s, text)
}

// meet finds the n-grams of text, the scores of which s has been left with by score.
func (x *explainer) meet(m *Model, s *scratch, text string) {
	for i := range m.blocks {
		b, of := &m.blocks[i], &x.blocks[i]
		of.factor = m.factor(s, i)
		of.tape = &of.own
		switch {
		case b.words == nil:
			b.trie.Meet(&s.blocks[i])
			plain := b.reader.Align(&of.Aligned, &x.a, &x.b, text)
			of.rank(of.found.MostLevels(), plain && b.reader.Analyzer != tfidf.Word)
		case b.follows:
			b.words.Meet(&s.blocks[i])
			of.tape = x.blocks[i-1].tape
		default:
			b.words.Meet(&s.blocks[i])
			plain := b.reader.AlignWords(&of.Aligned, &x.a, &x.b, text)
			of.rank(0, plain)
		}
	}
}

// rank sets the ranks. As walks that are over leave the tape, it goes on behind it for so many
// levels, with the last character. If no n-gram leaves out characters of the text, their numbers
// do as ranks: 2 % off an explanation.
func (of *tape) rank(levels int, whole bool) {
	n := len(of.From)
	if n == 0 {
		of.ranks = of.From
		return
	}
	of.From = slices.Grow(of.From, levels)[:n+levels]
	for i := range levels {
		of.From[n+i] = of.From[n-1]
	}
	if whole {
		of.ranks = of.From
		return
	}
	of.counted = slices.Grow(of.counted[:0], n+levels)[:n+levels]
	of.ranks = of.counted
	rank, before := int32(-1), int32(-1)
	for i, from := range of.From {
		rank += int32(one(from != before))
		before = from
		of.ranks[i] = rank
	}
}

// appendWeights appends the weights of the n-grams of a stretch; see
// [vocabulary.Trie.AppendWeights].
func (b *block) appendWeights(weights []float64, o *vocabulary.Occurrences, s *vocabulary.Stretch, terms []vocabulary.Term, factor float64) []float64 {
	if b.words != nil {
		return b.words.AppendWeights(weights, o, s, terms, factor)
	}
	return b.trie.AppendWeights(weights, o, s, terms, factor)
}

// weigh weighs the n-grams, and shares their weights out to the characters of the text.
func (x *explainer) weigh(m *Model) {
	clear(x.characters)
	x.weights, x.parts, x.magnitude = x.weights[:0], x.parts[:0], 0
	for i := range x.blocks {
		of, repeats := &x.blocks[i], 0
		x.onTape = slices.Grow(x.onTape[:0], len(of.ranks))[:len(of.ranks)]
		clear(x.onTape)
		for j := range of.found.Stretches {
			s := &of.found.Stretches[j]
			p := part{of, s, of.found.Repeats[repeats:s.Repeats], len(x.weights)}
			x.weights = append(x.weights, make([]float64, len(p.repeats))...)
			x.weights = m.blocks[i].appendWeights(x.weights, &of.found, s, x.terms, of.factor)
			x.weighPart(&m.blocks[i].reader, &p)
			x.parts = append(x.parts, p)
			repeats = s.Repeats
		}
		before := int32(-1)
		for j, from := range of.From[:len(x.onTape)] {
			if from != before {
				x.characters[from] += x.onTape[j]
			}
			before = from
		}
	}
}

// A part is a stretch of a block. Its weights are first those of its repeats: where an n-gram is
// met first, what it adds at all of its places. Then come those of its levels, with zeros in the
// places of the repeats. So each n-gram has one weight that is not zero.
type part struct {
	*met
	*vocabulary.Stretch
	repeats []vocabulary.Repeat
	weights int // the index of its first weight
}

// weighPart shares out the weights of a part, which are all those of its levels so far, and then
// adds up those of its repeats.
func (x *explainer) weighPart(r *tfidf.Reader, p *part) {
	repeated := x.weights[p.weights:][:len(p.repeats)]
	weights := x.weights[p.weights+len(p.repeats):]
	if r.TF(2) != 2 {
		count, factor := uint32(1), 1.0
		for i := range p.repeats {
			again := &p.repeats[i]
			if again.Count != count { // most have that of the one before
				count = again.Count
				factor = r.TF(count) / float64(count)
			}
			weights[again.At] *= factor
		}
	}
	x.share(p, weights)
	for i := range p.repeats {
		again := &p.repeats[i]
		if !again.Again {
			repeated[i] = weights[again.At] * float64(again.Count)
		}
		weights[again.At] = 0
	}
}

// where returns on which tape the n-gram of a weight is, given by its index, where, and how often
// the text has it.
func (x *explainer) where(at int) (on *tape, start, end, count uint32) {
	behind := sort.Search(len(x.parts), func(i int) bool { return x.parts[i].weights > at })
	p := &x.parts[behind-1]
	at -= p.weights
	count = 1
	if at < len(p.repeats) {
		again := &p.repeats[at]
		at, count = int(again.At), again.Count
	} else {
		at -= len(p.repeats)
	}
	level, walk := at/p.Walks, p.First+at%p.Walks
	return p.tape, p.found.Starts[walk], p.found.Ends[walk] + uint32(level), count
}

// share shares the weights of the n-grams of a part out to the bytes on the tape. A byte has
// its share of all n-grams of a walk that end there or behind, so the longest come first; of
// those of a character, the first has the share. The magnitudes of the weights are added up,
// too.
func (x *explainer) share(p *part, all []float64) {
	n := p.Walks
	starts, ends := p.found.Starts[p.First:][:n], p.found.Ends[p.First:][:n]
	x.shares = slices.Grow(x.shares[:0], n)[:n]
	clear(x.shares)
	shares, onTape, ranks := x.shares, x.onTape, p.ranks
	magnitude := x.magnitude
	for level := p.Levels - 1; level >= 0; level-- {
		weights := all[level*n:][:n]
		if p.Adjacent && n > 0 && int(ends[0])+level > int(starts[0])+1 {
			last := int(ends[0]) + level - 1
			magnitude += shareAdjacent(shares, weights, ranks[starts[0]:], ranks[last:], onTape[last:])
			continue
		}
		for i, weight := range weights {
			magnitude += math.Abs(weight)
			start, last := starts[i], ends[i]+uint32(level)-1
			shares[i] += weight / float64(ranks[last]-ranks[start]+1)
			if last > start {
				onTape[last] += shares[i]
			}
		}
	}
	x.magnitude = magnitude
	for i, share := range shares {
		start := starts[i]
		x.characters[p.From[start]] += share
		for last := start + 1; last+1 < ends[i]; last++ {
			onTape[last] += share
		}
	}
}

// shareAdjacent shares the weights of a level of walks that start at one byte after the other,
// and returns the sum of their magnitudes. All that it needs lies side by side, which takes
// half of the time: 5 % off an explanation.
func shareAdjacent(shares, weights []float64, starts, lasts []int32, onTape []float64) (magnitude float64) {
	weights = weights[:len(shares)]
	starts, lasts = starts[:len(shares)], lasts[:len(shares)]
	onTape = onTape[:len(shares)]
	for i, share := range shares {
		magnitude += math.Abs(weights[i])
		share += weights[i] / float64(lasts[i]-starts[i]+1)
		shares[i] = share
		onTape[i] += share
	}
	return magnitude
}

// appendLargest appends the top n-grams of the largest weights, in that order, and returns the
// sums of the others, too. Their names are pieces of one string.
func (x *explainer) appendLargest(ngrams []NGramWeight, total float64, top int) ([]NGramWeight, Remaining) {
	largest := x.largest.find(x.weights, x.magnitude, top)
	ngrams = slices.Grow(ngrams, len(largest))
	magnitude := x.magnitude
	x.names, x.ends = x.names[:0], x.ends[:0]
	for _, c := range largest {
		on, start, end, count := x.where(c.at)
		x.names = append(x.names, on.Text[start:end]...)
		x.ends = append(x.ends, len(x.names))
		weight := x.weights[c.at]
		ngrams = append(ngrams, NGramWeight{Weight: weight, Count: int(count)})
		total -= weight
		magnitude -= math.Abs(weight)
	}
	names, start := string(x.names), 0
	for i, end := range x.ends {
		ngrams[i].NGram = names[start:end]
		start = end
	}
	if len(largest) < top { // there are no others
		return ngrams, Remaining{}
	}
	return ngrams, Remaining{max(0, (magnitude+total)/2), min(0, (total-magnitude)/2)}
}
