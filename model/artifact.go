package model

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The files of an artifact directory.
const (
	ArgsFile         = "args.json"
	LabelEncoderFile = "label_encoder.json"
	PerformanceFile  = "performance.json"
	RunIDFile        = "run_id.txt"
	WeightsFile      = "model.safetensors"
)

const (
	maxJSONFile    = 16 << 20 // bytes; these files hold some hundreds
	maxWeightsFile = 4 << 30
)

// An Artifact is what an artifact directory holds.
type Artifact struct {
	Args        Object // training arguments, the threshold among them
	Performance Object // empty if unknown
	RunID       string // may be empty
	Weights     *Weights
	Format      string // of the directory that it was read from: "tagifai", "scikit-learn"
	// Warnings are what whoever serves the artifact should know: sentences, each
	// about something that is missing and what is done without it.
	Warnings []string
}

// ReadArtifact reads the artifact directory that is the root of fsys: one of our
// own, with [WeightsFile], or one of these formats. It returns all of it or an error
// that names file, field and reason.
//
// A directory of another tool may lack args.json, of which a warning tells, and
// label_encoder.json, if its classes have names without it.
func ReadArtifact(fsys fs.FS, formats ...Format) (*Artifact, error) {
	format, file, err := findFormat(fsys, formats)
	if err != nil {
		return nil, err
	}
	a := Artifact{Format: format.Name}
	a.Args, err = readObject(fsys, ArgsFile)
	switch {
	case err == nil && !format.own:
		if value, ok := a.Args.Get(thresholdKey); !ok || value.Kind() == 'n' {
			a.Warnings = append(a.Warnings, ArgsFile+" has no number as threshold: the most probable class is the answer")
		}
	case err == nil:
	case !format.own && errors.Is(err, fs.ErrNotExist):
		a.Warnings = append(a.Warnings, ArgsFile+" is missing: no threshold, the most probable class is the answer")
	default:
		return nil, err
	}
	a.Performance, err = readObject(fsys, PerformanceFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	runID, err := ReadFile(fsys, RunIDFile, maxJSONFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	a.RunID = strings.TrimSpace(string(runID))
	labels, err := readLabels(fsys)
	if err != nil && (format.own || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	if a.Weights, err = format.Read(fsys, labels); err != nil {
		return nil, err
	}
	if labels != nil && !slices.Equal(labels, a.Weights.Classes) {
		return nil, fmt.Errorf("%s: class_to_index: does not agree with the classes of %s, which are %q in this order", LabelEncoderFile, file, a.Weights.Classes)
	}
	return &a, nil
}

// readWeights reads model.safetensors, which has its own names of the classes.
func readWeights(fsys fs.FS, _ []string) (*Weights, error) {
	data, err := ReadFile(fsys, WeightsFile, maxWeightsFile)
	if err != nil {
		return nil, err
	}
	w, err := parseWeights(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", WeightsFile, err)
	}
	return w, nil
}

// Write makes dir, with its parents, and writes the artifact into it, along with more
// files by their names. An existing dir is an error that wraps [fs.ErrExist]. A
// failure leaves no part of it behind: the files are written beside it, and what they
// are in is renamed at the end.
func (a *Artifact) Write(dir string, more map[string][]byte) (err error) {
	if _, err := os.Lstat(dir); err == nil {
		return &fs.PathError{Op: "write artifact", Path: dir, Err: fs.ErrExist}
	}
	weights, err := a.Weights.marshal()
	if err != nil {
		return err
	}
	labels, err := marshalLabels(a.Weights.Classes)
	if err != nil {
		return err
	}
	args, err := indented(a.Args)
	if err != nil {
		return err
	}
	performance, err := indented(a.Performance)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		ArgsFile:         args,
		LabelEncoderFile: labels,
		PerformanceFile:  performance,
		RunIDFile:        []byte(a.RunID + "\n"),
		WeightsFile:      weights,
	}
	maps.Copy(files, more)

	dir = filepath.Clean(dir)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	beside, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(beside))
		}
	}()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(beside, name), data, 0o644); err != nil {
			return err
		}
	}
	if err := os.Chmod(beside, 0o755); err != nil { // MkdirTemp's is for the owner alone
		return err
	}
	return os.Rename(beside, dir)
}

func indented(o Object) ([]byte, error) {
	text := o.JSON().Clone()
	if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

func readObject(fsys fs.FS, name string) (Object, error) {
	data, err := ReadFile(fsys, name, maxJSONFile)
	if err != nil {
		return Object{}, err
	}
	object, err := ParseObject(data)
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", name, err)
	}
	return object, nil
}

type labelEncoder struct {
	ClassToIndex map[string]int `json:"class_to_index"`
}

// readLabels returns the names of the classes by index.
func readLabels(fsys fs.FS) ([]string, error) {
	data, err := ReadFile(fsys, LabelEncoderFile, maxJSONFile)
	if err != nil {
		return nil, err
	}
	var file struct {
		// A null, which is also what becomes of a NaN, must not pass for 0.
		ClassToIndex map[string]*int `json:"class_to_index"`
	}
	if err := json.Unmarshal(nullNonNumbers(data), &file); err != nil {
		return nil, fmt.Errorf("%s: %w", LabelEncoderFile, err)
	}
	if len(file.ClassToIndex) == 0 {
		return nil, fmt.Errorf("%s: class_to_index: missing or empty", LabelEncoderFile)
	}
	labels := make([]string, len(file.ClassToIndex))
	named := make([]bool, len(labels))
	for class, index := range file.ClassToIndex {
		if index == nil || *index < 0 || *index >= len(labels) || named[*index] {
			return nil, fmt.Errorf("%s: class_to_index: the indices of %d classes are not 0 to %d, each once", LabelEncoderFile, len(labels), len(labels)-1)
		}
		labels[*index], named[*index] = class, true
	}
	return labels, nil
}

func marshalLabels(classes []string) ([]byte, error) {
	labels := labelEncoder{ClassToIndex: make(map[string]int, len(classes))}
	for i, class := range classes {
		labels.ClassToIndex[class] = i
	}
	data, err := json.Marshal(labels, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(data, '\n'), err
}

// ReadFile reads a whole regular file of at most limit bytes. What a larger file holds
// is not read. Errors name the file.
func ReadFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes, more than the %d that are allowed", name, info.Size(), limit)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}
