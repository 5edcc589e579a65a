// Package sklearn reads the models of scikit-learn that its users keep in pickles:
// vectorizer.pkl and model.pkl, or both in one Pipeline in model.pkl.
//
// Package pickle reads the files as data: nothing in them is run. This package takes
// the weights of a model from the objects, and refuses by name whatever would make
// its answers differ from those of scikit-learn.
package sklearn

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"tagifai/internal/pickle"
	"tagifai/model"
)

// The files.
const (
	ModelFile      = "model.pkl"
	VectorizerFile = "vectorizer.pkl"
)

// Format is the format of directories that [Read] reads.
var Format = model.Format{
	Name:   "scikit-learn",
	Sought: ModelFile,
	Find:   func(fsys fs.FS) (string, error) { return model.FindFile(fsys, ModelFile) },
	Read:   Read,
}

// Read reads the weights of the directory that is the root of fsys: from model.pkl
// and, unless that holds a Pipeline with a vectorizer of its own, from vectorizer.pkl.
// labels are the names of the classes by index. They may be nil if the pickled classes
// are their own names.
//
// The provenance of the weights is sklearn_version, where the files tell, and
// source_sha256_model.pkl and source_sha256_vectorizer.pkl, for each file that was
// read.
//
// An error names the file, the attribute, its value and what is supported, or the
// byte of the file and what is wrong there.
func Read(fsys fs.FS, labels []string) (*model.Weights, error) {
	provenance := make(map[string]string)
	steps, err := readSteps(fsys, ModelFile, provenance)
	if err != nil {
		return nil, err
	}
	last := len(steps) - 1
	if !isClassifier(steps[last]) {
		return nil, fmt.Errorf("%s: %w", ModelFile, unsupported(steps[last], "one of "+strings.Join(classifiers, ", ")+" as the last step"))
	}
	file := ModelFile // of the vectorizer
	if last == 0 {
		file = VectorizerFile
		before, err := readSteps(fsys, VectorizerFile, provenance)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s holds a %s without a vectorizer: %w", ModelFile, steps[0].Class(), err)
		}
		if err != nil {
			return nil, err
		}
		steps = append(before, steps...)
		last = len(steps) - 1
	}
	f, err := readFeatures(steps[:last], 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	w, err := classifier(steps[last], f, labels)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ModelFile, err)
	}
	w.Provenance = provenance
	if v := version(steps[last]); v != "" {
		w.Provenance["sklearn_version"] = v
	}
	if f.float32 {
		w.Provenance["precision"] = "scikit-learn reckons in float32 here: its probabilities agree to some 6 digits"
	}
	return w, w.Validate()
}

func isClassifier(n pickle.Node) bool { return slices.Contains(classifiers, n.Class()) }

// readSteps reads a file and returns what it holds: the steps of a Pipeline, or one
// object as the only step. There is at least one.
func readSteps(fsys fs.FS, name string, provenance map[string]string) ([]pickle.Node, error) {
	data, err := model.ReadFile(fsys, name, pickle.MaxFile)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	provenance["source_sha256_"+name] = hex.EncodeToString(sum[:])
	root, err := pickle.Decode(data, allowed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	steps, err := stepsOf(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return steps, nil
}

// version is the version of scikit-learn that wrote the object, "" if it does not say.
func version(n pickle.Node) string {
	v, _ := n.Find("_sklearn_version")
	return v.Excerpt()
}
