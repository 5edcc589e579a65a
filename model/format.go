package model

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// A Format reads the weights of artifact directories that another tool wrote. Our own
// format needs none: [ReadArtifact] and its like always look for it first, and then
// for the formats that the caller passes, in their order.
type Format struct {
	Name   string // of the tool, for people: "scikit-learn"
	Sought string // what Find looks for, for people: "model.pkl"

	// Find returns the name of the file that shows that the directory which is the root
	// of fsys is of this format, and "" if it is not. [FindFile] does for a format that
	// is known by the name of a file.
	Find func(fsys fs.FS) (file string, err error)

	// Read reads the weights of the directory that is the root of fsys. labels are
	// the names of the classes by index, as label_encoder.json has them; nil without
	// that file. It returns valid weights, whose classes are the labels if there are
	// any, or an error that names file, field and reason. Every file is hostile to
	// it: it must not run what it reads, nor take more memory than a small multiple
	// of what it was given.
	Read func(fsys fs.FS, labels []string) (*Weights, error)

	own bool // whether it is ours, which has files that those of others may lack
}

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
	formats := withOwn(others)
	for _, f := range formats {
		if file, err := f.Find(fsys); file != "" || err != nil {
			return f, file, err
		}
	}
	return Format{}, "", unrecognized(fsys, formats)
}

// unrecognized is the error for a directory that is of none of these formats. It says
// what was looked for and what is there.
func unrecognized(fsys fs.FS, formats []Format) error {
	entries, err := fs.ReadDir(fsys, ".")
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err // its path, ".", says nothing: the caller names the directory
	}
	if err != nil {
		return err
	}
	var sought, found []string
	for _, f := range formats {
		sought = append(sought, fmt.Sprintf("%s (%s)", f.Sought, f.Name))
	}
	const most = 10
	for i, entry := range entries {
		if i == most {
			found = append(found, fmt.Sprintf("%d more", len(entries)-most))
			break
		}
		name := entry.Name()
		if entry.IsDir() {
			name += "/"
		}
		found = append(found, fmt.Sprintf("%q", name))
	}
	if len(found) == 0 {
		found = []string{"nothing"}
	}
	return fmt.Errorf("no model found: looked for %s; the directory has %s", strings.Join(sought, ", "), strings.Join(found, ", "))
}
