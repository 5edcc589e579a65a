package model

import (
	"math"
	"slices"

	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// An explainer is the scratch of explanations, in proportion to the text.
type explainer struct {
	blocks []met         // what of each block the text has
	a, b   tfidf.Aligned // on the way to a tape

	classes    []int
	terms      []vocabulary.Term
	weights    []float64 // of the n-grams of a stretch
	shares     []float64 // of each of its walks: what goes to a character
	onTape     []float64 // of the bytes of a tape: what they add to their characters
	characters []float64 // of a text: their weights
	largest    largest
	names      []byte
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
	ranks []int32   // of the bytes: how many characters are before theirs
	fresh []float64 // 1 for the first byte of a character, else 0
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
			b.reader.Align(&of.Aligned, &x.a, &x.b, text)
			of.rank(of.found.MostLevels())
		case b.follows:
			b.words.Meet(&s.blocks[i])
			of.tape = x.blocks[i-1].tape
		default:
			b.words.Meet(&s.blocks[i])
			b.reader.AlignWords(&of.Aligned, &x.a, &x.b, text)
			of.rank(0)
		}
	}
}

// rank sets the ranks. As walks that are over leave the tape, it goes on behind it for so many
// levels, with the last character.
func (of *tape) rank(levels int) {
	n := len(of.From)
	if n == 0 {
		of.ranks = of.ranks[:0]
		return
	}
	of.From = slices.Grow(of.From, levels)[:n+levels]
	for i := range levels {
		of.From[n+i] = of.From[n-1]
	}
	of.ranks = slices.Grow(of.ranks[:0], n+levels)[:n+levels]
	of.fresh = slices.Grow(of.fresh[:0], n+levels)[:n+levels]
	rank, before := int32(-1), int32(-1)
	for i, from := range of.From {
		fresh := int32(one(from != before))
		before = from
		rank += fresh
		of.ranks[i], of.fresh[i] = rank, float64(fresh)
	}
}

// weights returns the weights of the n-grams of a stretch; see [vocabulary.Trie.Weights].
func (b *block) weights(into []float64, o *vocabulary.Occurrences, s *vocabulary.Stretch, terms []vocabulary.Term, factor float64) []float64 {
	if b.words != nil {
		return b.words.Weights(into, o, s, terms, factor)
	}
	return b.trie.Weights(into, o, s, terms, factor)
}

// weigh shares the weights of the n-grams out to the characters of the text, and finds the
// largest.
func (x *explainer) weigh(m *Model, top int) {
	clear(x.characters)
	x.largest.reset(top)
	for i := range x.blocks {
		of, repeats := &x.blocks[i], 0
		x.onTape = slices.Grow(x.onTape[:0], len(of.ranks))[:len(of.ranks)]
		clear(x.onTape)
		for j := range of.found.Stretches {
			s := &of.found.Stretches[j]
			x.weights = m.blocks[i].weights(x.weights, &of.found, s, x.terms, of.factor)
			x.weighStretch(&m.blocks[i].reader, int32(i), s, of.found.Repeats[repeats:s.Repeats])
			repeats = s.Repeats
		}
		for j, weight := range x.onTape {
			x.characters[of.From[j]] += weight
		}
	}
}

// weighStretch does so for a stretch of a block, with the n-grams there that occur several
// times.
func (x *explainer) weighStretch(r *tfidf.Reader, block int32, s *vocabulary.Stretch, repeats []vocabulary.Repeat) {
	of, n := &x.blocks[block], s.Walks
	starts, ends := of.found.Starts[s.First:][:n], of.found.Ends[s.First:][:n]
	at := func(again *vocabulary.Repeat) *float64 { return &x.weights[int(again.Level)*n+int(again.Walk)] }
	if r.TF(2) != 2 {
		for i := range repeats {
			again := &repeats[i]
			*at(again) *= r.TF(again.Count) / float64(again.Count)
		}
	}
	x.share(of, s)
	for i := range repeats {
		again := &repeats[i]
		weight := at(again)
		if !again.Again {
			x.largest.add(candidate{*weight * float64(again.Count), block, starts[again.Walk], ends[again.Walk] + again.Level, again.Count})
		}
		*weight = 0
	}
	for level := range s.Levels {
		x.largest.addAll(x.weights[level*n:][:n], block, starts, ends, uint32(level))
	}
}

// share shares the weights of the n-grams of a stretch out to the bytes on the tape, the first
// ones of characters. A character has its share of all n-grams of a walk that end there or
// behind. It counts the magnitudes of the weights, too.
func (x *explainer) share(of *met, s *vocabulary.Stretch) {
	n := s.Walks
	starts, ends := of.found.Starts[s.First:][:n], of.found.Ends[s.First:][:n]
	x.shares = slices.Grow(x.shares[:0], n)[:n]
	clear(x.shares)
	shares, onTape, ranks, fresh := x.shares, x.onTape, of.ranks, of.fresh
	for level := s.Levels - 1; level >= 0; level-- {
		weights := x.weights[level*n:][:n]
		if s.Adjacent && n > 0 && int(ends[0])+level > int(starts[0])+1 {
			last := int(ends[0]) + level - 1
			x.largest.magnitude += shareAdjacent(shares, weights, ranks[starts[0]:], ranks[last:], fresh[last:], onTape[last:])
			continue
		}
		for i, weight := range weights {
			x.largest.magnitude += math.Abs(weight)
			start, last := starts[i], ends[i]+uint32(level)-1
			shares[i] += weight / float64(ranks[last]-ranks[start]+1)
			if last > start {
				onTape[last] += shares[i] * fresh[last]
			}
		}
	}
	for i, share := range shares {
		start := starts[i]
		onTape[start] += share
		for last := start + 1; last+1 < ends[i]; last++ {
			onTape[last] += share * fresh[last]
		}
	}
}

// shareAdjacent shares the weights of a level of walks that start at one byte after the other,
// and returns the sum of their magnitudes. All that it needs lies side by side, which takes
// half of the time: 5 % off an explanation.
func shareAdjacent(shares, weights []float64, starts, lasts []int32, fresh, onTape []float64) (magnitude float64) {
	weights = weights[:len(shares)]
	starts, lasts = starts[:len(shares)], lasts[:len(shares)]
	fresh, onTape = fresh[:len(shares)], onTape[:len(shares)]
	for i, share := range shares {
		magnitude += math.Abs(weights[i])
		share += weights[i] / float64(lasts[i]-starts[i]+1)
		shares[i] = share
		onTape[i] += share * fresh[i]
	}
	return magnitude
}

// appendLargest appends the n-grams of the largest weights. Their names are pieces of one
// string.
func (x *explainer) appendLargest(ngrams []NGramWeight, candidates []candidate) []NGramWeight {
	x.names = x.names[:0]
	for i := range candidates {
		c := &candidates[i]
		x.names = append(x.names, x.blocks[c.block].Text[c.start:c.end]...)
	}
	names := string(x.names)
	ngrams = slices.Grow(ngrams, len(candidates))
	for i := range candidates {
		c := &candidates[i]
		size := c.end - c.start
		ngrams = append(ngrams, NGramWeight{names[:size], c.weight, int(c.count)})
		names = names[size:]
	}
	return ngrams
}
