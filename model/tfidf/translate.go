package tfidf

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// This file rewrites a regular expression of Python as one that package regexp/syntax reads.

// Classes of Python's regular expressions, as the inside of a class of Go's.
const (
	wordClass  = `\p{L}\p{N}_`
	spaceClass = `\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	digitClass = `\p{Nd}`
)

// complement returns the inside of a class that has the runes that class has not.
var complement = sync.OnceValue(func() map[string]string {
	complements := make(map[string]string)
	for _, class := range []string{wordClass, spaceClass, digitClass} {
		re, err := syntax.Parse("[^"+class+"]", syntax.Perl)
		if err != nil {
			panic(err) // the classes are constants
		}
		var b strings.Builder
		for pair := range slices.Chunk(re.Rune, 2) {
			fmt.Fprintf(&b, `\x{%x}-\x{%x}`, pair[0], pair[1])
		}
		complements[class] = b.String()
	}
	return complements
})

var classes = map[byte]string{'w': wordClass, 's': spaceClass, 'd': digitClass}

// translate rewrites a pattern of Python's as one of Go's that matches the same. It
// refuses what has no such twin, and leaves to the parser what that refuses.
func translate(pattern string) (string, error) {
	var b strings.Builder
	rest := strings.TrimPrefix(pattern, "(?u)")
	class, first := false, false // inside of [], at its first character
	for rest != "" {
		at := rest
		c := rest[0]
		rest = rest[1:]
		begins := class && first
		first = false
		switch {
		case c == '\\':
			var err error
			if rest, err = translateEscape(&b, rest, class); err != nil {
				return "", err
			}
		case class && begins && c == '^':
			b.WriteByte(c)
			first = true
		case class && c == ']' && !begins:
			class = false
			b.WriteByte(c)
		case class && c == '[':
			if strings.HasPrefix(rest, ":") {
				return "", errors.New("[: in a class is not supported")
			}
			b.WriteString(`\[`)
		case class && (c == '&' || c == '|' || c == '~' || c == '-') && strings.HasPrefix(rest, string(c)):
			return "", fmt.Errorf("%c%c in a class is not supported", c, c)
		case class && c == ']':
			b.WriteString(`\]`)
		case class:
			b.WriteByte(c)
		case c == '[':
			class, first = true, true
			b.WriteByte(c)
		case c == '$':
			return "", errors.New("$ is not supported, only \\b")
		case c == '(' && strings.HasPrefix(rest, "?") && !strings.HasPrefix(rest, "?:") && !strings.HasPrefix(rest, "?P<"):
			end := min(len(at), 3)
			if strings.HasPrefix(at, "(?<") {
				end = min(len(at), 4)
			}
			return "", fmt.Errorf("%s is not supported", at[:end])
		case c == '{' && strings.HasPrefix(rest, ","):
			if end := strings.TrimLeft(rest[1:], "0123456789"); !strings.HasPrefix(end, "}") {
				return "", errors.New("{, is not supported")
			}
			b.WriteString("{0")
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// translateEscape writes what follows a backslash, and returns the rest.
func translateEscape(b *strings.Builder, rest string, class bool) (string, error) {
	if rest == "" {
		return "", errors.New("a backslash ends it")
	}
	c := rest[0]
	rest = rest[1:]
	switch {
	case c == 'w' || c == 's' || c == 'd':
		if class {
			b.WriteString(classes[c])
		} else {
			b.WriteString("[" + classes[c] + "]")
		}
	case c == 'W' || c == 'S' || c == 'D':
		if of := classes[c|0x20]; class {
			b.WriteString(complement()[of])
		} else {
			b.WriteString("[^" + of + "]")
		}
	case c == 'b' && class:
		b.WriteString(`\x08`)
	case !class && (c == 'b' || c == 'B' || c == 'A'):
		b.WriteString(`\` + string(c))
	case strings.IndexByte("afnrtv", c) >= 0:
		b.WriteString(`\` + string(c))
	case c == 'x' || c == 'u' || c == 'U':
		n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		if len(rest) < n {
			return "", fmt.Errorf(`\%c%s is not supported`, c, rest)
		}
		r, err := strconv.ParseUint(rest[:n], 16, 32)
		if err != nil || r > unicode.MaxRune {
			return "", fmt.Errorf(`\%c%s is not supported`, c, rest[:n])
		}
		fmt.Fprintf(b, `\x{%x}`, r)
		rest = rest[n:]
	case c < utf8.RuneSelf && !isWord(rune(c)):
		b.WriteString(`\` + string(c))
	default:
		return "", fmt.Errorf(`\%c is not supported`, c)
	}
	return rest, nil
}
