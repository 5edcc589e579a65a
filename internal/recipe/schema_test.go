package recipe

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write configs/args.schema.json")

// TestSchema holds configs/args.schema.json against the code.
func TestSchema(t *testing.T) {
	const file = "../../configs/args.schema.json"
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s; to write it: go test ./internal/recipe -update (-got +want):\n%s", file, diff)
	}
}
