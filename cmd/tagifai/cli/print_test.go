package cli_test

import (
	"math"
	"strings"
	"testing"

	"tagifai/cmd/tagifai/cli"
)

// A line follows the JSON, so that the prompt of a shell begins a new one, and nothing is
// printed of a value that JSON cannot hold.
func TestPrintJSON(t *testing.T) {
	var out strings.Builder
	if err := cli.PrintJSON(&out, map[string]int{"b": 2, "a": 1}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "{\n  \"a\": 1,\n  \"b\": 2\n}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	out.Reset()
	if err := cli.PrintJSON(&out, []float64{1, math.NaN()}); err == nil || out.String() != "" {
		t.Errorf("got %q, %v", &out, err)
	}
}
