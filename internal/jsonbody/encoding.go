package jsonbody

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeText returns a JSON document as UTF-8. It tells the Unicode encodings apart as
// Python's json module does: by a byte order mark, or by where the zeros are in the first
// four bytes. Half of a surrogate pair becomes three bytes, as it may be in a part of the
// document that does not matter.
func decodeText(body []byte) (string, error) {
	switch encoding, mark := detectEncoding(body); encoding {
	case utf8Encoding:
		// The body is in the caches of the processor, and memory for a copy is not.
		if text := body[mark:]; validText(text) {
			return string(text), nil
		}
		return "", fmt.Errorf("%w: not UTF-8", ErrUnreadable)
	default:
		return encoding.decode(body[mark:])
	}
}

// A textEncoding is a Unicode encoding in units of one, two or four bytes.
type textEncoding struct {
	unit  int // bytes
	order binary.ByteOrder
}

var (
	utf8Encoding = textEncoding{unit: 1}
	utf16BE      = textEncoding{2, binary.BigEndian}
	utf16LE      = textEncoding{2, binary.LittleEndian}
	utf32BE      = textEncoding{4, binary.BigEndian}
	utf32LE      = textEncoding{4, binary.LittleEndian}
)

// detectEncoding returns the encoding of a document and the length of its byte
// order mark.
func detectEncoding(b []byte) (textEncoding, int) {
	if len(b) > 1 && b[0]-1 < utf8.RuneSelf-1 && b[1] != 0 { // two characters of ASCII, as nearly all begin
		return utf8Encoding, 0
	}
	marks := []struct {
		bytes    string
		encoding textEncoding
	}{
		{"\x00\x00\xfe\xff", utf32BE},
		{"\xff\xfe\x00\x00", utf32LE}, // before the one that it begins with
		{"\xfe\xff", utf16BE},
		{"\xff\xfe", utf16LE},
		{"\xef\xbb\xbf", utf8Encoding},
	}
	for _, mark := range marks {
		if strings.HasPrefix(string(b[:min(len(b), 4)]), mark.bytes) {
			return mark.encoding, len(mark.bytes)
		}
	}
	switch zero := func(i int) bool { return b[i] == 0 }; {
	case len(b) == 2 && zero(0), len(b) >= 4 && zero(0) && !zero(1):
		return utf16BE, 0
	case len(b) >= 4 && zero(0):
		return utf32BE, 0
	case len(b) == 2 && zero(1), len(b) >= 4 && zero(1) && !(zero(2) && zero(3)):
		return utf16LE, 0
	case len(b) >= 4 && zero(1):
		return utf32LE, 0
	}
	return utf8Encoding, 0
}

// decode turns whole units into UTF-8.
func (e textEncoding) decode(b []byte) (string, error) {
	if len(b)%e.unit != 0 {
		return "", fmt.Errorf("%w: half a character at its end", ErrUnreadable)
	}
	length := 0
	for rest := b; len(rest) > 0; {
		r, n := e.next(rest)
		switch {
		case utf16.IsSurrogate(r):
			length += 3
		case utf8.ValidRune(r):
			length += utf8.RuneLen(r)
		default:
			return "", fmt.Errorf("%w: no Unicode character", ErrUnreadable)
		}
		rest = rest[n:]
	}
	var text strings.Builder
	text.Grow(length)
	for len(b) > 0 {
		r, n := e.next(b)
		if utf16.IsSurrogate(r) {
			text.Write([]byte{0xed, byte(0x80 | r>>6&0x3f), byte(0x80 | r&0x3f)})
		} else {
			text.WriteRune(r)
		}
		b = b[n:]
	}
	return text.String(), nil
}

// next returns the character that b starts with and its length in bytes. Half of a
// surrogate pair counts as a character.
func (e textEncoding) next(b []byte) (rune, int) {
	if e.unit == 4 {
		return rune(e.order.Uint32(b)), 4
	}
	r := rune(e.order.Uint16(b))
	if len(b) >= 4 {
		if pair := utf16.DecodeRune(r, rune(e.order.Uint16(b[2:]))); pair != utf8.RuneError {
			return pair, 4
		}
	}
	return r, 2
}

// validText reports whether s is UTF-8, apart from halves of surrogate pairs.
func validText(s []byte) bool {
	if utf8.Valid(s) { // the fast way for nearly all
		return true
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		if r == utf8.RuneError && n == 1 {
			if n = 3; !startsWithSurrogate(s) {
				return false
			}
		}
		s = s[n:]
	}
	return true
}

func startsWithSurrogate[T string | []byte](s T) bool {
	return len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 && s[2]&0xc0 == 0x80
}

// position returns the position of a byte of a document: the number of characters before
// it, and its line and column in characters, both from 1.
func position(doc string, offset int) (pos, line, column int) {
	before := doc[:offset]
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return characters(before), strings.Count(before, "\n") + 1, characters(before[lineStart:]) + 1
}

// characters returns the number of characters in s, halves of surrogate pairs included.
func characters(s string) int {
	n := 0
	for i := range len(s) {
		if s[i]&0xc0 != 0x80 { // no continuation byte
			n++
		}
	}
	return n
}
