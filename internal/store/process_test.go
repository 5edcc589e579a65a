//go:build unix

package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tagifai/internal/store"
)

// The test binary is also the program that the tests start many times:
// STORE_TEST is "mover|adder claims|locks DIR NUMBER".
func TestMain(m *testing.M) {
	if text := os.Getenv("STORE_TEST"); text != "" {
		words := strings.Fields(text)
		number, err := strconv.Atoi(words[3])
		if err == nil {
			if words[1] == "claims" {
				store.WithoutKernelLocks(5 * time.Second)
			}
			err = map[string]func(string, int) error{"mover": moveOften, "adder": addOften}[words[0]](words[2], number)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	processes = 4
	movesEach = 60
	addsEach  = 15
)

// moveOften moves an alias of its own and one of all, and sees that none of its own moves
// is lost, and that no move of anybody's is missing in the history.
func moveOften(dir string, number int) error {
	s, err := store.Open(dir, "", nil)
	if err != nil {
		return err
	}
	own := fmt.Sprint("own-", number)
	for i := range movesEach {
		version := 1 + i%2
		for _, alias := range []string{own, store.Stable} {
			if _, err := s.Move(context.Background(), "m", alias, version, own); err != nil {
				return err
			}
		}
		a, err := s.Aliases("m")
		if err != nil {
			return err
		}
		if a.Aliases[own] != version {
			return fmt.Errorf("move %d of %s to %d is lost: it is at %d", i, own, version, a.Aliases[own])
		}
		at := make(map[string]int)
		for _, move := range a.History {
			if was, known := at[move.What]; known && move.From != was {
				return fmt.Errorf("%s moves from %d, and it was at %d", move.What, move.From, was)
			}
			at[move.What] = move.To
		}
		for alias, version := range at {
			if a.Aliases[alias] != version {
				return fmt.Errorf("%s is at %d, and its last move went to %d", alias, a.Aliases[alias], version)
			}
		}
	}
	return nil
}

func addOften(dir string, number int) error {
	s, err := store.Open(dir, "", nil)
	if err != nil {
		return err
	}
	for i := range addsEach {
		d, err := s.Draft("m")
		if err != nil {
			return err
		}
		content := fmt.Sprint(number, " ", i)
		if err := os.WriteFile(filepath.Join(d.Dir(), "weights"), []byte(content), 0o644); err != nil {
			return err
		}
		version, err := d.Commit(context.Background(), store.Origin{Source: content})
		if err != nil {
			return err
		}
		if data, err := os.ReadFile(filepath.Join(s.VersionDir("m", version), "weights")); err != nil || string(data) != content {
			return fmt.Errorf("version %d has %q, want %q; %w", version, data, content, err)
		}
	}
	return nil
}

// together runs the program so many times at once.
func together(t *testing.T, what, dir string) {
	t.Helper()
	var group sync.WaitGroup
	for number := range processes {
		group.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), fmt.Sprintf("STORE_TEST=%s %s %d", what, dir, number))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d: %v: %s", number, err, out)
			}
		})
	}
	group.Wait()
}

// Several processes that move aliases at once lose no move, with locks of the kernel and
// without.
func TestMovers(t *testing.T) {
	for _, locks := range []string{"locks", "claims"} {
		t.Run(locks, func(t *testing.T) {
			t.Parallel()
			s := filled(t, 2)
			together(t, "mover "+locks, s.Dir())
			a, err := s.Aliases("m")
			if err != nil || len(a.Aliases) != processes+1 {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
}

// Several processes that add at once get a number each.
func TestAdders(t *testing.T) {
	for _, locks := range []string{"locks", "claims"} {
		t.Run(locks, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			together(t, "adder "+locks, s.Dir())
			versions, err := s.Versions("m")
			if err != nil || len(versions) != processes*addsEach {
				t.Fatalf("%d versions, want %d; %v", len(versions), processes*addsEach, err)
			}
			sources := make(map[string]bool)
			for _, version := range versions {
				if _, err := s.Verify(t.Context(), "m", version.Number); err != nil {
					t.Error(err)
					continue
				}
				sources[version.Manifest.Source] = true
			}
			if len(sources) != len(versions) {
				t.Errorf("%d different versions of %d", len(sources), len(versions))
			}
			for _, name := range inside(t, s) {
				if strings.Contains(name, ".add.") || strings.HasSuffix(name, ".claim") {
					t.Errorf("left behind: %s", name)
				}
			}
		})
	}
}

// Where the kernel locks nothing, the claim of a dead process is taken away.
func TestDeadClaim(t *testing.T) {
	s := filled(t, 1)
	claim := filepath.Join(s.Dir(), "m", ".aliases.json.lock.claim")
	put(t, claim, "dead")
	start := time.Now()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("STORE_TEST=adder claims %s 0", s.Dir()))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if took := time.Since(start); took < 4*time.Second {
		t.Errorf("the claim was taken away after %v", took)
	}
	if _, err := os.Lstat(claim); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a claim is left behind: %v", err)
	}
}

// A reader never sees half a file or none while others move aliases.
func TestReadWhileMoved(t *testing.T) {
	s := filled(t, 2)
	move(t, s, store.Stable, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			if _, err := s.Move(context.Background(), "m", store.Stable, 1+i%2, "tester"); err != nil {
				t.Error(err)
			}
		}
	}()
	for {
		a, err := s.Aliases("m")
		if err != nil || a.Aliases[store.Stable] == 0 {
			t.Fatalf("got %+v, %v", a, err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

// A version that is deleted under its reader is an error, and no more.
func TestDeletedWhileRead(t *testing.T) {
	s := open(t, t.TempDir())
	for range 30 {
		version, err := s.Add(t.Context(), "m", source(t, strings.Repeat("weights", 100_000)), origin)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- s.Remove(context.Background(), "m", version) }()
		for {
			if _, err := s.Verify(t.Context(), "m", version); err != nil {
				break
			}
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		_, err = s.Verify(t.Context(), "m", version)
		refused(t, err, store.ErrNotFound)
	}
}
