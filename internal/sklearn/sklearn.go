// Package sklearn reads the models of scikit-learn that its users keep in files: of
// pickle, joblib or skops, of any name, a Pipeline in one or a vectorizer and a classifier
// in two.
//
// Packages pickle and skops read the files as data: nothing in them is run. This package
// takes the weights of a model from the objects, and refuses by name whatever would make
// its answers differ from those of scikit-learn.
package sklearn

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/pickle"
	"tagifai/model"
	"tagifai/model/linear"
)

// The names that the files have most often.
const (
	modelFile      = "model.pkl"
	vectorizerFile = "vectorizer.pkl"
)

const toolName = "scikit-learn"

// Format is the format of directories that [Read] reads, and of single files.
var Format = model.Format{
	Name:   toolName,
	Sought: "a file of pickle, joblib or skops",
	Find:   find,
	File:   file,
	Read:   Read,
}

// Read reads the weights of the directory that is the root of fsys: from the one file
// that holds a model, or the two that hold a vectorizer and a classifier. Which files do
// is told by what is in them; files of other kinds may lie beside them. More than one
// model is an error that lists them.
//
// labels are the names of the classes by index. They may be nil if the classes in the
// file are strings, which are preferred, or if a file holds a LabelEncoder.
//
// The provenance of the weights is sklearn_version, where the files tell; their sources are
// all files that were read.
//
// An error names the file, the attribute, its value and what is supported, or the
// byte of the file and what is wrong there.
func Read(fsys fs.FS, labels []string) (*linear.Weights, error) { return read(fsys, "", labels) }

// ReadFile does so for one file, which holds a model or a part of one. The other part is
// looked for in the directory.
func ReadFile(fsys fs.FS, name string, labels []string) (*linear.Weights, error) {
	return read(fsys, name, labels)
}

// read does so for the file of a name, or for that which is found if name is "".
func read(fsys fs.FS, name string, labels []string) (*linear.Weights, error) {
	p, err := readParts(fsys, name)
	if err != nil {
		return nil, err
	}
	if labels == nil {
		labels = p.labels
	}
	steps, err := stepsOf(p.classifier.root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.classifier.file, err)
	}
	last := len(steps) - 1
	if !isClassifier(steps[last]) {
		return nil, fmt.Errorf("%s: %w", p.classifier.file, unsupported(steps[last], "one of "+strings.Join(classifiers, ", ")+" as the last step"))
	}
	file := p.classifier.file // of the vectorizer
	if p.vectorizer != nil {
		file = p.vectorizer.file
		before, err := stepsOf(p.vectorizer.root)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
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
		return nil, fmt.Errorf("%s: %w", p.classifier.file, err)
	}
	p.note(w)
	note(w, steps[last], f)
	return w, w.Validate()
}

func isClassifier(n pickle.Node) bool { return slices.Contains(classifiers, n.Class()) }

// note notes in the weights which version of scikit-learn wrote the classifier, and what
// comes of it.
func note(w *linear.Weights, classifier pickle.Node, f *features) {
	if v := version(classifier); v != "" {
		w.Provenance["sklearn_version"] = v
		if newer(v) {
			w.Warnings = append(w.Warnings, fmt.Sprintf("it was written by scikit-learn %s; the newest that the reader was compared with is %s: check some answers, by a golden.json, before you rely on it", v, newest))
		}
	}
	if f.float32 {
		w.Provenance["precision"] = "scikit-learn computes this model in float32: its numbers are within 1e-6 of these"
	}
}

// newest is the newest version of scikit-learn that there are fixtures of.
const newest = "1.9"

// newer reports whether a version is newer than that. What is no version is not.
func newer(version string) bool {
	number := func(text string) (major, minor int) {
		first, rest, _ := strings.Cut(text, ".")
		second, _, _ := strings.Cut(rest, ".")
		major, _ = strconv.Atoi(first)
		minor, _ = strconv.Atoi(second)
		return major, minor
	}
	major, minor := number(version)
	newestMajor, newestMinor := number(newest)
	return major > newestMajor || major == newestMajor && minor > newestMinor
}

// version is the version of scikit-learn that wrote the object, "" if it does not say.
func version(n pickle.Node) string {
	v, _ := n.Find("_sklearn_version")
	return v.Excerpt()
}

// minor is the second number of the version of scikit-learn that wrote the object, 6
// for 1.6.1. ok is false if that is none, or if the first is not 1.
func minor(n pickle.Node) (number int, ok bool) {
	text, ok := strings.CutPrefix(version(n), "1.")
	text, _, _ = strings.Cut(text, ".")
	number, err := strconv.Atoi(text)
	return number, ok && err == nil
}

// atLeast reports whether scikit-learn 1.x, for this x, or a newer one wrote the object.
func atLeast(n pickle.Node, x int) bool {
	number, ok := minor(n)
	return ok && number >= x
}
