package sklearn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"tagifai/internal/pickle"
	"tagifai/internal/skops"
	"tagifai/model"
	"tagifai/model/linear"
)

// maxFiles is how many files of a directory may hold models.
const maxFiles = 8

// extensions are those that people give to models. A file with one of them is taken for a
// model, whatever it holds, so that an error names what is wrong with it.
var extensions = []string{".pkl", ".pickle", ".joblib", ".skops"}

// dataModules are those whose objects are data of some kind, and never a model: a
// directory may have such files beside its model.
var dataModules = []string{"builtins", "collections", "datetime", "numpy", "pandas", "scipy"}

// A role is what the content of a file is to a model.
type role int

const (
	noRole         role = iota // something else, or a file that cannot be read
	vectorizerRole             // what makes numbers of texts
	classifierRole             // what makes tags of numbers
	wholeRole                  // both
	labelsRole                 // a LabelEncoder, with the names of the classes
)

// A part is a file, and what it holds.
type part struct {
	file string
	root pickle.Node
	role role
	err  error // why it cannot be read

	data []byte // what was read; nil of an archive
	sum  string // the SHA-256 of an archive
}

func (p *part) String() string {
	if p.err != nil {
		return p.file + " cannot be read"
	}
	return fmt.Sprintf("%s (%s)", p.file, p.holds())
}

// holds says what the file holds.
func (p *part) holds() string {
	if steps, err := stepsOf(p.root); err == nil && steps[len(steps)-1].Class() != p.root.Class() {
		return fmt.Sprintf("%v with %s", p.root, steps[len(steps)-1].Class())
	}
	if p.root.Class() != "" {
		return p.root.String()
	}
	return p.root.Kind()
}

// isData reports whether the file cannot be read because it holds data, not a model.
func (p *part) isData() bool {
	refused, ok := errors.AsType[*pickle.RefusedError](p.err)
	if !ok {
		return p.err == nil
	}
	module, _, _ := strings.Cut(refused.Name, ".")
	return slices.Contains(dataModules, module)
}

// A choice is the files that a model is read from.
type choice struct {
	vectorizer *part // nil if the classifier holds it
	classifier *part
	labels     []string // nil if no file has any
	all        []*part  // that were read
}

// find returns the name of a file that may hold a model or a part of one; "" if there is
// none, or the directory cannot be read, of which others tell.
func find(fsys fs.FS) (string, error) {
	names, err := candidates(fsys)
	if err != nil || len(names) == 0 {
		return "", nil //nolint:nilerr // see above
	}
	if slices.Contains(names, modelFile) {
		return modelFile, nil
	}
	return names[0], nil
}

// file returns the format of one file. What it lacks is looked for in the other files of
// its directory.
func file(fsys fs.FS, name string) (f model.Format, ok bool) {
	f = model.Format{
		Name:   toolName,
		Sought: name,
		Find:   func(fs.FS) (string, error) { return name, nil },
		Read:   func(fsys fs.FS, labels []string) (*linear.Weights, error) { return ReadFile(fsys, name, labels) },
	}
	return f, isCandidate(fsys, name)
}

// candidates returns the names of the files that may hold a model or a part of one.
func candidates(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && isCandidate(fsys, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// isCandidate reports whether a file may hold a model or a part of one. It looks at the
// name and at the first bytes.
func isCandidate(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name) // of what a link points to
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	return hasExtension(name) || isModel(fsys, name, info.Size())
}

// hasExtension reports whether a name has one of the extensions, before that of a
// compression perhaps.
func hasExtension(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(extensions, path.Ext(name)) ||
		slices.Contains(extensions, path.Ext(strings.TrimSuffix(name, path.Ext(name))))
}

// isModel reports whether the content of a file may be a model.
func isModel(fsys fs.FS, name string, size int64) bool {
	f, err := fsys.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, min(size, pickle.Magic))
	if _, err := io.ReadFull(f, head); err != nil {
		return false
	}
	switch {
	case skops.IsArchive(head):
		r, err := readerAt(fsys, name, f)
		return err == nil && skops.IsModel(r, size)
	case !pickle.Begins(head):
		return false
	}
	head, err = io.ReadAll(io.LimitReader(io.MultiReader(bytes.NewReader(head), f), pickle.Head))
	return err == nil && pickle.IsPickle(head)
}

// readerAt returns a reader of an open file: the file itself if it can be one, and
// otherwise of its content.
func readerAt(fsys fs.FS, name string, f fs.File) (io.ReaderAt, error) {
	if r, ok := f.(io.ReaderAt); ok {
		return r, nil
	}
	data, err := model.ReadFile(fsys, name, skops.MaxFile)
	return bytes.NewReader(data), err
}

// readParts finds the files of the model in a directory, and reads them. If name is not
// "", that file is the model, or the part of it that the others have to go with.
func readParts(fsys fs.FS, name string) (*choice, error) {
	names, err := candidates(fsys)
	if err != nil {
		return nil, err
	}
	if name != "" {
		p := readPart(fsys, name)
		switch {
		case p.err != nil:
			return nil, p.err
		case p.role == wholeRole:
			return &choice{classifier: p, all: []*part{p}}, nil
		case p.role != vectorizerRole && p.role != classifierRole:
			return nil, fmt.Errorf("%s holds %s, not a model of scikit-learn", name, p.holds())
		}
		return choose(append(readAll(fsys, without(names, name)), p), p)
	}
	if len(names) > maxFiles {
		return nil, fmt.Errorf("%d files may hold the model, such as %s; give the path of the one that does", len(names), strings.Join(names[:maxFiles], ", "))
	}
	return choose(readAll(fsys, names), nil)
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(names, func(s string) bool { return s == name })
}

func readAll(fsys fs.FS, names []string) []*part {
	var all []*part
	for _, name := range names[:min(len(names), maxFiles)] {
		all = append(all, readPart(fsys, name))
	}
	return all
}

// choose returns the parts of the only model that the files make, of which first is a
// part unless it is nil.
func choose(all []*part, first *part) (*choice, error) {
	byRole := make(map[role][]*part)
	for _, p := range all {
		byRole[p.role] = append(byRole[p.role], p)
	}
	wholes, vectorizers, classifiers := byRole[wholeRole], byRole[vectorizerRole], byRole[classifierRole]
	if first != nil {
		wholes = nil
		if first.role == vectorizerRole {
			vectorizers = []*part{first}
		} else {
			classifiers = []*part{first}
		}
	}
	readings := len(wholes) + len(vectorizers)*len(classifiers)
	suspects := slices.DeleteFunc(slices.Clone(byRole[noRole]), (*part).isData)
	switch {
	case readings == 0:
		return nil, incomplete(all, suspects, vectorizers, classifiers)
	case readings > 1 || len(suspects) > 0 && first == nil:
		return nil, ambiguous(all, suspects)
	}
	var labels []string
	if encoders := byRole[labelsRole]; len(encoders) == 1 {
		labels, _ = encoders[0].labels()
	}
	if len(wholes) == 1 {
		return &choice{nil, wholes[0], labels, all}, nil
	}
	return &choice{vectorizers[0], classifiers[0], labels, all}, nil
}

// labels are the names of the classes that a LabelEncoder has numbered.
func (p *part) labels() ([]string, bool) {
	classes, _ := p.root.Find("classes_")
	names, err := texts(classes)
	return names, err == nil
}

// incomplete is the error for files that make no model.
func incomplete(all, suspects, vectorizers, classifiers []*part) error {
	var errs []string
	for _, p := range suspects {
		errs = append(errs, p.err.Error())
	}
	switch {
	case len(errs) > 0:
		return errors.New(strings.Join(errs, "; "))
	case len(vectorizers) > 0:
		return fmt.Errorf("%s: a vectorizer without a classifier; put the file of the classifier beside it, such as %s, or save both in one Pipeline", list(vectorizers), modelFile)
	case len(classifiers) > 0:
		return fmt.Errorf("%s: a classifier without a vectorizer; put the file of the vectorizer beside it, such as %s, or save both in one Pipeline", list(classifiers), vectorizerFile)
	}
	return fmt.Errorf("no model of scikit-learn; there are %s", list(all))
}

// ambiguous is the error for files that make more than one model.
func ambiguous(all, suspects []*part) error {
	err := fmt.Errorf("more than one file may be the model: %s; give the path of the one that is, or move the others away", list(all))
	for _, p := range suspects {
		err = fmt.Errorf("%w; %w", err, p.err)
	}
	return err
}

func list(all []*part) string {
	var texts []string
	for _, p := range all {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}

// readPart reads a file.
func readPart(fsys fs.FS, name string) *part {
	p := &part{file: name}
	err := p.decode(fsys)
	if err == nil {
		p.role, err = roleOf(p.root)
	}
	if err != nil {
		if !strings.Contains(err.Error(), name) {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return &part{file: name, err: err}
	}
	return p
}

// decode reads a file of any kind, which its first bytes tell.
func (p *part) decode(fsys fs.FS) error {
	f, err := fsys.Open(p.file)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, pickle.Magic)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !skops.IsArchive(head[:n]) {
		if p.data, err = model.ReadFile(fsys, p.file, pickle.MaxFile); err != nil {
			return err
		}
		p.root, err = pickle.Decode(p.data, allowed)
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := readerAt(fsys, p.file, f)
	if err != nil {
		return err
	}
	if p.root, err = skops.Decode(r, info.Size(), allowed); err != nil {
		return err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, io.NewSectionReader(r, 0, info.Size()))
	p.sum = hex.EncodeToString(hash.Sum(nil))
	return err
}

// note notes in the weights which files were read.
func (c *choice) note(w *linear.Weights) {
	w.Provenance, w.Sources = make(map[string]string), make(map[string][]byte)
	for _, p := range c.all {
		switch {
		case p.err != nil:
		case p.data != nil:
			w.Sources[p.file] = p.data
		default:
			w.Provenance["source_sha256_"+p.file] = p.sum
		}
	}
}

// roleOf returns what an object is to a model.
func roleOf(root pickle.Node) (role, error) {
	switch root.Class() {
	case "":
		return noRole, nil
	case labelEncoder:
		return labelsRole, nil
	}
	steps, err := stepsOf(root)
	if err != nil {
		return noRole, err
	}
	switch first, last := steps[0].Class(), steps[len(steps)-1].Class(); {
	case slices.Contains(vectorizers, last) || slices.Contains(betweens, last):
		return vectorizerRole, nil
	case slices.Contains(vectorizers, first):
		return wholeRole, nil
	}
	return classifierRole, nil // a supported one or not
}
