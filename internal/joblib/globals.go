package joblib

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A global is a class or function that a pickle may name. That is all: the Go
// function of a global is the only code that ever stands behind it.
type global struct {
	name string // module and name
	// call makes what REDUCE of the global and these arguments makes; nil if the
	// global is a class that is only ever mentioned.
	call func(m *machine, args []value) (value, error)
	// instances says that NEWOBJ may make inert instances of the class.
	instances bool
}

// The names of the classes that conversion knows, wherever their version of the
// library keeps them.
const (
	tfidfVectorizer    = "TfidfVectorizer"
	countVectorizer    = "CountVectorizer"
	tfidfTransformer   = "TfidfTransformer"
	sgdClassifier      = "SGDClassifier"
	logisticRegression = "LogisticRegression"
	pipeline           = "Pipeline"
)

// globals are all the classes and functions that a pickle may name. A value of
// globalKind is an index in it. byName is the index of each.
var (
	globals []global
	byName  = make(map[string]int, 128)
)

func init() { // not in the declaration: the functions in it refer to it
	globals = allowed()
	for i, g := range globals {
		byName[g.name] = i
	}
}

func allowed() []global {
	return slices.Concat(
		classes("sklearn.feature_extraction.text", countVectorizer, tfidfTransformer, tfidfVectorizer),
		classes("sklearn.linear_model._logistic", logisticRegression),
		classes("sklearn.linear_model.logistic", logisticRegression),
		classes("sklearn.linear_model._stochastic_gradient", sgdClassifier),
		classes("sklearn.linear_model.stochastic_gradient", sgdClassifier),
		classes("sklearn.pipeline", pipeline),

		// What a fitted SGDClassifier keeps of its training. The last module is what
		// Cython calls sklearn._loss._loss.
		classes("sklearn.linear_model._sgd_fast", losses...),
		classes("sklearn.linear_model.sgd_fast", losses...),
		classes("sklearn._loss._loss", cyLosses...),
		classes("_loss", cyLosses...),
		callable(instance, "numpy.random", "__RandomState_ctor"),
		callable(instance, "numpy.random._pickle", "__randomstate_ctor", "__bit_generator_ctor"),
		classes("numpy.random._mt19937", "MT19937"),

		classes("scipy.sparse.csr", "csr_matrix"),
		classes("scipy.sparse.dia", "dia_matrix"),
		classes("scipy.sparse._csr", "csr_matrix", "csr_array"),
		classes("scipy.sparse._dia", "dia_matrix", "dia_array"),
		classes("scipy.sparse._arrays", "csr_array", "dia_array"),

		classes("joblib.numpy_pickle", "NumpyArrayWrapper"),
		classes("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"),

		callable(makeDType, "numpy", "dtype"),
		mentioned("numpy", "ndarray", "memmap", "float64", "float32", "int64", "int32", "int16", "int8", "bool_", "str_", "object_"),
		callable(makeArray, "numpy.core.multiarray", "_reconstruct"),
		callable(makeArray, "numpy._core.multiarray", "_reconstruct"),
		callable(makeScalar, "numpy.core.multiarray", "scalar"),
		callable(makeScalar, "numpy._core.multiarray", "scalar"),
		callable(viewBuffer, "numpy.core.numeric", "_frombuffer"),
		callable(viewBuffer, "numpy._core.numeric", "_frombuffer"),

		builtins("builtins"),
		builtins("__builtin__"), // what protocol 2 calls it
		callable(encode, "_codecs", "encode"),
		callable(makeDict, "collections", "OrderedDict", "defaultdict"),
	)
}

var losses = []string{
	"Log", "ModifiedHuber", "Hinge", "SquaredHinge", "SquaredLoss", "Huber", "EpsilonInsensitive",
	"SquaredEpsilonInsensitive",
}

var cyLosses = []string{"CyHalfBinomialLoss", "CyHalfSquaredError", "CyHuberLoss"}

func builtins(module string) []global {
	return slices.Concat(
		mentioned(module, "bool", "dict", "float", "int", "list", "object", "str", "tuple"),
		callable(makeSet, module, "frozenset", "set"),
		callable(makeBytes, module, "bytearray", "bytes"),
	)
}

// mentioned are classes that a pickle may name, but make no instances of.
func mentioned(module string, names ...string) []global {
	return callable(nil, module, names...)
}

// classes are those of which instances may occur.
func classes(module string, names ...string) []global {
	list := callable(instance, module, names...)
	for i := range list {
		list[i].instances = true
	}
	return list
}

func callable(call func(*machine, []value) (value, error), module string, names ...string) []global {
	var list []global
	for _, name := range names {
		list = append(list, global{name: module + "." + name, call: call})
	}
	return list
}

// short is the name of the class without its module.
func (g *global) short() string { return g.name[strings.LastIndexByte(g.name, '.')+1:] }

// global pushes a global, if it is one of globals.
func (m *machine) global(module, name []byte) error {
	full := string(module) + "." + string(name)
	i, ok := byName[full]
	if !ok {
		return m.refuse(full)
	}
	return m.push(value{kind: globalKind, num: int64(i)})
}

// refuse is the error for a global that is not allowed.
func (m *machine) refuse(name string) error {
	const longest = 200
	shown := name[:min(len(name), longest)]
	if strings.ContainsFunc(shown, func(r rune) bool { return r <= ' ' || r > '~' }) {
		shown = fmt.Sprintf("%q", shown)
	}
	if use := m.use(); use != "" {
		return fmt.Errorf("%s is %s, which is not supported: what it does cannot be known from the file, and none of its code is run", use, shown)
	}
	if strings.HasPrefix(name, "sklearn.") {
		return fmt.Errorf("%s is not supported, only a %s or %s, a %s, a %s or %s, and a %s of these", shown,
			tfidfVectorizer, countVectorizer, tfidfTransformer, sgdClassifier, logisticRegression, pipeline)
	}
	return fmt.Errorf("%s is refused: it is no part of a scikit-learn model that is supported, and nothing of it is run", shown)
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
	return m.object(of).class.short() + "." + cut(m.raw(key))
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
	if !g.instances {
		return fmt.Errorf("an instance of %s is made", g.name)
	}
	k := objectKind
	if g.short() == "NumpyArrayWrapper" {
		k = wrapperKind
	}
	v, err := m.add(k, object{class: g, items: args})
	if err != nil {
		return err
	}
	return m.push(v)
}

// popCall takes a tuple of arguments and the global below it off the stack.
func (m *machine) popCall() (*global, []value, error) {
	pair, err := m.popN(2)
	if err != nil {
		return nil, nil, err
	}
	if pair[0].kind != globalKind || pair[1].kind != tupleKind {
		return nil, nil, fmt.Errorf("%v is called with %v, not a class with a tuple", pair[0].kind, pair[1].kind)
	}
	return &globals[pair[0].num], m.items(pair[1]), nil
}

// instance makes an inert instance; whoever calls it knows the class.
func instance(m *machine, args []value) (value, error) {
	return m.add(objectKind, object{items: args})
}

func makeSet(m *machine, args []value) (value, error) {
	switch {
	case len(args) == 0:
		return m.add(setKind, object{})
	case len(args) == 1 && (args[0].kind == listKind || args[0].kind == tupleKind):
		items := m.items(args[0])
		if err := m.spend(len(items)); err != nil {
			return value{}, err
		}
		return m.add(setKind, object{items: slices.Clone(items)})
	}
	return value{}, errors.New("a set is made of something other than a list")
}

// makeDict makes the dict of an OrderedDict() or defaultdict(class).
func makeDict(m *machine, args []value) (value, error) {
	if len(args) > 1 || len(args) == 1 && args[0].kind != globalKind {
		return value{}, errors.New("a dict is made of something")
	}
	return m.add(dictKind, object{})
}

func makeBytes(m *machine, args []value) (value, error) {
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

// decode accounts for so many bytes that are about to be decoded. All that ever are
// have to be less than the file: a text that is decoded again and again would take
// more memory, or time, than any file should.
func (m *machine) decode(n int) error {
	m.decodes += n
	if m.decodes > len(m.file) {
		return errors.New("more text and data is decoded than the file has")
	}
	return nil
}

// decoded returns a value for what was appended to m.extra from there on.
func (m *machine) decoded(k kind, from int) value {
	return value{kind: k, size: uint32(len(m.extra) - from), num: int64(len(m.file) + from)}
}
