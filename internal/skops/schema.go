package skops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/pickle"
)

const (
	schemaName   = "schema.json"
	maxDepth     = 100     // of nodes within nodes
	maxToken     = 1 << 20 // bytes of a text
	maxNames     = 1 << 12 // that are remembered
	baseNodes    = 1 << 20 // nodes that are allowed whatever the size of the file
	bytesPerNode = 8       // of the file, for each node more

	minProtocol = 1 // of skops 0.9
	maxProtocol = 2 // of skops 0.16
)

// A node of the schema is an object of JSON. Its __loader__ says which of its other
// fields there are:
//
//	{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "\"l2\"", "__id__": 1}
type node struct {
	class, module, loader string
	file, kind            string // of arrays: the member, and "numpy", "json" or "scipy"
	id                    int64
	hasID                 bool

	value   pickle.Value
	made    bool // value is set
	skipped bool // the content was not read, as the loader was unknown
	shape   []int
}

func (n *node) name() string { return n.module + "." + n.class }

// A schemaReader makes a tree of the schema.
type schemaReader struct {
	build   *pickle.Builder
	archive *archive
	json    *jsontext.Decoder
	names   map[string]string // by their JSON
	ids     map[int64]known
	nodes   int
	most    int // of nodes
	depth   int
	scratch []byte

	header []byte // of the last scalar
	scalar npy
}

// A known is a node that can be referred to.
type known struct {
	value  pickle.Value
	number int // of the node
}

// A place is where a node stands.
type place struct {
	instance  string // the class of the instance whose attributes the node holds
	owner     string // the class of the instance that the node is an attribute of
	attribute []byte
}

// use names the attribute for errors.
func (p place) use() string {
	if p.owner == "" {
		return ""
	}
	return p.owner + "." + string(p.attribute[:min(len(p.attribute), 60)])
}

func readSchema(r io.Reader, build *pickle.Builder, a *archive, size int64) (pickle.Value, error) {
	limited := &tokenLimit{r: r}
	s := &schemaReader{
		build: build, archive: a,
		json:  jsontext.NewDecoder(limited, jsontext.AllowDuplicateNames(true)),
		names: make(map[string]string),
		ids:   make(map[int64]known),
		most:  baseNodes + int(size/bytesPerNode),
	}
	limited.json = s.json
	v, protocol, err := s.root()
	if err != nil {
		if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			return v, e // says where
		}
		return v, fmt.Errorf("byte %d: %w", s.json.InputOffset(), err)
	}
	if protocol < minProtocol || protocol > maxProtocol {
		return v, fmt.Errorf("protocol %d is not supported, only %d to %d, which skops 0.9 to 0.16 write", protocol, minProtocol, maxProtocol)
	}
	return v, nil
}

// root reads the node that is the whole schema, which tells the protocol as well.
func (s *schemaReader) root() (v pickle.Value, protocol int64, err error) {
	v, err = s.node(place{}, func(name []byte) error {
		if string(name) != `"protocol"` {
			return s.json.SkipValue()
		}
		var err error
		protocol, err = s.integer()
		return err
	})
	if err == nil {
		if _, err = s.json.ReadToken(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("something follows the schema")
		}
	}
	return v, protocol, err
}

// child reads a node that is not the root.
func (s *schemaReader) child(at place) (pickle.Value, error) { return s.node(at, s.skipField) }

func (s *schemaReader) skipField([]byte) error { return s.json.SkipValue() }

// node reads a node. The function reads the value of a field of another name.
func (s *schemaReader) node(at place, other func(name []byte) error) (pickle.Value, error) {
	if s.nodes++; s.nodes > s.most {
		return pickle.Value{}, fmt.Errorf("more than %d objects", s.most)
	}
	if s.depth++; s.depth > maxDepth {
		return pickle.Value{}, fmt.Errorf("more than %d objects inside of each other", maxDepth)
	}
	number := s.nodes
	var n node
	err := s.object(func(name []byte) error { return s.field(&n, at, name, other) })
	if err != nil {
		return pickle.Value{}, err
	}
	if err := s.finish(&n, at); err != nil {
		return pickle.Value{}, err
	}
	s.depth--
	if !n.hasID {
		return n.value, nil
	}
	// An object that stands in several places is written out in each, with the same
	// id. As in skops, the first counts.
	k, ok := s.ids[n.id]
	switch {
	case !ok:
		s.ids[n.id] = known{n.value, number}
	case k.number > number:
		return pickle.Value{}, fmt.Errorf("object %d is inside of itself", n.id)
	default:
		n.value = k.value
	}
	return n.value, nil
}

// object reads an object of JSON. The function reads the value of each name, which it
// gets as JSON.
func (s *schemaReader) object(field func(name []byte) error) error {
	if err := s.begin('{'); err != nil {
		return err
	}
	for s.json.PeekKind() != '}' {
		name, err := s.json.ReadValue()
		if err != nil {
			return err
		}
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := s.json.ReadToken()
	return err
}

// array reads an array of JSON. The function reads each item.
func (s *schemaReader) array(item func() error) error {
	if err := s.begin('['); err != nil {
		return err
	}
	for s.json.PeekKind() != ']' {
		if err := item(); err != nil {
			return err
		}
	}
	_, err := s.json.ReadToken()
	return err
}

func (s *schemaReader) begin(kind jsontext.Kind) error {
	t, err := s.json.ReadToken()
	if err == nil && t.Kind() != kind {
		err = fmt.Errorf("%v where %v belongs", t.Kind(), kind)
	}
	return err
}

// field reads the value of a node's field.
func (s *schemaReader) field(n *node, at place, name []byte, other func(name []byte) error) (err error) {
	switch string(name) {
	case `"__class__"`:
		n.class, err = s.name()
	case `"__module__"`:
		n.module, err = s.name()
	case `"__loader__"`:
		n.loader, err = s.name()
	case `"__id__"`:
		n.id, err = s.integer()
		n.hasID = true
	case `"file"`:
		n.file, err = s.text()
	case `"type"`:
		n.kind, err = s.name()
	case `"shape"`:
		var shape pickle.Value
		if shape, err = s.child(place{}); err == nil {
			n.shape, err = s.build.Shape(shape)
		}
	case `"key_types"`:
		if n.loader != "DictNode" || !n.made {
			return errors.New("key_types of no dict")
		}
		return s.keyTypes(n.value)
	case `"content"`:
		if n.made || n.skipped {
			return errors.New("content twice")
		}
		return s.content(n, at)
	default:
		return other(name)
	}
	return err
}

// content reads the content of a node.
func (s *schemaReader) content(n *node, at place) (err error) {
	n.made = true
	switch n.loader {
	case "JsonNode":
		n.value, err = s.jsonNode()
	case "DictNode":
		n.value, err = s.dictNode(n, at)
	case "ListNode", "TupleNode", "SetNode":
		n.value, err = s.sequence(n, at)
	case "NdArrayNode": // an array of objects, whose shape follows
		n.value, err = s.sequence(n, at)
	case "ObjectNode":
		return s.objectNode(n, at)
	case "DefaultDictNode":
		n.made = false
		return s.object(func(name []byte) error {
			if string(name) != `"main"` || n.made {
				return s.json.SkipValue()
			}
			n.made = true
			n.value, err = s.child(place{})
			return err
		})
	case "DTypeNode": // an empty array of the type
		var array pickle.Value
		if array, err = s.child(place{}); err == nil {
			n.value, err = s.build.TypeOf(array)
		}
	case "MethodNode":
		n.made = false
		return s.object(func(name []byte) error {
			if string(name) != `"func"` {
				return s.json.SkipValue()
			}
			method, err := s.text()
			n.class += "." + method // which nobody allows
			return err
		})
	default:
		n.made, n.skipped = false, true
		return s.json.SkipValue()
	}
	return err
}

// finish makes the value of a node that has no content, or whose content is not looked
// at. Such values are inert.
func (s *schemaReader) finish(n *node, at place) (err error) {
	switch n.loader {
	case "NdArrayNode":
		return s.arrayNode(n, at)
	case "SparseMatrixNode":
		return s.matrixNode(n, at)
	case "BytesNode", "BytearrayNode":
		return s.bytesNode(n)
	case "CachedNode":
		k, ok := s.ids[n.id]
		if !n.hasID || !ok {
			return fmt.Errorf("a reference to object %d, which is not known", n.id)
		}
		n.value = k.value
		return nil
	case "TypeNode", "FunctionNode", "MethodNode", "PartialNode", "OperatorFuncNode":
		n.value, err = s.build.Class(n.name(), at.use())
		return err
	case "LossNode", "SGDNode", "TreeNode", "QuantileForestNode", "ConstructorFromReduceNode":
		n.value, err = s.build.Object(n.name(), at.use())
		return err
	case "RandomStateNode", "RandomGeneratorNode":
		return s.opaque(n, at, "numpy.random.")
	case "MaskedArrayNode":
		return s.opaque(n, at, "numpy.ma.")
	case "SliceNode":
		return s.opaque(n, at, "builtins.slice")
	case "ObjectNode":
		switch {
		case n.made || n.skipped:
		case n.name() == "builtins.object":
			return s.opaque(n, at, n.name())
		default: // an object without attributes
			n.value, err = s.build.Object(n.name(), at.use())
			return err
		}
	case "":
		return errors.New("an object has no __loader__")
	case "JsonNode", "DictNode", "ListNode", "TupleNode", "SetNode", "DefaultDictNode", "DTypeNode":
	default:
		return fmt.Errorf("%s has the loader %s, which skops 0.9 to 0.16 do not have", shown(n.name()), shown(n.loader))
	}
	if !n.made {
		return fmt.Errorf("%s, %s: the content is missing, or comes before the loader", shown(n.name()), n.loader)
	}
	return nil
}

// opaque makes an instance of a class whose module begins with prefix, whatever it holds.
func (s *schemaReader) opaque(n *node, at place, prefix string) (err error) {
	if strings.HasPrefix(n.name(), prefix) {
		n.value, err = s.build.Opaque(n.name())
	} else {
		n.value, err = s.build.Class(n.name(), at.use())
	}
	return err
}

// objectNode reads the attributes of an instance.
func (s *schemaReader) objectNode(n *node, at place) (err error) {
	if n.class == "" {
		return errors.New("the content of an object comes before its class")
	}
	if n.value, err = s.build.Object(n.name(), at.use()); err != nil {
		return err
	}
	state, err := s.child(place{instance: n.class})
	if err == nil {
		s.build.SetState(n.value, state)
	}
	return err
}

// dictNode reads the keys and values of a dict. Its keys are texts until their types are
// known.
func (s *schemaReader) dictNode(n *node, at place) (pickle.Value, error) {
	if n.name() != "builtins.dict" {
		if _, err := s.build.Class(n.name(), at.use()); err != nil {
			return pickle.Value{}, err
		}
	}
	dict, err := s.build.Dict()
	if err != nil {
		return dict, err
	}
	return dict, s.object(func(name []byte) error {
		if s.scratch, err = jsontext.AppendUnquote(s.scratch[:0], name); err != nil {
			return err
		}
		key, err := s.build.Text(s.scratch)
		if err != nil {
			return err
		}
		inside := place{}
		if at.instance != "" {
			inside = place{owner: at.instance, attribute: bytes.Clone(s.scratch)}
		}
		v, err := s.child(inside)
		if err != nil {
			return err
		}
		return s.build.Append(dict, key, v)
	})
}

// keyTypes reads a list of classes, those of the keys of a dict, and makes the keys such.
func (s *schemaReader) keyTypes(dict pickle.Value) error {
	i := 0
	err := s.object(func(name []byte) error {
		if string(name) != `"content"` {
			return s.json.SkipValue()
		}
		return s.array(func() error {
			var n node
			err := s.object(func(name []byte) (err error) {
				switch string(name) {
				case `"__class__"`:
					n.class, err = s.name()
				case `"__module__"`:
					n.module, err = s.name()
				default:
					err = s.json.SkipValue()
				}
				return err
			})
			if err != nil {
				return err
			}
			if i >= s.build.Pairs(dict) {
				return errors.New("a dict has more types of keys than keys")
			}
			i++
			return s.retype(dict, i-1, &n)
		})
	})
	if err == nil && i != s.build.Pairs(dict) {
		err = errors.New("a dict has fewer types of keys than keys")
	}
	return err
}

// retype makes key i of a dict one of a class.
func (s *schemaReader) retype(dict pickle.Value, i int, class *node) error {
	if class.class == "str" && class.module == "builtins" {
		return nil
	}
	key, text := s.build.Key(dict, i)
	switch name := class.name(); {
	case name == "numpy.str_":
	case name == "builtins.bool":
		key = s.build.Bool(len(text) > 0)
	case name == "builtins.int" || strings.HasPrefix(name, "numpy.int") || strings.HasPrefix(name, "numpy.uint"):
		x, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return fmt.Errorf("a dict has the key %s, which is no %s", shown(string(text)), class.class)
		}
		key = s.build.Int(x)
	case name == "builtins.float" || strings.HasPrefix(name, "numpy.float"):
		x, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return fmt.Errorf("a dict has the key %s, which is no %s", shown(string(text)), class.class)
		}
		key = s.build.Float(x)
	default:
		if _, err := s.build.Class(name, ""); err != nil {
			return err
		}
		return fmt.Errorf("a dict has keys of the class %s, which is not supported", shown(name))
	}
	s.build.SetKey(dict, i, key)
	return nil
}

// sequence reads the items of a list, tuple, set or array of objects.
func (s *schemaReader) sequence(n *node, at place) (v pickle.Value, err error) {
	switch n.loader {
	case "TupleNode":
		v, err = s.build.Tuple()
	case "SetNode":
		v, err = s.build.Set()
	default:
		v, err = s.build.List()
	}
	if err != nil {
		return v, err
	}
	switch n.name() {
	case "builtins.tuple", "builtins.set", "builtins.list", "numpy.ndarray":
	default:
		if _, err := s.build.Class(n.name(), at.use()); err != nil {
			return v, err
		}
	}
	return v, s.array(func() error {
		item, err := s.child(place{})
		if err != nil {
			return err
		}
		return s.build.Append(v, item)
	})
}

// arrayNode makes an array, or one of numpy's scalars.
func (s *schemaReader) arrayNode(n *node, at place) (err error) {
	isArray := n.name() == "numpy.ndarray" || n.name() == "numpy.memmap"
	if !isArray && n.module != "numpy" {
		_, err := s.build.Class(n.name(), at.use())
		if err == nil {
			err = fmt.Errorf("%s is no array", shown(n.name()))
		}
		return err
	}
	switch {
	case n.kind == "json" && n.made && isArray:
		n.value, err = s.build.Objects(n.value, n.shape)
		return err
	case n.kind != "numpy" || n.made:
		return fmt.Errorf("%s is neither in a file nor a list of objects", shown(n.name()))
	case !isArray:
		return s.scalarNode(n)
	}
	file, err := s.archive.read(nil, n.file)
	if err != nil {
		return err
	}
	a, err := parseNPY(file)
	if err == nil {
		n.value, err = s.build.Array(a.dtype, a.shape, a.fortran, a.data)
	}
	if err != nil {
		err = fmt.Errorf("member %s: %w", shown(n.file), err)
	}
	return err
}

// scalarNode reads a member that holds one number. A vocabulary may have 100,000 of them,
// which all begin alike.
func (s *schemaReader) scalarNode(n *node) (err error) {
	if s.scratch, err = s.archive.read(s.scratch[:0], n.file); err != nil {
		return err
	}
	data, ok := bytes.CutPrefix(s.scratch, s.header)
	if len(s.header) == 0 || !ok {
		if s.scalar, err = parseNPY(s.scratch); err == nil && len(s.scalar.shape) > 0 {
			err = fmt.Errorf("an array of shape %v, where one number belongs", s.scalar.shape)
		}
		if err != nil {
			s.header = nil
			return fmt.Errorf("member %s: %w", shown(n.file), err)
		}
		data = s.scalar.data
		s.header = bytes.Clone(s.scratch[:len(s.scratch)-len(data)])
	}
	if n.value, err = s.build.Scalar(s.scalar.dtype, data); err != nil {
		err = fmt.Errorf("member %s: %w", shown(n.file), err)
	}
	return err
}

// matrixNode makes an instance of one of scipy's matrices, with the attributes that it
// has in a pickle.
func (s *schemaReader) matrixNode(n *node, at place) (err error) {
	if n.kind != "scipy" {
		return fmt.Errorf("%s is not in a file", shown(n.name()))
	}
	if n.value, err = s.build.Object(n.name(), at.use()); err != nil {
		return err
	}
	state, err := s.build.Dict()
	if err != nil {
		return err
	}
	s.build.SetState(n.value, state)
	data, err := s.archive.read(nil, n.file)
	if err == nil {
		err = s.matrix(state, data)
	}
	if err != nil {
		err = fmt.Errorf("member %s: %w", shown(n.file), err)
	}
	return err
}

// matrix reads the arrays of a matrix from an .npz, an archive of its own.
func (s *schemaReader) matrix(state pickle.Value, npz []byte) error {
	a, err := openArchive(bytes.NewReader(npz), int64(len(npz)))
	if err != nil {
		return err
	}
	a.left = s.archive.left
	defer func() { s.archive.left = a.left }()
	for _, name := range []string{"shape", "data", "indices", "indptr", "offsets"} {
		member := name + ".npy"
		if _, ok := a.members[member]; !ok {
			continue // which there are depends on the kind of matrix
		}
		file, err := a.read(nil, member)
		if err != nil {
			return err
		}
		array, err := parseNPY(file)
		if err != nil {
			return fmt.Errorf("member %s: %w", shown(member), err)
		}
		var v pickle.Value
		if name == "shape" {
			name = "_shape"
			v, err = s.tuple(array)
		} else {
			v, err = s.build.Array(array.dtype, array.shape, array.fortran, array.data)
		}
		if err != nil {
			return fmt.Errorf("member %s: %w", shown(member), err)
		}
		key, err := s.build.Text([]byte(name))
		if err != nil {
			return err
		}
		if err := s.build.Append(state, key, v); err != nil {
			return err
		}
	}
	return nil
}

// tuple makes a tuple of the two numbers of an array.
func (s *schemaReader) tuple(a npy) (pickle.Value, error) {
	const dimensions = 2
	if len(a.shape) != 1 || a.shape[0] != dimensions || len(a.data)%dimensions != 0 {
		return pickle.Value{}, fmt.Errorf("the shape of a matrix is an array of shape %v", a.shape)
	}
	tuple, err := s.build.Tuple()
	if err != nil {
		return tuple, err
	}
	half := len(a.data) / dimensions
	for i := range dimensions {
		n, err := s.build.Scalar(a.dtype, a.data[i*half:][:half])
		if err != nil {
			return tuple, err
		}
		if err := s.build.Append(tuple, n); err != nil {
			return tuple, err
		}
	}
	return tuple, nil
}

func (s *schemaReader) bytesNode(n *node) error {
	data, err := s.archive.read(nil, n.file)
	if err != nil {
		return err
	}
	n.value, err = s.build.Bytes(data)
	return err
}

// jsonNode reads a text that is JSON of its own: of a str, a number, a bool or None.
func (s *schemaReader) jsonNode() (pickle.Value, error) {
	quoted, err := s.json.ReadValue()
	if err != nil {
		return pickle.Value{}, err
	}
	if quoted.Kind() != '"' {
		return pickle.Value{}, fmt.Errorf("the content of a JsonNode is %v, not a text", quoted.Kind())
	}
	if s.scratch, err = jsontext.AppendUnquote(s.scratch[:0], quoted); err != nil {
		return pickle.Value{}, err
	}
	text := s.scratch
	switch string(text) {
	case "null":
		return s.build.None(), nil
	case "true", "false":
		return s.build.Bool(text[0] == 't'), nil
	case "NaN", "Infinity", "-Infinity":
	default:
		if len(text) > 0 && text[0] == '"' {
			end := len(text)
			if s.scratch, err = jsontext.AppendUnquote(text, text); err != nil {
				return pickle.Value{}, err
			}
			return s.build.Text(s.scratch[end:])
		}
	}
	x, err := strconv.ParseInt(string(text), 10, 64)
	switch {
	case err == nil:
		return s.build.Int(x), nil
	case errors.Is(err, strconv.ErrRange):
		return s.build.BigInt(), nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return pickle.Value{}, fmt.Errorf("the content of a JsonNode is %s, neither a text, number, bool nor null", shown(string(text)))
	}
	return s.build.Float(f), nil
}

// name reads a text that many nodes have.
func (s *schemaReader) name() (string, error) {
	quoted, err := s.json.ReadValue()
	if err != nil {
		return "", err
	}
	if name, ok := s.names[string(quoted)]; ok {
		return name, nil
	}
	name, err := unquote(quoted)
	if err == nil && len(s.names) < maxNames {
		s.names[string(quoted)] = name
	}
	return name, err
}

// text reads a text.
func (s *schemaReader) text() (string, error) {
	quoted, err := s.json.ReadValue()
	if err != nil {
		return "", err
	}
	return unquote(quoted)
}

func unquote(quoted jsontext.Value) (string, error) {
	if quoted.Kind() != '"' {
		return "", fmt.Errorf("%v where a name belongs", quoted.Kind())
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	return string(text), err
}

func (s *schemaReader) integer() (int64, error) {
	number, err := s.json.ReadValue()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s where an integer belongs", shown(string(number)))
	}
	return n, nil
}

// A tokenLimit keeps the decoder from reading far beyond what it has returned: it holds
// a text as a whole.
type tokenLimit struct {
	r    io.Reader
	read int64
	json *jsontext.Decoder
}

func (t *tokenLimit) Read(p []byte) (int, error) {
	if t.json != nil && t.read-t.json.InputOffset() > maxToken {
		return 0, fmt.Errorf("a text of more than %d bytes", maxToken)
	}
	n, err := t.r.Read(p)
	t.read += int64(n)
	return n, err
}
