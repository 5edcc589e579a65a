package jsonbody

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// str passes over a string and returns it with its quotes. It is plain if it is ASCII
// without escapes.
func (d *decoder) str() (raw string, plain bool, err error) {
	start := d.pos
	plain = true
	for i := start + 1; i < len(d.doc); {
		switch c := d.doc[i]; {
		case c == '"':
			d.pos = i + 1
			return d.doc[start:d.pos], plain, nil
		case c == '\\':
			n, err := d.escape(i, start)
			if err != nil {
				return "", false, err
			}
			plain = false
			i += n
		case c < ' ':
			return "", false, d.syntax("a control character in a string needs an escape", i)
		default:
			n, ascii := ordinary(d.doc[i:])
			if n == 0 { // near the end of the document
				n, ascii = 1, c < utf8.RuneSelf
			}
			plain = plain && ascii
			i += n
		}
	}
	return "", false, d.syntax("the string that starts here has no end", start)
}

// escape returns the length of the escape at i in the string that begins at start.
func (d *decoder) escape(i, start int) (int, error) {
	const length = len(`\u0000`)
	switch {
	case i+1 == len(d.doc):
		return 0, d.syntax("the string that starts here has no end", start)
	case strings.IndexByte(`"\/bfnrt`, d.doc[i+1]) >= 0:
		return 2, nil
	case d.doc[i+1] != 'u':
		return 0, d.syntax("there is no such escape", i)
	case i+length >= len(d.doc) || strings.Trim(d.doc[i+2:i+length], "0123456789abcdefABCDEF") != "":
		return 0, d.syntax(`a \u needs four hexadecimal digits`, i+1)
	}
	return length, nil
}

// unquote returns what the string raw means, which starts at start.
func (d *decoder) unquote(raw string, start int) string {
	if n, found := unpaired(raw[1 : len(raw)-1]); found {
		if d.unpaired == 0 || start < d.unpaired {
			d.unpaired = start
		}
		return strings.Repeat("?", n) // never used, but rules may still look at its length
	}
	d.unquoted, _ = jsontext.AppendUnquote(d.unquoted[:0], raw)
	return string(d.unquoted)
}

// unpaired reports whether half of a surrogate pair is in s, which may have escapes, and if
// so, how many characters s has. Only two escapes make a pair, as in Python.
func unpaired(s string) (length int, found bool) {
	if utf8.ValidString(s) && !strings.Contains(s, `\ud`) && !strings.Contains(s, `\uD`) {
		return 0, false
	}
	for ; s != ""; length++ {
		n := 1
		switch {
		case s[0] == '\\' && s[1] == 'u':
			n = len(`\u0000`)
			if r := escaped(s); utf16.IsSurrogate(r) {
				if utf16.DecodeRune(r, escaped(s[n:])) == utf8.RuneError {
					found = true
				} else {
					n *= 2
				}
			}
		case s[0] == '\\':
			n = 2
		case startsWithSurrogate(s):
			n, found = 3, true
		case s[0] >= utf8.RuneSelf:
			_, n = utf8.DecodeRuneInString(s)
		}
		s = s[n:]
	}
	return length, found
}

// escaped returns the character of the \u escape that s starts with, or 0.
func escaped(s string) rune {
	if !strings.HasPrefix(s, `\u`) {
		return 0
	}
	n, _ := strconv.ParseUint(s[2:len(`\u0000`)], 16, 16) // checked by escape
	return rune(n)
}

// number passes over a number and returns it.
func (d *decoder) number() (string, error) {
	rest := d.doc[d.pos:]
	n := 0
	if rest[0] == '-' {
		n++
	}
	switch {
	case rest[n] == 'N':
		n += len("NaN")
	case rest[n] == 'I':
		n += len("Infinity")
	default:
		integer := digits(rest[n:])
		if rest[n] == '0' {
			integer = 1 // what follows is not of this number
		}
		n += integer
		fraction := fractionLen(rest[n:])
		n += fraction
		exponent := exponentLen(rest[n:])
		n += exponent
		if fraction+exponent == 0 && integer > maxDigits {
			return "", fmt.Errorf("%w: an integer of more than %d digits", ErrUnreadable, maxDigits)
		}
	}
	d.pos += n
	return rest[:n], nil
}

// digits returns the number of digits that s starts with.
func digits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }

// fractionLen returns the length of the fraction that s starts with.
func fractionLen(s string) int {
	if s == "" || s[0] != '.' || digits(s[1:]) == 0 {
		return 0
	}
	return 1 + digits(s[1:])
}

// exponentLen returns the length of the exponent that s starts with.
func exponentLen(s string) int {
	if s == "" || s[0] != 'e' && s[0] != 'E' {
		return 0
	}
	n := 1
	if len(s) > 1 && (s[1] == '+' || s[1] == '-') {
		n++
	}
	if digits(s[n:]) == 0 {
		return 0
	}
	return n + digits(s[n:])
}

// word passes over true, false or null and returns it.
func (d *decoder) word() string {
	n := len("null")
	if d.doc[d.pos] == 'f' {
		n = len("false")
	}
	d.pos += n
	return d.doc[d.pos-n : d.pos]
}

func (d *decoder) space() {
	for d.pos < len(d.doc) {
		switch d.doc[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) at(c byte) bool { return d.pos < len(d.doc) && d.doc[d.pos] == c }
