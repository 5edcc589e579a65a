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

// This file reads a token_pattern, a regular expression of Python. Most patterns are one
// class of characters, repeated. The others are compiled by package regexp/syntax.

// DefaultTokenPattern is the token_pattern that scikit-learn has by default: words of
// two or more letters, numbers and underscores.
const DefaultTokenPattern = `(?u)\b\w\w+\b`

// tokens finds words. A nil *tokens stands for the default pattern.
type tokens struct {
	// Words that are runs of characters of one class, if in is not nil.
	in  func(rune) bool
	min int // characters of a run

	prog  *syntax.Prog // all others
	group int          // the group that is the word, 0 for the whole match
}

const maxPattern = 1000 // bytes

// parseTokens returns an error that says what of the pattern is not supported.
func parseTokens(pattern string) (*tokens, error) {
	if pattern == "" || pattern == DefaultTokenPattern {
		return nil, nil
	}
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("%d bytes, at most %d are supported", len(pattern), maxPattern)
	}
	translated, err := translate(pattern)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", pattern, err)
	}
	re, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		var e *syntax.Error
		if errors.As(err, &e) {
			return nil, fmt.Errorf("%q: %s in it is not supported", pattern, e.Code)
		}
		return nil, err
	}
	if re.MaxCap() > 1 {
		return nil, fmt.Errorf("%q: more than one group is not supported, and scikit-learn refuses it too", pattern)
	}
	if t := runsOf(re); t != nil {
		return t, nil
	}
	t := &tokens{group: re.MaxCap()}
	if t.prog, err = syntax.Compile(re.Simplify()); err != nil {
		return nil, err
	}
	switch {
	case t.matchesEmpty():
		return nil, fmt.Errorf("%q: it matches where there is no word, which is not supported", pattern)
	case t.matchesSpace():
		return nil, fmt.Errorf("%q: it matches words with a space in them, which is not supported", pattern)
	}
	return t, nil
}

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

// runsOf returns the tokens of a pattern such as \w{3,} or [a-z]+ or \b\w\w+\b: runs of
// the characters of a class. It returns nil for any other.
func runsOf(re *syntax.Regexp) *tokens {
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	bounded := len(parts) > 0 && parts[0].Op == syntax.OpWordBoundary
	if bounded {
		parts = parts[1:]
	}
	if n := len(parts); n > 0 && parts[n-1].Op == syntax.OpWordBoundary {
		parts, bounded = parts[:n-1], true
	}
	var class *syntax.Regexp
	least, endless := 0, false
	for _, part := range parts {
		switch {
		case endless || part.Flags&syntax.NonGreedy != 0:
			return nil
		case part.Op == syntax.OpPlus:
			least, endless, part = least+1, true, part.Sub[0]
		case part.Op == syntax.OpStar:
			endless, part = true, part.Sub[0]
		case part.Op == syntax.OpRepeat && part.Max < 0:
			least, endless, part = least+part.Min, true, part.Sub[0]
		default:
			least++
		}
		if part.Op != syntax.OpCharClass || class != nil && !part.Equal(class) {
			return nil
		}
		class = part
	}
	if class == nil || !endless || least == 0 {
		return nil
	}
	t := &tokens{min: least}
	switch {
	case same(class, wordClass):
		t.in = isWord // whose runs begin and end at boundaries
	case bounded:
		return nil
	case same(class, "^"+spaceClass):
		t.in = func(r rune) bool { return !isSpace(r) }
	case contains(class, ' '):
		return nil
	default:
		t.in = func(r rune) bool { return contains(class, r) }
	}
	return t
}

func same(class *syntax.Regexp, inside string) bool {
	re, err := syntax.Parse("["+inside+"]", syntax.Perl)
	return err == nil && slices.Equal(class.Rune, re.Rune)
}

// contains reports whether a class, whose pairs of runes ascend, has r.
func contains(class *syntax.Regexp, r rune) bool {
	lo, hi := 0, len(class.Rune)/2
	for lo < hi {
		mid := (lo + hi) / 2
		switch {
		case r < class.Rune[2*mid]:
			hi = mid
		case r > class.Rune[2*mid+1]:
			lo = mid + 1
		default:
			return true
		}
	}
	return false
}

// matchesEmpty reports whether the program can come to its end without a character.
func (t *tokens) matchesEmpty() bool {
	seen := make([]bool, len(t.prog.Inst))
	var reaches func(pc uint32) bool
	reaches = func(pc uint32) bool {
		if seen[pc] {
			return false
		}
		seen[pc] = true
		switch i := &t.prog.Inst[pc]; i.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			return reaches(i.Out) || reaches(i.Arg)
		case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
			return reaches(i.Out)
		}
		return false
	}
	return reaches(uint32(t.prog.Start))
}

// matchesSpace reports whether a word can have a space, which is what is between words.
func (t *tokens) matchesSpace() bool {
	return slices.ContainsFunc(t.prog.Inst, func(i syntax.Inst) bool {
		switch i.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			return i.MatchRune(' ')
		}
		return false
	})
}
