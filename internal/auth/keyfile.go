package auth

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A Key is an entry of the keys file. The secret itself is not in the file.
type Key struct {
	ID      string
	SHA256  [32]byte // of the secret
	Actions Action   // all of them, or'd
	Models  []string // patterns of the models' names; nil is every model
	Expires time.Time

	first, last int // the lines of the entry
}

// What a keys file may have at most.
const (
	maxKeyFile = 4 << 20 // bytes
	maxKeys    = 10_000
	maxModels  = 100 // patterns of a key
	maxID      = 64  // bytes
)

// idGrammar has no colon, which is in the ids of tokens, and no count, which takes long to
// compile.
var idGrammar = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]*$`)

// CheckID says what is wrong with the id of a key.
func CheckID(id string) error {
	if len(id) > maxID || !idGrammar.MatchString(id) {
		return fmt.Errorf("%.80q cannot be an id: want 1 to 64 letters, digits and '._@-', the first of them a letter or a digit", id)
	}
	return nil
}

// ReadKeys reads a keys file. Its errors name the file, the line and what to do.
func ReadKeys(name string) ([]Key, error) {
	data, err := readAtMost(name, maxKeyFile)
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("%s%w", name, err)
	}
	return keys, nil
}

func readAtMost(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// Reading anything else might never end.
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a regular file")}
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return data, err
}

// parseKeys reads the text of a keys file. Its error is what follows the name of the file.
func parseKeys(data []byte) ([]Key, error) {
	list, err := parseList(data)
	if list == nil || err != nil {
		return nil, err
	}
	if len(list.Content) > maxKeys {
		return nil, fmt.Errorf(": there are %d keys, more than %d", len(list.Content), maxKeys)
	}
	keys := make([]Key, len(list.Content))
	ids, sums := map[string]int{}, map[uint64]int{}
	for i, node := range list.Content {
		k, err := parseKey(node)
		if err != nil {
			return nil, err
		}
		if first := ids[k.ID]; first > 0 {
			return nil, fmt.Errorf(":%d: the id %q is that of line %d, too; give each key its own", k.first, k.ID, first)
		}
		// The first 64 bits of two random secrets are never the same.
		if first := sums[prefix(&k.SHA256)]; first > 0 {
			return nil, fmt.Errorf(":%d: the sha256 is that of line %d, too; make a secret for each key", k.first, first)
		}
		ids[k.ID], sums[prefix(&k.SHA256)] = k.first, k.first
		keys[i] = k
	}
	return keys, nil
}

// parseList returns the list that a file consists of, nil if it is empty.
func parseList(data []byte) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var document, next yaml.Node
	if err = loader.Load(&document); errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		err = loader.Load(&next)
	}
	switch {
	case err == nil:
		return nil, fmt.Errorf(":%d: a second document; put all keys into the first", next.Line)
	case !errors.Is(err, io.EOF):
		what, at := err.Error(), ""
		if wrong, ok := errors.AsType[*yaml.LoadError](err); ok {
			what = wrong.Message
			if wrong.Mark.Line > 0 {
				at = fmt.Sprintf(":%d", wrong.Mark.Line)
			}
		}
		return nil, fmt.Errorf("%s: not YAML: %.200q; correct that line or the one before", at, what)
	case len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null":
		return nil, nil
	case document.Content[0].Kind != yaml.SequenceNode:
		return nil, fmt.Errorf(":%d: keys are a list, each with a dash before it; tagifai keys new makes them", document.Content[0].Line)
	}
	return document.Content[0], nil
}

// parseKey reads one key of the list.
func parseKey(node *yaml.Node) (Key, error) {
	k := Key{first: node.Line, last: lastLine(node)}
	if node.Kind != yaml.MappingNode {
		return k, fmt.Errorf(":%d: a key is lines such as id: tagger; tagifai keys new makes them", node.Line)
	}
	given := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		if given[name.Value] {
			return k, fmt.Errorf(":%d: %.80q is there twice; remove one", name.Line, name.Value)
		}
		given[name.Value] = true
		if err := k.set(name.Value, value); err != nil {
			return k, fmt.Errorf(":%d: %.80q: %w", name.Line, name.Value, err)
		}
	}
	for _, name := range []string{"id", "sha256", "actions"} {
		if !given[name] {
			return k, fmt.Errorf(":%d: the key has no %s; add it", node.Line, name)
		}
	}
	return k, nil
}

// lastLine returns the last line that a node has something on.
func lastLine(node *yaml.Node) int {
	last := node.Line + strings.Count(node.Value, "\n")
	for _, inner := range node.Content {
		last = max(last, lastLine(inner))
	}
	return last
}

// set reads the value of a field.
func (k *Key) set(name string, value *yaml.Node) (err error) {
	switch name {
	case "id":
		if k.ID, err = text(value); err == nil {
			err = CheckID(k.ID)
		}
	case "sha256":
		var digits string
		if digits, err = text(value); err != nil {
			break
		}
		// The value is not in the errors: it may be the secret itself, by mistake.
		if len(digits) != 2*len(k.SHA256) {
			return fmt.Errorf("it has %d characters; give the SHA-256 of the secret in %d hexadecimal digits", len(digits), 2*len(k.SHA256))
		}
		if _, wrong := hex.Decode(k.SHA256[:], []byte(digits)); wrong != nil {
			err = errors.New("it has characters other than hexadecimal digits; give the SHA-256 of the secret")
		}
	case "actions":
		var names []string
		if names, err = texts(value, len(actionNames)); err == nil {
			k.Actions, err = ParseActions(names)
		}
	case "models":
		if k.Models, err = texts(value, maxModels); err == nil {
			err = CheckPatterns(k.Models)
		}
	case "expires":
		var at string
		if at, err = text(value); err == nil {
			k.Expires, err = parseTime(at)
		}
	default:
		err = errors.New("it is not a field of a key; the fields are id, sha256, actions, models and expires")
	}
	return err
}

// parseTime reads a point in time, or a day, which stands for its beginning in UTC.
func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fmt.Errorf("%.80q is not a time; give one such as 2027-01-31T12:00:00Z, or a day", s)
	}
	return t, nil
}

// text returns the text of a plain value.
func text(node *yaml.Node) (string, error) {
	if node.Kind != yaml.ScalarNode || node.ShortTag() == "!!null" || node.Style&yaml.TaggedStyle != 0 {
		return "", errors.New("it is not a plain value; give one")
	}
	return node.Value, nil
}

// texts returns the items of a list, at least one.
func texts(node *yaml.Node, most int) ([]string, error) {
	if node.Kind != yaml.SequenceNode {
		return nil, errors.New("it is not a list; write its items in brackets, with commas between them")
	}
	if n := len(node.Content); n == 0 || n > most {
		return nil, fmt.Errorf("it has %d items; give 1 to %d", n, most)
	}
	items := make([]string, len(node.Content))
	for i, item := range node.Content {
		var err error
		if items[i], err = text(item); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// AddKey appends a key to a keys file, which need not be there yet. The rest of the file
// stays as it is.
func AddKey(name string, k Key) error {
	before, err := readAtMost(name, maxKeyFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	keys, err := parseKeys(before)
	if err != nil {
		return fmt.Errorf("%s%w", name, err)
	}
	if i := slices.IndexFunc(keys, func(other Key) bool { return other.ID == k.ID }); i >= 0 {
		return fmt.Errorf("%s:%d: there is a key %q already; give the new one another id, or revoke the old one first", name, keys[i].first, k.ID)
	}
	added := k.appendYAML(nil)
	if n := len(before); n > 0 && before[n-1] != '\n' {
		added = append([]byte("\n"), added...)
	}
	after, err := parseKeys(slices.Concat(before, added))
	if err != nil || len(after) != len(keys)+1 {
		return fmt.Errorf("%s: the list does not go on at the end of the file; add the key by hand:\n%s", name, added)
	}
	// One write to the end: what others add in the same moment stays.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(added); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (k *Key) appendYAML(b []byte) []byte {
	b = fmt.Appendf(b, "- id: %q\n  sha256: \"%x\"\n  actions: [%s]\n", k.ID, k.SHA256, strings.Join(k.Actions.Names(), ", "))
	if k.Models != nil {
		quoted := make([]string, len(k.Models))
		for i, pattern := range k.Models {
			quoted[i] = fmt.Sprintf("%q", pattern)
		}
		b = fmt.Appendf(b, "  models: [%s]\n", strings.Join(quoted, ", "))
	}
	if !k.Expires.IsZero() {
		b = fmt.Appendf(b, "  expires: %s\n", k.Expires.UTC().Format(time.RFC3339))
	}
	return b
}

// RevokeKey takes a key out of a keys file. The rest of the file stays as it is.
func RevokeKey(name, id string) error {
	data, err := readAtMost(name, maxKeyFile)
	if err != nil {
		return err
	}
	keys, err := parseKeys(data)
	if err != nil {
		return fmt.Errorf("%s%w", name, err)
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return fmt.Errorf("%s: there is no key %q; tagifai keys list shows them", name, id)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	kept := bytes.Join(slices.Delete(lines, keys[i].first-1, keys[i].last), nil)
	if after, err := parseKeys(kept); err != nil || len(after) != len(keys)-1 || slices.ContainsFunc(after, func(k Key) bool { return k.ID == id }) {
		return fmt.Errorf("%s:%d: the key shares lines with something else; remove it by hand", name, keys[i].first)
	}
	return replaceFile(name, kept)
}

// replaceFile replaces the content of a file at one instant.
func replaceFile(name string, data []byte) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is a link to what somebody else keeps up to date; make the change there", name)
	}
	next := name + ".next"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err // also if somebody else changes the file in this moment
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(next, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return nil
}
