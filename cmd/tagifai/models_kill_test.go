package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tagifai/internal/binarytest"
	"tagifai/internal/registry"
	"tagifai/internal/store"
)

var kills = flag.Int("kills", 10, "how often models add and models alias are killed")

func fifo(t *testing.T, name string) {
	t.Helper()
	if err := syscall.Mkfifo(name, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Whenever add and alias are killed, the store opens, all versions in it are whole and
// reproduce their golden predictions, and the aliases are what a command that succeeded
// made them, or one that was killed was about to.
func TestModelsKilled(t *testing.T) {
	binary := binarytest.Path(t)
	artifact := trained(t, nil)
	dir := filepath.Join(t.TempDir(), "models")
	models := func(args ...string) *exec.Cmd {
		return exec.Command(binary, append([]string{"models", "--models", dir}, args...)...)
	}
	run := func(args ...string) time.Duration {
		t.Helper()
		start := time.Now()
		if out, err := models(args...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", args, err, out)
		}
		return time.Since(start)
	}
	took := max(run("add", "tagger", artifact, "--alias", "stable"), run("add", "tagger", artifact))
	st, err := store.Open(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	// whole returns the versions, once it has seen that they are whole.
	whole := func() []int {
		t.Helper()
		versions, err := st.Versions("tagger")
		if err != nil {
			t.Fatal(err)
		}
		var numbers []int
		for _, version := range versions {
			if _, err := st.Verify(t.Context(), "tagger", version.Number); err != nil {
				t.Fatal(err)
			}
			if _, err := registry.Open(os.DirFS(st.VersionDir("tagger", version.Number))); err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, version.Number)
		}
		return numbers
	}
	at := func() int {
		t.Helper()
		a, err := st.Aliases("tagger")
		if err != nil {
			t.Fatal(err)
		}
		return a.Aliases[store.Stable]
	}
	// killed runs a command, kills it at a random moment, and returns what it printed.
	inTime, tooLate := 0, 0
	killed := func(args ...string) string {
		t.Helper()
		var out strings.Builder
		cmd := models(args...)
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(took))
		_ = cmd.Process.Kill() // it may have ended
		if cmd.Wait() == nil {
			tooLate++
		} else {
			inTime++
		}
		return out.String()
	}

	before := whole()
	for inTime < *kills {
		printed := killed("add", "tagger", artifact)
		after := whole()
		if len(after) != len(before) && len(after) != len(before)+1 || fmt.Sprint(after[:len(before)]) != fmt.Sprint(before) {
			t.Fatalf("there were versions %v, and are %v", before, after)
		}
		if number, err := strconv.Atoi(strings.TrimSpace(printed)); err == nil && number != after[len(after)-1] {
			t.Fatalf("version %d was added, and there are %v", number, after)
		}
		if len(after) > 6 { // so that looking at them does not take ever longer
			run("remove", "tagger", strconv.Itoa(after[1]))
			after = whole()
		}
		before = after
	}
	t.Logf("add: killed %d times; %d times it was done before", inTime, tooLate)

	took = run("alias", "tagger", "stable", strconv.Itoa(before[1]))
	inTime, tooLate = 0, 0
	for i := 0; inTime < *kills; i++ {
		was, next := at(), before[i%2]
		printed := killed("alias", "tagger", "stable", strconv.Itoa(next))
		if now := at(); now != next && (now != was || printed != "") {
			t.Fatalf("stable was at %d and was moved to %d, and it is at %d; the command printed %q", was, next, now, printed)
		}
	}
	whole()
	t.Logf("alias: killed %d times; %d times it was done before", inTime, tooLate)

	// What is left behind is out of the way, and goes once it is old.
	leftovers := func() []string {
		var names []string
		for _, parent := range []string{filepath.Join(dir, "tagger"), filepath.Join(dir, "tagger", "versions")} {
			for _, name := range list(t, parent) {
				if strings.HasPrefix(name, ".add.") || strings.Contains(name, ".new.") {
					names = append(names, filepath.Join(parent, name))
				}
			}
		}
		return names
	}
	t.Logf("left behind: %d", len(leftovers()))
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range leftovers() {
		for _, path := range append(listPaths(name), name) {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	run("add", "tagger", artifact)
	if names := leftovers(); len(names) > 0 {
		t.Errorf("still there: %q", names)
	}
}

// listPaths returns the paths of what is in a directory, none for a file.
func listPaths(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var paths []string
	for _, entry := range entries {
		paths = append(paths, filepath.Join(dir, entry.Name()))
	}
	return paths
}
