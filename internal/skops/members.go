package skops

import (
	"bytes"
	"fmt"

	"tagifai/internal/pickle"
)

// arrayNode makes an array, or one of numpy's scalars.
func (s *schemaReader) arrayNode(n *node, at place) (err error) {
	isArray := n.name() == "numpy.ndarray" || n.name() == "numpy.memmap"
	if !isArray && n.module != "numpy" {
		_, err := s.build.Class(n.name(), at.use())
		if err == nil {
			err = fmt.Errorf("%s is not an array", shown(n.name()))
		}
		return err
	}
	switch {
	case n.kind == "json" && n.made && isArray:
		n.value, err = s.build.Objects(n.value, n.shape)
		return err
	case n.kind != "numpy" || n.made:
		return fmt.Errorf("%s is neither in a file nor a list of objects", shown(n.name()))
	case !isArray:
		return s.scalarNode(n)
	}
	file, err := s.archive.read(nil, n.file)
	if err != nil {
		return err
	}
	a, err := parseNPY(file)
	if err == nil {
		n.value, err = s.build.Array(a.dtype, a.shape, a.fortran, a.data)
	}
	if err != nil {
		err = fmt.Errorf("member %s: %w", shown(n.file), err)
	}
	return err
}

// scalarNode reads a member that holds one number. A vocabulary may have 100,000 of them,
// which all begin alike.
func (s *schemaReader) scalarNode(n *node) (err error) {
	if s.scratch, err = s.archive.read(s.scratch[:0], n.file); err != nil {
		return err
	}
	data, ok := bytes.CutPrefix(s.scratch, s.header)
	if len(s.header) == 0 || !ok {
		if s.scalar, err = parseNPY(s.scratch); err == nil && len(s.scalar.shape) > 0 {
			err = fmt.Errorf("an array of shape %v, where one number belongs", s.scalar.shape)
		}
		if err != nil {
			s.header = nil
			return fmt.Errorf("member %s: %w", shown(n.file), err)
		}
		data = s.scalar.data
		s.header = bytes.Clone(s.scratch[:len(s.scratch)-len(data)])
	}
	if n.value, err = s.build.Scalar(s.scalar.dtype, data); err != nil {
		err = fmt.Errorf("member %s: %w", shown(n.file), err)
	}
	return err
}

// matrixNode makes an instance of one of scipy's matrices, with the attributes that it
// has in a pickle.
func (s *schemaReader) matrixNode(n *node, at place) (err error) {
	if n.kind != "scipy" {
		return fmt.Errorf("%s is not in a file", shown(n.name()))
	}
	if n.value, err = s.build.Object(n.name(), at.use()); err != nil {
		return err
	}
	state, err := s.build.Dict()
	if err != nil {
		return err
	}
	s.build.SetState(n.value, state)
	data, err := s.archive.read(nil, n.file)
	if err == nil {
		err = s.matrix(state, data)
	}
	if err != nil {
		err = fmt.Errorf("member %s: %w", shown(n.file), err)
	}
	return err
}

// matrix reads the arrays of a matrix from an .npz, an archive of its own.
func (s *schemaReader) matrix(state pickle.Value, npz []byte) error {
	a, err := openArchive(bytes.NewReader(npz), int64(len(npz)))
	if err != nil {
		return err
	}
	a.left = s.archive.left
	defer func() { s.archive.left = a.left }()
	for _, name := range []string{"shape", "data", "indices", "indptr", "offsets"} {
		member := name + ".npy"
		if _, ok := a.members[member]; !ok {
			continue // which there are depends on the kind of matrix
		}
		file, err := a.read(nil, member)
		if err != nil {
			return err
		}
		array, err := parseNPY(file)
		if err != nil {
			return fmt.Errorf("member %s: %w", shown(member), err)
		}
		var v pickle.Value
		if name == "shape" {
			name = "_shape"
			v, err = s.tuple(array)
		} else {
			v, err = s.build.Array(array.dtype, array.shape, array.fortran, array.data)
		}
		if err != nil {
			return fmt.Errorf("member %s: %w", shown(member), err)
		}
		key, err := s.build.Text([]byte(name))
		if err != nil {
			return err
		}
		if err := s.build.Append(state, key, v); err != nil {
			return err
		}
	}
	return nil
}

// tuple makes a tuple of the two numbers of an array.
func (s *schemaReader) tuple(a npy) (pickle.Value, error) {
	const dimensions = 2
	if len(a.shape) != 1 || a.shape[0] != dimensions || len(a.data)%dimensions != 0 {
		return pickle.Value{}, fmt.Errorf("the shape of a matrix is an array of shape %v", a.shape)
	}
	tuple, err := s.build.Tuple()
	if err != nil {
		return tuple, err
	}
	half := len(a.data) / dimensions
	for i := range dimensions {
		n, err := s.build.Scalar(a.dtype, a.data[i*half:][:half])
		if err != nil {
			return tuple, err
		}
		if err := s.build.Append(tuple, n); err != nil {
			return tuple, err
		}
	}
	return tuple, nil
}

func (s *schemaReader) bytesNode(n *node) error {
	data, err := s.archive.read(nil, n.file)
	if err != nil {
		return err
	}
	n.value, err = s.build.Bytes(data)
	return err
}
