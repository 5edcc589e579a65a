// Package binarytest builds the program for tests that run it as a process.
package binarytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Version is the version of what is built.
const Version = "v0.0.0-test"

var (
	dir   string // set by Run
	build = sync.OnceValues(func() ([]byte, error) {
		return exec.Command("go", "build", "-ldflags", "-s -w -X main.version="+Version, "-o", path(), "tagifai/cmd/tagifai").CombinedOutput()
	})
)

func path() string { return filepath.Join(dir, "tagifai") }

// Run runs the tests of a package, removes what they built, and returns their exit code. It
// is for TestMain.
func Run(m *testing.M) int {
	var err error
	if dir, err = os.MkdirTemp("", "tagifai-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	return m.Run()
}

// Path returns the path of the program, which the first test that asks for it builds.
func Path(t *testing.T) string {
	t.Helper()
	if out, err := build(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path()
}
