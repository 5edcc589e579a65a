// Package pickle reads Python's pickles, and those that joblib writes, as data.
//
// A pickle is a program that calls classes and functions by their names. This package
// does not run it. Its opcodes make a tree of inert values, which a [Node] walks; the
// classes and functions that it may name are those of a list, [Globals], which the
// caller passes; and no code of any class is behind a value but the little here:
// Python's containers and numpy's arrays.
//
// Files are hostile. Their size, what compressed ones grow to, and the number and depth
// of what they hold are limited before memory is taken.
package pickle

// Decode reads a pickle of protocol 2 to 5, which joblib may have written and
// compressed, and returns its root. An error says at which byte of the uncompressed
// file it is and what is wrong there.
//
// The tree refers to file, which must not change as long as a Node of it is in use.
func Decode(file []byte, allowed *Globals) (Node, error) {
	data, err := inflate(file)
	if err != nil {
		return Node{}, err
	}
	return unpickle(data, allowed)
}
