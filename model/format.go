package model

import (
	"errors"
	"fmt"
	"io/fs"
)

// A Format reads the weights of an artifact directory that another tool wrote.
type Format struct {
	Name string // of the tool, for people: "scikit-learn"
	File string // whose presence tells that the directory is of this format: "model.pkl"

	// Read reads the weights of the directory that is the root of fsys. labels are
	// the names of the classes by index, as label_encoder.json has them; nil without
	// that file. It returns valid weights, whose classes are the labels if there are
	// any, or an error that names file, field and reason. Every file is hostile to
	// it: it must not run what it reads, nor take more memory than a small multiple
	// of what it was given.
	Read func(fsys fs.FS, labels []string) (*Weights, error)
}

// formats are tried in this order. The first is our own.
var formats = []Format{{Name: "tagifai", File: WeightsFile}}

// RegisterFormat makes a format known to [Open] and its like, as image.RegisterFormat
// does for pictures. It is for init functions: it must not run beside anything else.
// Where the files of several formats lie in one directory, our own goes first and the
// others in the order in which they were registered. A format without a file or a
// reader, or with the file of another, is a mistake of the program, and a panic.
func RegisterFormat(f Format) {
	if f.File == "" || f.Read == nil {
		panic(fmt.Sprintf("model: format %q has no file or no reader", f.Name))
	}
	for _, other := range formats {
		if other.File == f.File {
			panic(fmt.Sprintf("model: formats %q and %q have the same file, %s", other.Name, f.Name, f.File))
		}
	}
	formats = append(formats, f)
}

// findFormat returns the format of an artifact directory: our own, whose reader will
// say what is missing, if there is no sign of any.
func findFormat(fsys fs.FS) (*Format, error) {
	for i := range formats {
		_, err := fs.Stat(fsys, formats[i].File)
		if err == nil {
			return &formats[i], nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return &formats[0], nil
}

// own says whether the format is our own.
func (f *Format) own() bool { return f.File == WeightsFile }
