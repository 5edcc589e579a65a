package model

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/model/linear"
)

// The files of an artifact directory.
const (
	ArgsFile         = "args.json"
	LabelEncoderFile = "label_encoder.json"
	PerformanceFile  = "performance.json"
	RunIDFile        = "run_id.txt"
	BaselineFile     = "baseline.json"
	WeightsFile      = "model.safetensors"
)

// coveredFiles are the files that the weights file has a checksum of.
var coveredFiles = []string{ArgsFile, LabelEncoderFile, PerformanceFile, RunIDFile, BaselineFile}

const (
	maxJSONFile    = 16 << 20 // bytes; these files hold some hundreds
	maxWeightsFile = 4 << 30
)

// An Artifact is what an artifact directory holds.
type Artifact struct {
	Args        Object // training arguments, the threshold among them
	Performance Object // empty if unknown
	RunID       string // may be empty
	// Baseline is what predictions are to be compared with; empty if there is none.
	Baseline Object
	Weights  *linear.Weights
	Format   string // of the directory that it was read from: "tagifai", "scikit-learn"
	// Changed names the files that are no longer as [Artifact.Write] wrote them. [New]
	// refuses an artifact with such files. Whoever accepts them sets Changed to nil.
	Changed []string
	// Warnings are what whoever serves the artifact should know: sentences, each
	// about something that is missing and what is done without it.
	Warnings []string
}

// ReadDir reads the artifact directory at path. The path of our own weights file stands
// for its directory. The path of a file of another tool stands for the model in it, with
// the files of arguments, labels and performance that lie beside it, and no other model.
// ReadDir opens nothing but regular files.
func ReadDir(path string, formats ...Format) (*Artifact, error) {
	a, err := readDir(path, formats)
	if err == nil {
		noteSources(a.Weights)
	}
	return a, err
}

// readDir is ReadDir, and leaves the sources of the weights as they are.
func readDir(path string, formats []Format) (*Artifact, error) {
	dir, only, err := findDir(path, formats)
	if err == nil {
		var a *Artifact
		if only != nil {
			a, err = readArtifact(dirFS(dir), only, filepath.Base(path))
		} else {
			a, err = findArtifact(dirFS(dir), formats)
		}
		if err == nil {
			return a, nil
		}
	}
	return nil, fmt.Errorf("model %s: %w", path, err)
}

// ReadArtifact reads the artifact directory that is the root of fsys: one of our
// own, with [WeightsFile], or one of these formats. It returns all of it, with valid
// weights, or an error that names file, field and reason.
//
// A directory of another tool may lack args.json, of which a warning tells, and
// label_encoder.json, if its classes have names without it.
func ReadArtifact(fsys fs.FS, formats ...Format) (*Artifact, error) {
	a, err := findArtifact(fsys, formats)
	if err == nil {
		noteSources(a.Weights)
	}
	return a, err
}

// findArtifact is ReadArtifact, and leaves the sources of the weights as they are.
func findArtifact(fsys fs.FS, formats []Format) (*Artifact, error) {
	format, file, err := findFormat(fsys, formats)
	if err != nil {
		return nil, err
	}
	return readArtifact(fsys, &format, file)
}

// readArtifact reads an artifact of this format. file is the one that shows the format.
func readArtifact(fsys fs.FS, format *Format, file string) (_ *Artifact, err error) {
	a := Artifact{Format: format.Name}
	files := make(map[string][]byte)
	for _, name := range coveredFiles {
		optional := !format.own || name == PerformanceFile || name == RunIDFile || name == BaselineFile
		data, err := ReadFile(fsys, name, maxJSONFile)
		switch {
		case err == nil:
			files[name] = data
		case !optional || !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if a.Args, err = a.parseObject(files, ArgsFile); err != nil {
		return nil, err
	}
	if a.Performance, err = a.parseObject(files, PerformanceFile); err != nil {
		return nil, err
	}
	if a.Baseline, err = a.parseObject(files, BaselineFile); err != nil {
		return nil, err
	}
	if !format.own {
		a.warnOfThreshold(files[ArgsFile] != nil)
	}
	a.RunID = strings.TrimSpace(string(files[RunIDFile]))
	var labels []string
	if data, ok := files[LabelEncoderFile]; ok {
		if labels, err = parseLabels(data); err != nil {
			return nil, fmt.Errorf("%s: %w", LabelEncoderFile, err)
		}
	}
	if format.own {
		var sums checksums
		if a.Weights, sums, err = readWeights(fsys); err == nil {
			a.Changed = sums.changed(files)
		}
	} else {
		a.Weights, err = format.Read(fsys, labels)
	}
	if err != nil {
		return nil, err
	}
	a.Warnings = append(a.Warnings, a.Weights.Warnings...)
	if labels != nil && !slices.Equal(labels, a.Weights.Classes) {
		return nil, fmt.Errorf("%s: class_to_index: does not agree with the classes of %s, which are %q in this order", LabelEncoderFile, file, a.Weights.Classes)
	}
	return &a, nil
}

// parseObject parses the JSON object of one of the files, which may be missing.
func (a *Artifact) parseObject(files map[string][]byte, name string) (Object, error) {
	data, ok := files[name]
	if !ok {
		return Object{}, nil
	}
	object, err := ParseObject(data)
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := object.Check(); err != nil {
		a.Warnings = append(a.Warnings, name+": "+err.Error())
	}
	return object, nil
}

func (a *Artifact) warnOfThreshold(hasArgs bool) {
	const without = ": the most probable class is the answer"
	if !hasArgs {
		a.Warnings = append(a.Warnings, ArgsFile+" is missing, and with it the threshold"+without)
		return
	}
	if value, ok := a.Args.Get(thresholdKey); !ok || value.Kind() == 'n' {
		a.Warnings = append(a.Warnings, ArgsFile+" has no number as threshold"+without)
	}
}

// readWeights reads model.safetensors.
func readWeights(fsys fs.FS) (*linear.Weights, checksums, error) {
	if own, ok := fsys.(lent); ok {
		return linear.Parse(own.weights(), true)
	}
	data, err := ReadFile(fsys, WeightsFile, maxWeightsFile)
	if err != nil {
		return nil, nil, err
	}
	w, sums, err := linear.Parse(data, false)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", WeightsFile, err)
	}
	return w, sums, nil
}

// checkUnchanged returns an error that names the changed files, if there are any.
func (a *Artifact) checkUnchanged() error {
	if len(a.Changed) == 0 {
		return nil
	}
	return fmt.Errorf("%s: changed or damaged since the model was written, says its checksum in %s; "+
		"restore the original, or make a new directory of what is there: tagifai convert DIR OUT, with --set threshold=0.5 for another threshold",
		strings.Join(a.Changed, ", "), WeightsFile)
}

// Write makes dir, with its parents, and writes the artifact into it, together with more, the
// contents of other files by their names. NaN and infinities are written as null. If dir
// exists, the error wraps [fs.ErrExist]. On failure nothing is left behind: the files are
// written into a temporary directory beside dir, which is renamed at the end.
func (a *Artifact) Write(dir string, more map[string][]byte) (err error) {
	if _, err := os.Lstat(dir); err == nil {
		return &fs.PathError{Op: "write artifact", Path: dir, Err: fs.ErrExist}
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
	}
	if len(a.Baseline.Keys()) > 0 {
		if files[BaselineFile], err = indented(a.Baseline); err != nil {
			return err
		}
	}
	if files[WeightsFile], err = a.Weights.Marshal(sumsOf(files)); err != nil {
		return err
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
	if err := os.Chmod(beside, 0o755); err != nil { // MkdirTemp made it for the owner only
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
