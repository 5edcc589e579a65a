package prediction

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendNumber appends x as [jsontext.AppendFloat] does: with the fewest digits that are
// read as x again, and of several numbers with so few the nearest one. It takes a third of
// the time.
//
// That is so for numbers from 1e-6 to 2^52 that are no power of two, as most are. Such an x
// is c/2^s, where c has 53 bits, and what lies between (2c-1)/2^(s+1) and (2c+1)/2^(s+1) is
// read as x. Let 10^m be from 1 to 10 times 2^s. Then an integer n, for n/10^m, is between
// them, and at most one multiple of ten. Where there is one it has the fewest digits, and
// else the nearest n is the answer. All of it is exact, in 128 bits.
func AppendNumber(dst []byte, x float64) []byte {
	abs := math.Abs(x)
	mantissa, exponent := math.Float64bits(abs)&(1<<52-1), math.Float64bits(abs)>>52
	if !(abs >= 1e-6 && abs < 1<<52) || mantissa == 0 {
		return jsontext.AppendFloat(dst, x, 64)
	}
	c, s := 1<<52|mantissa, 1075-exponent
	m := uint64(decimals[s&127])
	// The unit is 2^-shift from here on, so that the halves are half away from x.
	half, shift := fives[m&31], (s+1-m)&63
	hi, lo := bits.Mul64(2*c, half)
	n, rest := hi<<(64-shift)|lo>>shift, lo&(1<<shift-1)
	add := (rest + 1<<(shift-1) - 1 + n&1) >> shift // to even, if two are as near
	digit := n % 10
	if (10-digit)<<shift-rest < half {
		add = 10 - digit
	}
	if digit<<shift+rest < half {
		add = -digit
	}
	return appendDecimal(dst, n+add, int(m), int(math.Float64bits(x)>>63))
}

// appendDecimal appends n/10^m, with so many minus signs.
func appendDecimal(dst []byte, n uint64, m int, signs int) []byte {
	const size = 32 // digits
	var text [1 + size]byte
	binary.LittleEndian.PutUint64(text[size-32:], zeros)
	first, high, low := n/1e16, eightDigits(n/1e8%1e8), eightDigits(n%1e8)
	binary.LittleEndian.PutUint64(text[size-24:], first<<56+zeros)
	binary.LittleEndian.PutUint64(text[size-16:], high+zeros)
	binary.LittleEndian.PutUint64(text[size-8:], low+zeros)

	point, end := size-m, size-bits.LeadingZeros64(low)/8
	if low == 0 {
		end -= bits.LeadingZeros64(high) / 8
	}
	if end <= point {
		end = point - 1
	}
	start := min(point-1, size-17)
	for start < point-1 && text[start] == '0' {
		start++
	}
	for i := start; i < point; i++ {
		text[i-1] = text[i]
	}
	text[point-1] = '.'
	text[start-2] = '-'
	return append(dst, text[start-1-signs:end]...)
}

const zeros = 0x3030303030303030 // in ASCII

// eightDigits returns the digits of n, each in a byte, the first one in the lowest.
func eightDigits(n uint64) uint64 {
	n = n/10_000 | n%10_000<<32
	hundreds := n * 10_486 >> 20 & 0x7f_0000_007f // n/100 of both
	n = hundreds | (n-hundreds*100)<<16
	tens := n * 103 >> 10 & 0x000f_000f_000f_000f // n/10 of all four
	return tens | (n-tens*10)<<8
}

// fives are the powers of five, and decimals has of each s the least m with 10^m >= 2^s.
var fives, decimals = func() (fives [32]uint64, decimals [128]uint8) {
	fives[0] = 1
	for m := 1; m <= 22; m++ {
		fives[m] = 5 * fives[m-1]
	}
	for s := 1; s <= 72; s++ {
		decimals[s] = uint8(math.Ceil(float64(s) * math.Log10(2)))
	}
	return fives, decimals
}()
