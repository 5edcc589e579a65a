package pickle

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Global is a class or function that a pickle may name. [Classes], [Functions] and
// [Mentioned] make them.
type Global struct {
	name string // with its module
	// call makes what a call of the global with these arguments makes. It is nil if
	// the global may only be named.
	call func(m *machine, args []value) (value, error)
	// instances says what NEWOBJ makes of the class: objectKind, wrapperKind, or
	// nothing if it is unset.
	instances kind
}

// Classes are classes of a module that a pickle may make instances of.
func Classes(module string, names ...string) []Global {
	return list(Global{call: makeInstance, instances: objectKind}, module, names)
}

// Dicts are subclasses of dict that a pickle may make instances of. They become dicts.
func Dicts(module string, names ...string) []Global {
	return list(Global{call: makeDict, instances: dictKind}, module, names)
}

// Functions are functions of a module that a pickle may call. What they would do or
// return is unknown: the result is an instance that has the name of the function as
// its class.
func Functions(module string, names ...string) []Global {
	return list(Global{call: makeInstance}, module, names)
}

// Mentioned are classes of a module that a pickle may name, but neither call nor make
// instances of.
func Mentioned(module string, names ...string) []Global {
	return list(Global{}, module, names)
}

// calls are functions of a module that do something.
func calls(call func(*machine, []value) (value, error), module string, names ...string) []Global {
	return list(Global{call: call}, module, names)
}

func list(g Global, module string, names []string) []Global {
	var globals []Global
	for _, name := range names {
		g.name = module + "." + name
		globals = append(globals, g)
	}
	return globals
}

// short is the name of the global without its module.
func (g *Global) short() string { return g.name[strings.LastIndexByte(g.name, '.')+1:] }

// Globals are all the classes and functions that a pickle may name. They are immutable
// and safe for concurrent use.
type Globals struct {
	list    []Global
	index   map[string]int
	refused func(name string) string
}

// Allow returns a table of these globals, and of those that this package knows by
// itself: numpy's arrays, types and scalars, joblib's arrays, and Python's containers.
// refused returns what an error says of any other, after its name: "is refused, as …".
func Allow(refused func(name string) string, globals ...[]Global) *Globals {
	t := &Globals{
		list:    slices.Concat(slices.Concat(globals...), numpy, builtins("builtins"), builtins("__builtin__"), python),
		index:   make(map[string]int),
		refused: refused,
	}
	for i, g := range t.list {
		t.index[g.name] = i
	}
	return t
}

// global pushes a global, if it is allowed.
func (m *machine) global(module, name []byte) error {
	full := string(module) + "." + string(name)
	i, ok := m.allowed.index[full]
	if !ok {
		return m.allowed.refuse(full, m.use())
	}
	return m.push(value{kind: globalKind, num: int64(i)})
}

// A RefusedError is the error for a class or function that is not allowed.
type RefusedError struct {
	Name string // with its module
	text string
}

func (e *RefusedError) Error() string { return e.text }

// refuse is the error for a global that is not allowed. use is the attribute that it
// would be the value of, such as "TfidfVectorizer.tokenizer"; "" if that is unknown.
func (t *Globals) refuse(name, use string) error {
	const longest = 200
	shown := name[:min(len(name), longest)]
	if strings.ContainsFunc(shown, func(r rune) bool { return r <= ' ' || r > '~' }) {
		shown = fmt.Sprintf("%q", shown)
	}
	e := &RefusedError{Name: name}
	if use != "" {
		e.text = fmt.Sprintf("%s is %s, which %s", use, shown, t.refused(name))
	} else {
		e.text = fmt.Sprintf("%s %s", shown, t.refused(name))
	}
	return e
}

// use names the attribute that the next value on the stack would be of: while the
// state of an instance is read, the stack holds the instance, a dict, a mark, and
// keys and values.
func (m *machine) use() string {
	mark := m.floor()
	if mark < 2 || (len(m.stack)-mark)%2 != 1 {
		return ""
	}
	key, dict, of := m.stack[len(m.stack)-1], m.stack[mark-1], m.stack[mark-2]
	if key.kind != stringKind || dict.kind != dictKind || of.kind != objectKind {
		return ""
	}
	return m.object(of).class.short() + "." + excerpt(m.raw(key))
}

// reduce runs REDUCE: a global is called.
func (m *machine) reduce() error {
	g, args, err := m.popCall()
	if err != nil {
		return err
	}
	if g.call == nil {
		return fmt.Errorf("%s is called", g.name)
	}
	v, err := g.call(m, args)
	if err != nil {
		return fmt.Errorf("%s: %w", g.name, err)
	}
	if v.kind == objectKind {
		m.object(v).class = g
	}
	return m.push(v)
}

// newObject runs NEWOBJ: an instance of a class is made.
func (m *machine) newObject() error {
	g, args, err := m.popCall()
	if err != nil {
		return err
	}
	if g.instances == unset {
		return fmt.Errorf("an instance of %s is made", g.name)
	}
	if g.instances == dictKind && len(args) > 0 {
		return fmt.Errorf("a %s is made of something", g.name)
	}
	v, err := m.add(g.instances, object{class: g, items: args})
	if err != nil {
		return err
	}
	return m.push(v)
}

// popCall takes a tuple of arguments and the global below it off the stack.
func (m *machine) popCall() (*Global, []value, error) {
	pair, err := m.popN(2)
	if err != nil {
		return nil, nil, err
	}
	if pair[0].kind != globalKind || pair[1].kind != tupleKind {
		return nil, nil, fmt.Errorf("%v is called with %v, not a class with a tuple", pair[0].kind, pair[1].kind)
	}
	return &m.allowed.list[pair[0].num], m.items(pair[1]), nil
}

// makeInstance makes an instance, whose class the caller sets.
func makeInstance(m *machine, args []value) (value, error) {
	return m.add(objectKind, object{items: args})
}

// python are Python's own, beside the built-in ones.
var python = slices.Concat(
	calls(encode, "_codecs", "encode"),
	calls(makeDict, "collections", "OrderedDict", "defaultdict"),
)

// builtins are the built-in classes. Protocol 2 has another name for their module.
func builtins(module string) []Global {
	return slices.Concat(
		Mentioned(module, "bool", "dict", "float", "int", "list", "object", "str", "tuple"),
		calls(makeSet, module, "frozenset", "set"),
		calls(makeBytes, module, "bytearray", "bytes"),
	)
}

func makeSet(m *machine, args []value) (value, error) {
	switch {
	case len(args) == 0:
		return m.container(setKind, nil)
	case len(args) == 1 && (args[0].kind == listKind || args[0].kind == tupleKind):
		return m.container(setKind, m.items(args[0]))
	}
	return value{}, errors.New("a set is made of something other than a list")
}

// makeDict makes the dict of an OrderedDict() or defaultdict(class).
func makeDict(m *machine, args []value) (value, error) {
	if len(args) > 1 || len(args) == 1 && args[0].kind != globalKind {
		return value{}, errors.New("a dict is made of something")
	}
	return m.container(dictKind, nil)
}

func makeBytes(_ *machine, args []value) (value, error) {
	switch {
	case len(args) == 0:
		return value{kind: bytesKind}, nil
	case len(args) == 1 && args[0].kind == bytesKind:
		return args[0], nil
	}
	return value{}, errors.New("bytes are made of something other than bytes")
}

// encode is _codecs.encode(text, "latin1"), which is how protocol 2 writes bytes.
func encode(m *machine, args []value) (value, error) {
	if len(args) != 2 || args[0].kind != stringKind || args[1].kind != stringKind || string(m.raw(args[1])) != "latin1" {
		return value{}, errors.New("its arguments are not a text and 'latin1'")
	}
	if err := m.decode(int(args[0].size)); err != nil {
		return value{}, err
	}
	from := len(m.extra)
	for _, r := range string(m.raw(args[0])) {
		if r > 0xff {
			return value{}, fmt.Errorf("%q is not in latin1", r)
		}
		m.extra = append(m.extra, byte(r))
	}
	return m.decoded(bytesKind, from), nil
}
