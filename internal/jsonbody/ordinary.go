package jsonbody

import (
	"math/bits"

	"tagifai/internal/octets"
)

// ordinary returns how many bytes s begins with that end no string of JSON and begin no
// escape: all but the quote, the backslash and control characters. It reports whether they
// are ASCII. It looks at eight bytes at a time and leaves up to seven at the end of s to the
// caller. A document of 100 texts is parsed in two thirds of the time.
func ordinary(s string) (n int, ascii bool) {
	high := uint64(0) // the highest bits of all bytes
	for ; len(s) >= n+8; n += 8 {
		x := octets.Load(s[n:])
		quote, slash := x^octets.Quotes, x^octets.Slashes // zero where one is
		// The highest bit is set of the first byte that is looked for. Only bytes behind it
		// may have it set wrongly.
		found := ((x-octets.Controls)&^x | (quote-octets.Each)&^quote | (slash-octets.Each)&^slash) & octets.Highest
		if found != 0 {
			before := found&-found - 1
			return n + bits.TrailingZeros64(found)/8, (high|x&before)&octets.Highest == 0
		}
		high |= x
	}
	return n, high&octets.Highest == 0
}
