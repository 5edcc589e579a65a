package tfidf

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
)

// This file compiles a token_pattern. Most patterns are one class of characters, repeated.
// Package regexp/syntax compiles the others.

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
