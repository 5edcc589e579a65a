package model

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"tagifai/model/linear"
)

// A Format reads the weights of artifact directories that another tool wrote. Our own
// format needs none: [ReadArtifact] and its like always look for it first, and then
// for the formats that the caller passes, in their order.
type Format struct {
	Name   string // of the tool, for people: "scikit-learn"
	Sought string // what Find looks for, for people: "model.pkl"

	// Find returns the name of the file that shows that the root of fsys is a directory of
	// this format, and "" if it is not. For a format that is known by the name of a file,
	// [FindFile] does that.
	Find func(fsys fs.FS) (file string, err error)

	// File returns a format that reads the file of this name, and not what else the
	// directory may have. ok is false if the file holds no model. A nil File means that
	// the file of Find stands for its directory.
	File func(fsys fs.FS, name string) (f Format, ok bool)

	// Read reads the weights of the directory that is the root of fsys. labels are
	// the names of the classes by index, as label_encoder.json has them; nil without
	// that file. It returns valid weights, whose classes are the labels if there are
	// any, or an error that names file, field and reason. It trusts no file: it does
	// not run what it reads, nor take more memory than a small multiple of it.
	Read func(fsys fs.FS, labels []string) (*linear.Weights, error)

	own bool // whether it is ours, which has files that those of others may lack
}

// ownFormat has no Read: its weights come with the checksums of the other files.
var ownFormat = Format{
	Name:   "tagifai",
	Sought: WeightsFile,
	Find:   func(fsys fs.FS) (string, error) { return FindFile(fsys, WeightsFile) },
	own:    true,
}

// FindFile returns name if the root of fsys has a file of this name, and "" if not.
func FindFile(fsys fs.FS, name string) (string, error) {
	_, err := fs.Stat(fsys, name)
	switch {
	case err == nil:
		return name, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	}
	return "", err
}

// withOwn returns all formats, in the order in which they are tried.
func withOwn(others []Format) []Format { return append([]Format{ownFormat}, others...) }

// findFormat returns the format of the directory that is the root of fsys, and the
// file that shows it.
func findFormat(fsys fs.FS, others []Format) (format Format, file string, err error) {
	for _, f := range withOwn(others) {
		if file, err := f.Find(fsys); file != "" || err != nil {
			return f, file, err
		}
	}
	return Format{}, "", unrecognized(fsys, others)
}

// unrecognized is the error for a directory that is of none of the formats. It says
// what was looked for and what is there.
func unrecognized(fsys fs.FS, others []Format) error {
	found, err := contents(fsys, others)
	if err != nil {
		return err
	}
	return fmt.Errorf("no model found: looked for %s; the directory has %s", sought(others), found)
}

// sought says what files show that a directory is of one of the formats.
func sought(others []Format) string {
	var files []string
	for _, f := range withOwn(others) {
		files = append(files, fmt.Sprintf("%s (%s)", f.Sought, f.Name))
	}
	return strings.Join(files, ", ")
}

// contents says what the root of fsys has: the subdirectories with models if there are
// any, or else its first entries.
func contents(fsys fs.FS, others []Format) (string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return "", e.Err // its path, ".", says nothing: the caller names the directory
	}
	if err != nil {
		return "", err
	}
	var names, models []string
	for _, entry := range entries {
		name := entry.Name()
		sub, err := fs.Sub(fsys, name)
		if err == nil && !strings.HasPrefix(name, ".") && hasModel(sub, others) {
			models = append(models, fmt.Sprintf("%q", name))
		}
		if entry.IsDir() {
			name += "/"
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	switch {
	case len(models) > 0:
		return "models in " + some(models), nil
	case len(names) == 0:
		return "nothing", nil
	}
	return some(names), nil
}

// some lists the first of the names.
func some(names []string) string {
	const most = 10
	if len(names) > most {
		names = append(names[:most:most], fmt.Sprintf("%d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}

// hasModel reports whether the root of fsys is of one of the formats.
func hasModel(fsys fs.FS, others []Format) bool {
	return slices.ContainsFunc(withOwn(others), func(f Format) bool {
		file, err := f.Find(fsys)
		return file != "" && err == nil
	})
}
