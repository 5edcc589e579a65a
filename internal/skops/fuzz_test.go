package skops

import (
	"bytes"
	"io"
	"testing"

	"tagifai/internal/pickle"
)

// FuzzDecode looks for archives that make the reader panic, hang, or change them.
func FuzzDecode(f *testing.F) {
	for _, data := range fixtures(f) {
		f.Add(data)
	}
	for _, c := range hostile(f) {
		if len(c.data) < 1<<16 {
			f.Add(c.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		n, err := decode(data)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		if err == nil {
			visit(n, 3)
		}
	})
}

// FuzzSchema does so with archives that are whole: it changes what is in their members.
func FuzzSchema(f *testing.F) {
	seed := func(data []byte) {
		a, err := openArchive(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		r, err := a.open(schemaName)
		if err != nil {
			return
		}
		schema, err := io.ReadAll(r)
		if err != nil || len(schema) > 1<<17 {
			return
		}
		var member []byte
		for name := range a.members {
			if name != schemaName {
				member, _ = a.read(nil, name)
			}
		}
		f.Add(schema, member)
	}
	for _, data := range fixtures(f) {
		seed(data)
	}
	for _, c := range hostile(f) {
		seed(c.data)
	}
	f.Fuzz(func(_ *testing.T, schema, member []byte) {
		data := rawArchive(file{name: schemaName, data: string(schema)}, file{name: "1.npy", data: string(member)}, file{name: "1.npz", data: string(member)})
		if n, err := decode(data); err == nil {
			visit(n, 3)
		}
	})
}

// FuzzNPY looks for headers of arrays that make the reader panic.
func FuzzNPY(f *testing.F) {
	for _, header := range []string{
		eight,
		"{'descr': '<f8', 'fortran_order': True, 'shape': (3, 4), }",
		"{'descr': '<U3', 'fortran_order': False, 'shape': (2,), }",
		"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }",
	} {
		f.Add(npyOf(header, zeros))
	}
	f.Fuzz(func(t *testing.T, file string) {
		a, err := parseNPY([]byte(file))
		if err != nil {
			return
		}
		if len(a.data) > len(file) {
			t.Errorf("%d bytes of data in a file of %d", len(a.data), len(file))
		}
		build := pickle.NewBuilder(allowed, len(file))
		if v, err := build.Array(a.dtype, a.shape, a.fortran, a.data); err == nil {
			visit(build.Root(v), 0)
		}
	})
}

// visit calls methods of a node, and of what it holds down to some depth.
func visit(n pickle.Node, depth int) {
	_, _ = n.String(), n.Kind()
	_, _ = n.Text()
	_, _ = n.Texts()
	_, _ = n.Integers()
	_, _, _ = n.Numbered()
	shape, _ := n.Shape()
	_, _ = n.Numbers(shape...)
	if depth == 0 {
		return
	}
	for i := range min(n.Len(), 10) {
		visit(n.Item(i), depth-1)
	}
	for _, name := range []string{"steps", "vocabulary_", "coef_", "classes_", "data"} {
		a, _ := n.Find(name)
		visit(a, depth-1)
	}
}
