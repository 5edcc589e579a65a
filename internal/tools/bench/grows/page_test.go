package grows

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const results = "../results"

// TestPage makes sure that the committed page says what the committed figures say.
func TestPage(t *testing.T) {
	all, err := read(results)
	if err != nil {
		t.Fatal(err)
	}
	got, err := markdown(all)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(results + "/growth.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("growth.md is not what growth.json and page.md.tmpl make; bin/bench -only grows -axes '' -out internal/tools/bench/results writes it (-got +want):\n%s", diff)
	}
	for _, a := range axes {
		if r := all[a.name]; r == nil {
			t.Errorf("%s: got no figures", a.name)
		} else if png, err := picture(a, r); err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
			t.Errorf("%s: got error %v and %d bytes, want a PNG", a.name, err, len(png))
		}
	}
}
