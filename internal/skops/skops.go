// Package skops reads the files of skops.io, in which scikit-learn's users keep models
// without pickles, as data.
//
// A file is a zip archive. Its schema.json is a tree of objects, each with its class and
// what it is made of; arrays are members of their own, .npy and .npz. Nothing in it is
// run. What is read of it is the tree that package pickle makes of a pickle, under the
// same list of classes.
//
// The schema spends some 700 bytes on an n-gram, and a vocabulary of numpy's integers is
// a member for each. So the schema is read as a stream, members as they are asked for,
// and neither is kept. Files are hostile: what they may make this package hold is limited
// by their size, before memory is taken.
package skops

import (
	"bytes"
	"fmt"
	"io"

	"tagifai/internal/pickle"
)

// MaxFile is how many bytes a file may have.
const MaxFile = pickle.MaxFile

// magic begins a zip archive that has members.
const magic = "PK\x03\x04"

// IsArchive reports whether a file that begins with head may be of skops. [IsModel] tells.
func IsArchive(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }

// IsModel reports whether a file of so many bytes is a zip archive with a schema of skops.
func IsModel(r io.ReaderAt, size int64) bool {
	a, err := openArchive(r, size)
	if err != nil {
		return false
	}
	_, ok := a.members[schemaName]
	return ok
}

// Decode reads a file of so many bytes, as skops 0.9 to 0.16 write it, and returns its
// root. An error says in which member of the archive, and where in the schema, what is
// wrong.
func Decode(r io.ReaderAt, size int64, allowed *pickle.Globals) (pickle.Node, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return pickle.Node{}, err
	}
	s, err := a.open(schemaName)
	if err != nil {
		return pickle.Node{}, err
	}
	build := pickle.NewBuilder(allowed, int(size))
	root, err := readSchema(s, build, a, size)
	if err != nil {
		return pickle.Node{}, fmt.Errorf("%s: %w", schemaName, err)
	}
	return build.Root(root), nil
}
