package pickle

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	longestText  = 60 // bytes of a text that an error shows
	longestItems = 4  // items of a container
)

// String shows the node much as Python would, but briefly.
func (n Node) String() string { return n.tree.describe(n.value) }

func (t *tree) describe(v value) string {
	switch v.kind {
	case tupleKind, listKind, setKind:
		return t.describeItems(v)
	case arrayKind:
		return t.array(v).String()
	}
	return t.describeItem(v)
}

func (t *tree) describeItems(v value) string {
	ends := map[kind]string{tupleKind: "()", listKind: "[]", setKind: "{}"}[v.kind]
	var b strings.Builder
	b.WriteByte(ends[0])
	for i, item := range t.items(v) {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == longestItems {
			b.WriteString("…")
			break
		}
		b.WriteString(t.describeItem(item))
	}
	b.WriteByte(ends[1])
	return b.String()
}

func (t *tree) describeItem(v value) string {
	switch v.kind {
	case boolKind:
		if v.num == 0 {
			return "False"
		}
		return "True"
	case intKind:
		return strconv.FormatInt(v.num, 10)
	case floatKind:
		return strconv.FormatFloat(math.Float64frombits(uint64(v.num)), 'g', -1, 64)
	case stringKind:
		return "'" + excerpt(t.raw(v)) + "'"
	case globalKind:
		return t.allowed.list[v.num].name
	case dtypeKind:
		return fmt.Sprintf("dtype %v", t.object(v).data)
	case objectKind:
		o := t.object(v)
		if n := len(o.items); n == 2 && o.class.short() == "getattr" && o.items[1].kind == stringKind {
			return fmt.Sprintf("a getattr of %q", excerpt(t.raw(o.items[1])))
		}
		return "a " + o.class.short()
	}
	return v.kind.String()
}

// excerpt returns the beginning of a text, on one line.
func excerpt(text []byte) string {
	end := ""
	if len(text) > longestText {
		text, end = text[:longestText], "…"
		for len(text) > 0 && !utf8.Valid(text[max(0, len(text)-utf8.UTFMax):]) && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
	}
	quoted := strconv.Quote(string(text))
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`) + end
}
