package vocabulary

import "slices"

// This file places what is frequent in texts before what is rare, among the nodes of one
// depth. Walks then share cache lines and pages of memory. That takes 5 % off a text of 140
// characters with a million n-grams whose idf is that of their frequency.

const (
	ordered  = 1 << 16 // nodes, from which on a trie is ordered: fewer are in the caches anyway
	rarities = 16
)

// rarity is the idf of a key in whole numbers: with each, an n-gram is in e times fewer texts.
func (b *builder) rarity(key uint32) uint32 {
	if b.idf == nil {
		return 0
	}
	idf := b.idf[b.keys.column(int(key))]
	if !(idf > 0) {
		return 0
	}
	return uint32(min(idf, rarities-1))
}

// frequentFirst returns the branches by their rarity, in the memory of dst if that suffices.
// Those of one rarity keep their order.
func frequentFirst(dst, branches []branch) []branch {
	var next [rarities + 1]int // where the next of each goes; before the sum, how many there are
	for _, at := range branches {
		next[at.rarity+1]++
	}
	for i := range rarities {
		next[i+1] += next[i]
	}
	dst = slices.Grow(dst[:0], len(branches))[:len(branches)]
	for _, at := range branches {
		dst[next[at.rarity]] = at
		next[at.rarity]++
	}
	return dst
}
