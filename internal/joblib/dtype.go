package joblib

import (
	"encoding/binary"
	"errors"
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

// makeDType is numpy.dtype("f8", align, copy).
func makeDType(m *machine, args []value) (value, error) {
	if len(args) == 0 || args[0].kind != stringKind {
		return value{}, errors.New("its first argument is not a text")
	}
	d, ok := parseDType(m.raw(args[0]))
	if !ok {
		return value{}, fmt.Errorf("type %s is not supported", m.describe(args[0]))
	}
	return m.add(dtypeKind, object{data: &d})
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

// setDTypeState is BUILD of a dtype: (version, byte order, subarray, names, fields,
// size, alignment, flags).
func (m *machine) setDTypeState(d *dtype, state []value) error {
	if len(state) < 5 || state[1].kind != stringKind {
		return errors.New("the state of a dtype is not one")
	}
	for _, v := range state[2:5] {
		if v.kind != noneKind {
			return errors.New("a dtype has fields, which is not supported")
		}
	}
	switch string(m.raw(state[1])) {
	case ">":
		d.big = true
	case "<", "|", "=":
		d.big = false
	default:
		return fmt.Errorf("the byte order of a dtype is %s, none of '<', '>', '|' and '='", m.describe(state[1]))
	}
	return nil
}

// makeScalar is numpy.core.multiarray.scalar(dtype, data). Numbers become what
// Python's own would be; the vocabulary of older versions has many of them.
func makeScalar(m *machine, args []value) (value, error) {
	if len(args) != 2 || args[0].kind != dtypeKind || args[1].kind != bytesKind {
		return value{}, errors.New("its arguments are not a dtype and bytes")
	}
	d, data := *m.object(args[0]).data.(*dtype), m.raw(args[1])
	if len(data) != d.size {
		return value{}, fmt.Errorf("%d bytes of data for a type of %d", len(data), d.size)
	}
	switch {
	case d.code == 'U':
		if err := m.decode(len(data)); err != nil {
			return value{}, err
		}
		from := len(m.extra)
		m.extra = d.appendText(m.extra, data)
		return m.decoded(stringKind, from), nil
	case d.code == 'b' && d.size == 1:
		return value{kind: boolKind, num: int64(min(data[0], 1))}, nil
	}
	if f, ok := d.float(data); ok {
		return value{kind: floatKind, num: int64(math.Float64bits(f))}, nil
	}
	if i, ok := d.integer(data); ok {
		return value{kind: intKind, num: i}, nil
	}
	return m.add(objectKind, object{}) // of another kind: inert
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
