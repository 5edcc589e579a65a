// Package joblib reads the models that scikit-learn's users keep in joblib pickles:
// vectorizer.pkl and model.pkl, or both in one Pipeline in model.pkl. To import it
// is enough: it makes itself known to package model.
//
// A pickle is a program. This package does not run it: its opcodes make inert values,
// the classes they may name are a fixed list, and of no class is there any code but
// the little here. What a model is made of is then read off the values, and everything
// that would make its answers differ from scikit-learn's is refused by name.
//
// Files are hostile. Their size, the depth and number of what they hold, and what
// compressed ones grow to are limited before memory is taken.
package joblib

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"tagifai/model"
)

// The files.
const (
	ModelFile      = "model.pkl"
	VectorizerFile = "vectorizer.pkl"
)

func init() {
	model.RegisterFormat(model.Format{Name: "scikit-learn", File: ModelFile, Read: Read})
}

// Read reads the weights of the directory that is the root of fsys: from model.pkl,
// and, unless that holds a Pipeline with a vectorizer of its own, from vectorizer.pkl.
// labels are the names of the classes by index; they may be nil if the pickled classes
// are strings, which go first.
//
// The provenance of the weights is sklearn_version, where the files tell, and
// source_sha256_model.pkl and source_sha256_vectorizer.pkl, for each file that was
// read.
//
// An error names the file, the attribute, its value and what is supported, or the
// byte of the file and what is wrong there.
func Read(fsys fs.FS, labels []string) (*model.Weights, error) {
	w := &model.Weights{Provenance: make(map[string]string)}
	steps, err := readSteps(fsys, ModelFile, w.Provenance)
	if err != nil {
		return nil, err
	}
	last := len(steps) - 1
	if c := steps[last].class(); c != sgdClassifier && c != logisticRegression {
		return nil, fmt.Errorf("%s: %w", ModelFile, steps[last].wrong("a "+sgdClassifier+" or "+logisticRegression))
	}
	file := ModelFile // of the vectorizer
	if last == 0 {
		file = VectorizerFile
		before, err := readSteps(fsys, VectorizerFile, w.Provenance)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s holds a %s without a vectorizer: %w", ModelFile, steps[0].class(), err)
		}
		if err != nil {
			return nil, err
		}
		steps = append(before, steps...)
		last = len(steps) - 1
	}
	if err := readVectorizer(steps[:last], w); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := classifier(steps[last], w, labels); err != nil {
		return nil, fmt.Errorf("%s: %w", ModelFile, err)
	}
	if v := version(steps[last]); v != "" {
		w.Provenance["sklearn_version"] = v
	}
	return w, w.Validate()
}

// readVectorizer reads the steps before the classifier.
func readVectorizer(steps []node, w *model.Weights) error {
	w.Vectorizer.Norm = model.NoNorm
	if err := vectorizerSteps(steps); err != nil {
		return err
	}
	if err := vectorizer(steps[0], w); err != nil {
		return err
	}
	switch {
	case steps[0].class() == tfidfVectorizer:
		inner, err := steps[0].attr("_tfidf")
		if err != nil {
			return err
		}
		return transformer(inner, w)
	case len(steps) == 2:
		return transformer(steps[1], w)
	}
	return nil // counts, as they are
}

func vectorizerSteps(steps []node) error {
	switch {
	case len(steps) == 1 && (steps[0].class() == tfidfVectorizer || steps[0].class() == countVectorizer):
		return nil
	case len(steps) == 2 && steps[0].class() == countVectorizer && steps[1].class() == tfidfTransformer:
		return nil
	}
	found := ""
	for i, s := range steps {
		if i > 0 {
			found += " and then "
		}
		found += s.String()
	}
	return fmt.Errorf("the vectorizer is %s, only a %s, or a %s with or without a %s, is supported", found, tfidfVectorizer, countVectorizer, tfidfTransformer)
}

// readSteps reads a file and returns what it holds: the steps of a Pipeline, or one
// object as the only step. There is at least one.
func readSteps(fsys fs.FS, name string, provenance map[string]string) ([]node, error) {
	data, err := model.ReadFile(fsys, name, maxFile)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	provenance["source_sha256_"+name] = hex.EncodeToString(sum[:])
	if data, err = inflate(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p, err := unpickle(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	steps, err := p.steps()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return steps, nil
}

// steps returns the steps of a Pipeline, or anything else as the only step.
func (p *pickled) steps() ([]node, error) {
	root := node{p, p.root, ""}
	if root.path = root.class(); root.path == "" {
		root.path = "the content"
	}
	if root.class() == pipeline {
		return pipelineSteps(root)
	}
	return []node{root}, nil
}

func pipelineSteps(n node) ([]node, error) {
	steps, err := n.attr("steps")
	if err != nil {
		return nil, err
	}
	var list []node
	for _, v := range n.items(steps.value) {
		step := n.items(v)
		if len(step) != 2 {
			return nil, steps.wrong("a list of names and objects")
		}
		s := node{n.pickled, step[1], ""}
		if s.isNone() || s.is("passthrough") {
			continue // does nothing
		}
		s.path = fmt.Sprintf("%s[%s].%s", n.path, n.describe(step[0]), s.class())
		list = append(list, s)
		if len(list) > 3 { // more than any that is supported
			break
		}
	}
	if len(list) == 0 {
		return nil, errors.New("the Pipeline has no steps")
	}
	return list, nil
}
