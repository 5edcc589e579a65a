package tfidf

import (
	"regexp/syntax"
	"unicode/utf8"
)

// This file finds the words of a text by a token_pattern, as Python's re.findall does. It
// runs compiled patterns itself: package regexp takes only ASCII for the letters of a word
// boundary, Python all letters and numbers.

// appendTokens appends the words of s.text that are not left out, each with a space
// behind it, to dst.
func (r *Reader) appendTokens(dst []byte, s *Scratch) []byte {
	r.words(&s.matches, s.text, func(lo, hi int) {
		dst = append(append(dst, s.text[lo:hi]...), ' ')
	})
	return dst
}

// words yields where the words of text are that are not left out.
func (r *Reader) words(m *matches, text []byte, yield func(lo, hi int)) {
	word := func(lo, hi int) {
		if _, stop := r.stop[string(text[lo:hi])]; !stop {
			yield(lo, hi)
		}
	}
	t := r.tokens
	switch {
	case t == nil:
		runs(text, isWord, 2, word)
	case t.in != nil:
		runs(text, t.in, t.min, word)
	default:
		t.find(m, text, word)
	}
}

// runs yields the runs of at least so many characters that are in a class.
func runs(text []byte, in func(rune) bool, least int, yield func(lo, hi int)) {
	start, n := 0, 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if in(r) {
			n++
			i += size
			continue
		}
		if n >= least {
			yield(start, i)
		}
		i += size
		start, n = i, 0
	}
	if n >= least {
		yield(start, len(text))
	}
}

// matches are the buffers of a search: the threads of a Pike machine, those that
// another is preferred to behind it.
type matches struct {
	now, next threads
}

type threads struct {
	list []thread
	at   []uint32 // of each instruction: where in list its thread is, if it is there
}

type thread struct {
	pc  uint32
	cap span
}

// A span is where a match and its group begin and end, -1 for nowhere.
type span struct {
	from, groupFrom, groupTo int
}

// find yields the words of all matches in text that do not overlap, leftmost first.
func (t *tokens) find(m *matches, text []byte, yield func(lo, hi int)) {
	if n := len(t.prog.Inst); len(m.now.at) < n {
		m.now.at, m.next.at = make([]uint32, n), make([]uint32, n)
	}
	for from := 0; from < len(text); {
		match, end, ok := t.match(m, text, from)
		if !ok {
			return
		}
		switch {
		case t.group == 0:
			yield(match.from, end)
		case match.groupFrom >= 0:
			yield(match.groupFrom, match.groupTo)
		default:
			yield(end, end)
		}
		from = end // a match is never empty
	}
}

// match returns the leftmost match of text from a byte on, and where it ends.
func (t *tokens) match(m *matches, text []byte, from int) (found span, end int, ok bool) {
	now, next := &m.now, &m.next
	now.list = now.list[:0]
	before, _ := lastRune(text[:from])
	for i := from; ; {
		after, size := rune(-1), 0
		if i < len(text) {
			after, size = utf8.DecodeRune(text[i:])
		}
		if !ok { // a match that begins further left is preferred
			t.add(now, uint32(t.prog.Start), span{i, -1, -1}, i, before, after)
		}
		if len(now.list) == 0 && ok {
			return found, end, ok
		}
		next.list = next.list[:0]
		var following rune = -1
		if i+size < len(text) {
			following, _ = utf8.DecodeRune(text[i+size:])
		}
		for _, thread := range now.list {
			inst := &t.prog.Inst[thread.pc]
			if inst.Op == syntax.InstMatch {
				found, end, ok = thread.cap, i, true
				break // those behind it are not preferred
			}
			if after >= 0 && inst.MatchRune(after) {
				t.add(next, inst.Out, thread.cap, i+size, after, following)
			}
		}
		if after < 0 {
			return found, end, ok
		}
		now, next = next, now
		before = after
		i += size
	}
}

// add adds the threads that go on from an instruction without a character.
func (t *tokens) add(to *threads, pc uint32, at span, i int, before, after rune) {
	if k := to.at[pc]; int(k) < len(to.list) && to.list[k].pc == pc {
		return
	}
	// A thread of any kind notes that the instruction was seen.
	to.at[pc] = uint32(len(to.list))
	to.list = append(to.list, thread{pc, at})
	inst := &t.prog.Inst[pc]
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		t.add(to, inst.Out, at, i, before, after)
		t.add(to, inst.Arg, at, i, before, after)
	case syntax.InstNop:
		t.add(to, inst.Out, at, i, before, after)
	case syntax.InstCapture:
		switch inst.Arg {
		case 2:
			at.groupFrom = i
		case 3:
			at.groupTo = i
		}
		t.add(to, inst.Out, at, i, before, after)
	case syntax.InstEmptyWidth:
		if holds(syntax.EmptyOp(inst.Arg), before, after) {
			t.add(to, inst.Out, at, i, before, after)
		}
	}
}

// holds reports whether an assertion holds between two runes, -1 for none.
func holds(op syntax.EmptyOp, before, after rune) bool {
	boundary := isWord(before) != isWord(after)
	return (op&syntax.EmptyWordBoundary == 0 || boundary) &&
		(op&syntax.EmptyNoWordBoundary == 0 || !boundary) &&
		(op&(syntax.EmptyBeginText|syntax.EmptyBeginLine) == 0 || before < 0) &&
		(op&(syntax.EmptyEndText|syntax.EmptyEndLine) == 0 || after < 0)
}

func lastRune(text []byte) (rune, int) {
	if len(text) == 0 {
		return -1, 0
	}
	return utf8.DecodeLastRune(text)
}
