package jsonbody

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of Python's json module. FastAPI answers a document beyond them as one that
// is not text.
const (
	// Python allows 1,000 nested calls, which includes those of the server that called the
	// module. The command uvicorn leaves 970 to the document; other servers leave fewer.
	maxDepth  = 970
	maxDigits = 4300 // of an integer
)

// A syntaxError says that a document is not JSON.
type syntaxError struct {
	msg    string
	offset int // in bytes
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.msg, e.offset) }

// A decoder reads one JSON document into a Go value and collects what is wrong with the
// values in it. It accepts what Python's json module does, and finds errors of syntax
// where that does. Beyond RFC 8259, that means NaN, Infinity and -Infinity, and half of a
// surrogate pair in what is not part of the value. If a key occurs twice, the last value
// counts. The work is linear in the length of the document.
type decoder struct {
	doc      string
	pos      int // in bytes
	depth    int
	maxItems int           // in a list
	steps    [maxPath]step // to the current value
	path     int           // how many of them
	faults   []fault
	broken   bool   // a value breaks a rule of its plan
	unpaired int    // where the first string with half of a surrogate pair starts; 0 if there is none
	unquoted []byte // memory to unquote strings in
	braces   int    // in the document; 0 if not counted yet
}

// decode reads the document into dst. The error is a syntaxError or ErrUnreadable.
func (d *decoder) decode(p *plan, dst reflect.Value) error {
	d.space()
	if d.at('"') && strings.TrimRight(d.doc[d.pos:], " \t\r\n") == `""` {
		d.doc, d.pos = "{}", 0 // Python makes an empty dict of an empty string
	}
	if err := d.value(p, dst); err != nil {
		return err
	}
	d.space()
	if d.pos < len(d.doc) {
		return d.syntax("more follows the end of the document", d.pos)
	}
	return nil
}

// value reads the next value into dst. Without a plan it only passes over it.
func (d *decoder) value(p *plan, dst reflect.Value) error {
	kind, err := d.kind()
	if err != nil {
		return err
	}
	if p != nil && kind != p.takes {
		switch {
		case kind != nullKind:
			d.fault(&p.wrong, d.coerced(kind, p.takes))
		case !p.optional:
			d.fault(&p.none, p.lenient)
		}
		p = nil
	}
	switch kind {
	case objectKind, listKind:
		return d.nested(kind, p, dst)
	case stringKind:
		start := d.pos
		raw, plain, err := d.str()
		if err == nil && p != nil {
			d.setString(p, dst, raw, plain, start)
		}
		return err
	case numberKind:
		literal, err := d.number()
		if err == nil && p != nil && !p.set(dst, literal) {
			d.fault(&p.wrong, false)
		}
		return err
	default:
		literal := d.word()
		if p != nil {
			p.set(dst, literal)
		}
		return nil
	}
}

// kind looks at the next value.
func (d *decoder) kind() (byte, error) {
	if d.pos < len(d.doc) {
		rest := d.doc[d.pos:]
		switch c := rest[0]; {
		case c == '{' || c == '[' || c == '"':
			return c, nil
		case '0' <= c && c <= '9':
			return numberKind, nil
		case c == '-' && len(rest) > 1 && '0' <= rest[1] && rest[1] <= '9':
			return numberKind, nil
		case strings.HasPrefix(rest, "NaN"), strings.HasPrefix(rest, "Infinity"), strings.HasPrefix(rest, "-Infinity"):
			return numberKind, nil
		case strings.HasPrefix(rest, "true"), strings.HasPrefix(rest, "false"):
			return booleanKind, nil
		case strings.HasPrefix(rest, "null"):
			return nullKind, nil
		}
	}
	return 0, d.syntax("a value is wanted", d.pos)
}

// coerced reports whether FastAPI converts the next value to the kind that is wanted: a
// number or boolean to a string, an empty list or string to an empty object.
func (d *decoder) coerced(kind, wanted byte) bool {
	switch {
	case wanted == stringKind:
		return kind == numberKind || kind == booleanKind
	case wanted == objectKind && kind == stringKind:
		return strings.HasPrefix(d.doc[d.pos:], `""`)
	case wanted == objectKind && kind == listKind:
		return strings.HasPrefix(strings.TrimLeft(d.doc[d.pos+1:], " \t\n\r"), "]")
	}
	return false
}

// nested reads an object or a list, unless it lies too deep.
func (d *decoder) nested(kind byte, p *plan, dst reflect.Value) (err error) {
	if d.depth == maxDepth {
		return fmt.Errorf("%w: more than %d levels", ErrUnreadable, maxDepth)
	}
	d.depth++
	d.pos++ // the opening bracket
	if kind == objectKind {
		err = d.object(p, dst)
	} else {
		err = d.list(p, dst)
	}
	d.depth--
	return err
}

// object reads an object. It reads the fields as they come. If a field comes twice, it
// reads all of them again at the end, when it knows where the last ones are.
func (d *decoder) object(p *plan, dst reflect.Value) error {
	var starts [maxFields]int32 // of the last value of each field; 0 if there is none
	faults, unpaired, twice := len(d.faults), d.unpaired, false
	d.space()
	for first := true; ; first = false {
		if first && d.at('}') {
			break
		}
		if !d.at('"') {
			return d.syntax("a property name in double quotes is wanted", d.pos)
		}
		key, _, err := d.str()
		if err != nil {
			return err
		}
		d.space()
		if !d.at(':') {
			return d.syntax("a ':' is wanted", d.pos)
		}
		d.pos++
		d.space()
		i := p.field(key)
		if i >= 0 {
			twice = twice || starts[i] > 0
			starts[i] = int32(d.pos)
		}
		if i >= 0 && !twice {
			err = d.field(p, i, dst)
		} else {
			err = d.value(nil, reflect.Value{})
		}
		if err != nil {
			return err
		}
		d.space()
		if d.at('}') {
			break
		}
		if !d.at(',') {
			return d.syntax("a ',' is wanted", d.pos)
		}
		d.pos++
		d.space()
	}
	d.pos++
	if p == nil {
		return nil
	}
	if twice {
		d.faults, d.unpaired = d.faults[:faults], unpaired
		dst.SetZero()
	}
	end := d.pos
	for i := range p.fields {
		switch {
		case starts[i] > 0 && twice:
			d.pos = int(starts[i])
			if err := d.field(p, i, dst); err != nil {
				return err
			}
		case starts[i] == 0 && !p.fields[i].optional:
			d.enter(step{p.fields[i].name, i})
			d.fault(&fieldRequired, p.fields[i].lenient)
			d.path--
		}
	}
	d.pos = end
	return nil
}

// field reads the next value into the i-th field of dst.
func (d *decoder) field(p *plan, i int, dst reflect.Value) error {
	d.enter(step{p.fields[i].name, i})
	err := d.value(&p.fields[i], dst.Field(i))
	d.path--
	return err
}

// enter adds a step to the path.
func (d *decoder) enter(s step) {
	d.steps[d.path] = s
	d.path++
}

func (d *decoder) list(p *plan, dst reflect.Value) error {
	faults, unpaired := len(d.faults), d.unpaired
	d.space()
	for n := 0; ; n++ {
		if n == 0 && d.at(']') {
			break
		}
		if p != nil && n == d.maxItems {
			d.faults, d.unpaired = d.faults[:faults], unpaired // without those of its items
			d.tooMany(n)
			p = nil
		}
		var err error
		if p == nil {
			err = d.value(nil, reflect.Value{})
		} else {
			if n == dst.Cap() {
				dst.Grow(d.room(p, n))
			}
			dst.SetLen(n + 1)
			d.enter(step{index: n})
			err = d.value(p.elem, dst.Index(n))
			d.path--
		}
		if err != nil {
			return err
		}
		d.space()
		if d.at(']') {
			break
		}
		if !d.at(',') {
			return d.syntax("a ',' is wanted", d.pos)
		}
		d.pos++
		d.space()
	}
	d.pos++
	if p != nil && !p.rules.hold(dst.Len()) {
		d.broken = true
	}
	return nil
}

// room returns by how many items to grow a list that is full with n.
func (d *decoder) room(p *plan, n int) int {
	if p.elem.takes != objectKind {
		return max(n, 4)
	}
	if d.braces == 0 {
		d.braces = strings.Count(d.doc, "{")
	}
	// Each item needs a brace, and so does the object around the list. Most documents have
	// no other braces, so that the list gets exactly the room that it needs.
	return max(min(7*n+8, d.braces-1-n), 1)
}

func (d *decoder) setString(p *plan, dst reflect.Value, raw string, plain bool, start int) {
	text := raw[1 : len(raw)-1]
	length := len(text)
	if !plain {
		if strings.IndexByte(text, '\\') >= 0 || !utf8.ValidString(text) {
			text = d.unquote(raw, start)
		}
		length = utf8.RuneCountInString(text)
	}
	dst.SetString(text)
	if !p.rules.hold(length) {
		d.broken = true
	}
}

func (d *decoder) syntax(msg string, offset int) error { return &syntaxError{msg, offset} }

// tooMany notes that the current list has more than n items.
func (d *decoder) tooMany(n int) {
	item := tooManyItems(n)
	d.fault(&item, false)
}

// fault notes that something is wrong with the current value. Inlined it would take 300 bytes
// of stack at each level of a document.
//
//go:noinline
func (d *decoder) fault(item *Item, strict bool) {
	d.faults = append(d.faults, fault{path: slices.Clone(d.steps[:d.path]), item: *item, undecoded: true, strict: strict})
}
