package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/dataset"
	"tagifai/internal/golden"
)

// Golden predictions come with every model that the binary writes.
func TestGolden(t *testing.T) {
	dir := trained(t, nil)
	p := parse[object](t, readFile(t, dir, golden.File))
	if n := len(p["texts"].([]any)); n != golden.Count {
		t.Errorf("train wrote %d texts, want %d", n, golden.Count)
	}
	data, err := dataset.Read(labelled)
	if err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]bool)
	for _, row := range data.Rows {
		texts[row.Text] = true
	}
	for _, text := range p["texts"].([]any) {
		if !texts[text.(string)] {
			t.Errorf("%.40q is not of the training texts", text)
		}
	}
	out := filepath.Join(t.TempDir(), "converted")
	succeed(t, "", "convert", filepath.Join(pickles, "1.2-sgd"), out)
	if p = parse[object](t, readFile(t, out, golden.File)); len(p["texts"].([]any)) != golden.Count {
		t.Errorf("convert wrote %d texts, want %d", len(p["texts"].([]any)), golden.Count)
	}

	// What Python wrote beside the pickles is kept, and a model that does not reproduce it
	// is not converted.
	from := filepath.Join(t.TempDir(), "from")
	if err := os.CopyFS(from, os.DirFS(filepath.Join(pickles, "1.2-sgd"))); err != nil {
		t.Fatal(err)
	}
	for i := range p {
		if list, ok := p[i].([]any); ok {
			p[i] = list[:5]
		}
	}
	put(t, filepath.Join(from, golden.File), marshal(t, p))
	out = filepath.Join(t.TempDir(), "kept")
	succeed(t, "", "convert", from, out)
	if diff := cmp.Diff(parse[object](t, readFile(t, out, golden.File)), p); diff != "" {
		t.Error(diff)
	}
	p["tags"].([]any)[2] = "sports"
	put(t, filepath.Join(from, golden.File), marshal(t, p))
	fail(t, []string{from, "golden.json: text 2", `expected "sports"`}, "convert", from, filepath.Join(t.TempDir(), "refused"))
}
