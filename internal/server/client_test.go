package server_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A client that a stranger generates from the document can talk to the service. The
// generator and what its code imports come from the module cache or the network.
func TestGeneratedClient(t *testing.T) {
	if testing.Short() {
		t.Skip("generating and building a client is slow")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/client")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
	tool := []string{"-C", root, "tool", "-modfile=" + filepath.Join(root, ".tools", "go.mod")}
	for _, prepare := range [][]string{append(tool, "-n", "oapi-codegen"), {"mod", "download"}} {
		if output, err := run("go", prepare...); err != nil {
			t.Skipf("the generator of clients is not to be had: go %q: %v\n%s", prepare, err, output)
		}
	}

	if output, err := run("go", append(tool, "oapi-codegen", "-generate", "types,client", "-package", "main",
		"-o", filepath.Join(dir, "client.go"), filepath.Join("api", "openapi.json"))...); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	program := filepath.Join(dir, "client")
	if output, err := run("go", "build", "-o", program, "."); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	s := start(t, settings())
	got, err := run(program, s.url)
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	const want = `predict: "CNNs for image segmentation." is computer-vision
include: 4 probabilities, a model: true
refused: 422, value_error.any_str.min_length at text 0
performance: F1 above 0.5: true
args: analyzer is char_wb
`
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}
