package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxFile is far more bytes than any settings need.
const maxFile = 1 << 20

// readFile sets what the YAML file says. The origin is that of its name.
func (l *Loaded) readFile(name, origin string) error {
	data, err := readAtMost(name, maxFile)
	if err != nil {
		return errorf("config: %.100q (%s) %s; give the name of a YAML file", name, origin, err)
	}
	if i, size := findNoText(data); size > 0 {
		line := 1 + bytes.Count(data[:i], []byte("\n"))
		return errorf("%s:%d: %q is not text in UTF-8; save the file as such", printable(name), line, data[i:i+size])
	}
	settings, err := parseYAML(data)
	if err != nil {
		return errorf("%s%v", printable(name), err)
	}
	if settings == nil {
		return nil
	}
	lines := map[string]int{}
	for i := 0; i < len(settings.Content); i += 2 {
		key, value := settings.Content[i], settings.Content[i+1]
		at := fmt.Sprintf("%s:%d", printable(name), key.Line)
		if key.Kind != yaml.ScalarNode {
			return errorf("%s: the name of a setting is a word; write one such as addr", at)
		}
		s := l.find(key.Value)
		if s == nil {
			return errorf("%s: %s is not a setting; %s", at, printable(fmt.Sprintf("%.100s", key.Value)), l.advice(key.Value, func(name string) string { return name }))
		}
		if first := lines[s.name]; first > 0 {
			return errorf("%s: %s is there twice, first in line %d; remove one", at, s.name, first)
		}
		lines[s.name] = key.Line
		if err := s.setNode(value, at); err != nil {
			return err
		}
	}
	return nil
}

// readAtMost reads a file. Its error is the rest of a sentence.
func readAtMost(name string, most int) ([]byte, error) {
	f, err := os.Open(name)
	if err == nil {
		defer f.Close()
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(f, int64(most)+1)); err == nil && len(data) <= most {
			return data, nil
		}
	}
	if err == nil {
		return nil, fmt.Errorf("has more than %d bytes", most)
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err // the name is known
	}
	return nil, fmt.Errorf("cannot be read: %w", err)
}

// findNoText returns where the first bytes are that are not UTF-8, or a control
// character that YAML does not know, and how many.
func findNoText(data []byte) (at, size int) {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\u0085", r) {
			return i, size
		}
		i += size
	}
	return 0, 0
}

// parseYAML returns the mapping that a file consists of, nil if it is empty. Its error
// is what follows the name of the file.
func parseYAML(data []byte) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var document, next yaml.Node
	err = loader.Load(&document)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		err = loader.Load(&next)
	}
	if err == nil {
		return nil, fmt.Errorf(":%d: a second document; put all settings into the first", next.Line)
	}
	if !errors.Is(err, io.EOF) {
		at, what := "", err.Error()
		if loadErr, ok := errors.AsType[*yaml.LoadError](err); ok {
			what = loadErr.Message
			if loadErr.Mark.Line > 0 {
				at = fmt.Sprintf(":%d", loadErr.Mark.Line)
			}
		}
		return nil, fmt.Errorf("%s: not YAML: %s; correct that line or the one before", at, printable(what))
	}
	if len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null" {
		return nil, nil
	}
	settings := document.Content[0]
	if settings.Kind != yaml.MappingNode {
		return nil, fmt.Errorf(":%d: settings are lines such as max-texts: 100; write them so", settings.Line)
	}
	return settings, nil
}

// setNode gives the setting the value of a node.
func (s *setting) setNode(node *yaml.Node, origin string) error {
	if s.isList() && node.Kind == yaml.SequenceNode {
		return s.setItems(node.Content, origin)
	}
	text, problem := shape(node)
	switch {
	case s.isList() && (problem == "" || node.Kind == yaml.MappingNode):
		problem = "is not a list; write its items in brackets, with commas between them"
	case problem == "":
		problem = s.mistyped(node)
	}
	if problem != "" {
		return s.refuse(text, origin, problem)
	}
	return s.set(text, origin)
}

func (s *setting) setItems(nodes []*yaml.Node, origin string) error {
	file := origin[:strings.LastIndexByte(origin, ':')]
	var items []string
	for _, node := range nodes {
		text, problem := shape(node)
		if problem == "" {
			problem = s.mistyped(node)
		}
		if problem != "" {
			return s.refuse(text, fmt.Sprintf("%s:%d", file, node.Line), problem)
		}
		items = append(items, text)
	}
	return s.setList(items, origin)
}

// shape returns the text of a node, and what is wrong with it if it is no plain scalar.
func shape(node *yaml.Node) (text, problem string) {
	switch {
	case node.Kind == yaml.SequenceNode:
		return "[…]", "is a list; give a single value"
	case node.Kind == yaml.MappingNode:
		return "{…}", "is a mapping; give a single value"
	case node.Kind != yaml.ScalarNode:
		return "*" + node.Value, "is an alias; write the value itself"
	case node.Style&yaml.TaggedStyle != 0:
		return node.Value, "has the tag " + printable(node.Tag) + "; leave that out"
	case node.ShortTag() == "!!null":
		return node.Value, "is not a value; give one, or leave the line out for the default"
	}
	return node.Value, ""
}

// mistyped says what is wrong with a scalar that YAML takes for another type.
func (s *setting) mistyped(node *yaml.Node) string {
	quoted := node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	switch {
	case (s.isText() || s.isList()) && node.ShortTag() != "!!str":
		return "is not text in YAML; put it in quotes"
	case quoted && (s.value.Kind() == reflect.Bool || s.value.CanInt() && !s.isDuration()):
		return "is text; take the quotes off"
	}
	return ""
}
