package pickle

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// pickles are the files of the fixtures of scikit-learn, by their paths.
func pickles(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "sklearn", "testdata", "*", "*.pkl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no seeds: %v", err)
	}
	pickles := make(map[string][]byte)
	for _, file := range files {
		if pickles[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return pickles
}

// FuzzUnpickle looks for bytes that make the machine panic, hang, or hold more than
// its limits.
func FuzzUnpickle(f *testing.F) {
	for _, data := range pickles(f) {
		if data, err := inflate(data); err == nil {
			f.Add(data)
		}
	}
	for _, c := range hostile {
		f.Add([]byte(c.pickle))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		n, err := unpickle(data, allowed)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			return
		}
		if n := len(n.tree.heap); n > baseLimit+len(data)/bytesPerObject {
			t.Errorf("%d objects from %d bytes", n, len(data))
		}
		if n := len(n.tree.extra); n > len(data) {
			t.Errorf("%d bytes decoded from %d", n, len(data))
		}
		visit(n, 3)
	})
}

// visit calls every method of a node, and of what it holds down to some depth.
func visit(n Node, depth int) {
	_, _, _, _ = n.String(), n.Kind(), n.Global(), n.DType()
	_, _ = n.Bool()
	_, _ = n.Int()
	_, _ = n.Float()
	_, _ = n.Excerpt(), n.Is("x")
	_, _ = n.Texts()
	_, _, _ = n.Numbered()
	_, _ = n.Integers()
	shape, _ := n.Shape()
	_, _ = n.Numbers(shape...)
	_, _ = n.View(shape...)
	_, _ = n.Flag("lowercase")
	_, _ = n.OneOf("analyzer", "char")
	_, _ = n.Floats("coef_", 4, 64)
	if depth == 0 {
		return
	}
	for i := range min(n.Len(), 10) {
		visit(n.Item(i), depth-1)
	}
	for _, name := range []string{"steps", "_tfidf", "vocabulary_", "coef_", "classes_"} {
		a, _ := n.Find(name)
		visit(a, depth-1)
	}
}
