package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tagifai/internal/store"
)

// mount mounts, if it may, until the test ends.
func mount(t *testing.T, source, dir, kind string, flags uintptr, data string) {
	t.Helper()
	if err := syscall.Mount(source, dir, kind, flags, data); err != nil {
		t.Skipf("needs to be allowed to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
}

// A full disk is an error that says so; what was there stays, and serves.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=256k")
	s := open(t, dir)
	add(t, s, 1)
	add(t, s, 2)
	move(t, s, store.Stable, 1)
	before := inside(t, s)
	_, err := s.Add(t.Context(), "m", source(t, strings.Repeat("x", 1<<20)), origin)
	refused(t, err, syscall.ENOSPC)
	if diff := strings.Join(inside(t, s), "\n"); diff != strings.Join(before, "\n") {
		t.Errorf("left behind:\n%s", diff)
	}
	fill, err := os.Create(filepath.Join(dir, "fill"))
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = fill.Write(block)
	}
	fill.Close()
	_, err = s.Move(t.Context(), "m", store.Stable, 2, "tester")
	refused(t, err, syscall.ENOSPC)
	a, err := s.Aliases("m")
	if err != nil || a.Aliases[store.Stable] != 1 {
		t.Errorf("got %+v, %v", a, err)
	}
	if err := os.Remove(fill.Name()); err != nil {
		t.Fatal(err)
	}
	move(t, s, store.Stable, 2)
	for version := range 2 {
		if _, err := s.Verify(t.Context(), "m", version+1); err != nil {
			t.Error(err)
		}
	}
}

// A store that cannot be written to is read, and every change says why it is none.
func TestReadOnly(t *testing.T) {
	s := filled(t, 2)
	move(t, s, store.Stable, 1)
	move(t, s, store.Stable, 2)
	put(t, filepath.Join(s.VersionDir("m", 3), "weights"), "by hand")
	mount(t, s.Dir(), s.Dir(), "", syscall.MS_BIND, "")
	if err := syscall.Mount("", s.Dir(), "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("needs to be allowed to mount: %v", err)
	}
	ctx := t.Context()
	for name, change := range map[string]func() error{
		"add":       func() error { _, err := s.Add(ctx, "m", source(t, "x"), origin); return err },
		"add a new": func() error { _, err := s.Add(ctx, "n", source(t, "x"), origin); return err },
		"adopt":     func() error { return s.Adopt(ctx, "m", 3, origin) },
		"move":      func() error { _, err := s.Move(ctx, "m", store.Stable, 1, "tester"); return err },
		"unalias":   func() error { _, err := s.Unalias(ctx, "m", "next", "tester"); return err },
		"rollback":  func() error { _, err := s.Rollback(ctx, "m", store.Stable, "tester"); return err },
		"canary":    func() error { _, err := s.SetCanary(ctx, "m", &store.Canary{Version: 1}, "tester"); return err },
		"shadow":    func() error { _, err := s.SetShadow(ctx, "m", nil, "tester"); return err },
		"remove":    func() error { return s.Remove(ctx, "m", 1) },
	} {
		t.Run(name, func(t *testing.T) { refused(t, change(), store.ErrReadOnly, "the store is read-only here") })
	}
	if _, err := s.Verify(ctx, "m", 1); err != nil {
		t.Error(err)
	}
	// Its aliases can be kept elsewhere.
	elsewhere, err := store.Open(s.Dir(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	move(t, elsewhere, store.Stable, 1)
}

// With read-only aliases, as those of a ConfigMap, versions can be added and removed.
func TestReadOnlyAliases(t *testing.T) {
	aliases := t.TempDir()
	put(t, filepath.Join(aliases, "m.json"), `{"aliases": {"stable": 1}}`)
	mount(t, aliases, aliases, "", syscall.MS_BIND, "")
	if err := syscall.Mount("", aliases, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("needs to be allowed to mount: %v", err)
	}
	s, err := store.Open(t.TempDir(), aliases, nil)
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, 2) // the aliases know of 1
	add(t, s, 3)
	if err := s.Remove(t.Context(), "m", 3); err != nil {
		t.Error(err)
	}
	_, err = s.Move(t.Context(), "m", store.Stable, 2, "tester")
	refused(t, err, store.ErrReadOnly)
}
