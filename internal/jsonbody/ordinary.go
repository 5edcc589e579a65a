package jsonbody

import "math/bits"

// ordinary returns how many bytes s begins with that end no string of JSON and begin no
// escape: all but the quote, the backslash and control characters. It reports whether they
// are ASCII. It looks at eight bytes at a time and leaves up to seven at the end of s to the
// caller. A document of 100 texts is parsed in two thirds of the time.
func ordinary(s string) (n int, ascii bool) {
	const (
		each     = 0x0101010101010101
		quotes   = '"' * each
		slashes  = '\\' * each
		controls = ' ' * each // are below these
		highest  = 0x80 * each
	)
	high := uint64(0) // the highest bits of all bytes
	for ; len(s) >= n+8; n += 8 {
		x := eight(s[n:])
		quote, slash := x^quotes, x^slashes // zero where one is
		// The highest bit is set of the first byte that is looked for. Only bytes behind it
		// may have it set wrongly.
		found := ((x-controls)&^x | (quote-each)&^quote | (slash-each)&^slash) & highest
		if found != 0 {
			before := found&-found - 1
			return n + bits.TrailingZeros64(found)/8, (high|x&before)&highest == 0
		}
		high |= x
	}
	return n, high&highest == 0
}

// eight is the first eight bytes of s, which the compiler loads at once.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
