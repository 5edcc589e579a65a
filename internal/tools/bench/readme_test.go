package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the figures of results/results.json into README.md")

// README shows the committed results.
func TestReadme(t *testing.T) {
	const file, begin, end = "../../../README.md", "<!-- figures -->\n\n", "\n<!-- /figures -->\n"
	results, err := readResults("results")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %s… %s", file, begin, end)
	}
	want := before + begin + string(readme(results)) + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(content), want); diff != "" {
		t.Errorf("README.md does not show results/results.json: run go test ./internal/tools/bench -update (-got +want)\n%s", diff)
	}
	table, err := os.ReadFile("results/table.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(table), string(markdown(results))); diff != "" {
		t.Errorf("results/table.md does not show results/results.json: make both with bin/bench join (-got +want)\n%s", diff)
	}
}
