package skops

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/pickle"
)

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
