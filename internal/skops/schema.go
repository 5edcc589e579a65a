package skops

import (
	"errors"
	"fmt"
	"io"
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
