package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// A dtype is the type of an array's items.
type dtype struct {
	code byte // numpy's kind: f, i, u, b, c, U (text), S (bytes), O (objects), M and m (times)
	size int  // bytes of an item
	big  bool // big endian
}

func (d dtype) String() string {
	if d.code == 'U' {
		return fmt.Sprintf("U%d", d.size/4)
	}
	return fmt.Sprintf("%c%d", d.code, d.size)
}

func (d dtype) order() binary.ByteOrder {
	if d.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// parseDType reads a type as numpy pickles it: a letter and a number.
func parseDType(name []byte) (dtype, bool) {
	const longest = 8
	if len(name) < 2 || len(name) > longest {
		return dtype{}, false
	}
	n, err := strconv.ParseUint(string(name[1:]), 10, 24)
	if err != nil {
		return dtype{}, false
	}
	d := dtype{code: name[0], size: int(n)}
	switch d.code {
	case 'f', 'i', 'u', 'b', 'c', 'O', 'M', 'm':
		return d, 1 <= n && n <= 32
	case 'U':
		d.size *= 4 // bytes of a code point
		return d, true
	case 'S':
		return d, true
	}
	return dtype{}, false
}

// setOrder sets the byte order that numpy's letter stands for.
func (d *dtype) setOrder(letter string) error {
	switch letter {
	case ">":
		d.big = true
	case "<", "|", "=":
		d.big = false
	default:
		return fmt.Errorf("the byte order of a dtype is '%s', none of '<', '>', '|' and '='", excerpt([]byte(letter)))
	}
	return nil
}

// float returns the number that data is, and whether it is a floating-point number of
// 4 or 8 bytes.
func (d dtype) float(data []byte) (float64, bool) {
	switch {
	case d.code == 'f' && d.size == 8:
		return math.Float64frombits(d.order().Uint64(data)), true
	case d.code == 'f' && d.size == 4:
		return float64(math.Float32frombits(d.order().Uint32(data))), true
	}
	return 0, false
}

// integer returns the number that data is, and whether it is an integer that an
// int64 holds.
func (d dtype) integer(data []byte) (int64, bool) {
	if d.code != 'i' && d.code != 'u' {
		return 0, false
	}
	var bits uint64
	switch d.size {
	case 1:
		bits = uint64(data[0])
	case 2:
		bits = uint64(d.order().Uint16(data))
	case 4:
		bits = uint64(d.order().Uint32(data))
	case 8:
		bits = d.order().Uint64(data)
	default:
		return 0, false
	}
	if d.code == 'i' {
		return int64(signExtend(bits, d.size)), true
	}
	return int64(bits), bits <= math.MaxInt64
}

// appendText appends the UTF-8 of an item of text, of which the zeros at the end are
// no part.
func (d dtype) appendText(dst, data []byte) []byte {
	n := len(data) / 4
	for n > 0 && d.order().Uint32(data[4*(n-1):]) == 0 {
		n--
	}
	for i := range n {
		// A code point that is none becomes U+FFFD.
		dst = utf8.AppendRune(dst, rune(d.order().Uint32(data[4*i:])))
	}
	return dst
}
