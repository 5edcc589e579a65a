package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A cgroup is a group of processes whose memory is limited, as in a container. It works
// with both versions of Linux's control groups.
type cgroup struct {
	dir string
	v1  bool
}

// newCgroup makes a group below the root, which takes the rights of root.
func newCgroup(limit int64) (*cgroup, error) {
	name := fmt.Sprintf("tagifai-soak-%d", os.Getpid())
	g := &cgroup{dir: "/sys/fs/cgroup/memory/" + name, v1: true}
	files := []string{"memory.kmem.tcp.limit_in_bytes", "memory.limit_in_bytes"} // the first has sockets counted
	if _, err := os.Stat("/sys/fs/cgroup/memory"); errors.Is(err, fs.ErrNotExist) {
		g = &cgroup{dir: "/sys/fs/cgroup/" + name}
		files = []string{"memory.max"}
	}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return nil, fmt.Errorf("a control group is needed, and so the rights of root: %w", err)
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(g.dir, file), []byte(strconv.FormatInt(limit, 10)), 0o600); err != nil {
			return nil, errors.Join(err, g.remove())
		}
	}
	return g, nil
}

// procs is the file that a process joins the group by.
func (g *cgroup) procs() string { return filepath.Join(g.dir, "cgroup.procs") }

// remove takes the group away, once its processes have ended.
func (g *cgroup) remove() error { return os.Remove(g.dir) }

// sockets returns the bytes that the kernel holds for the sockets of the group.
func (g *cgroup) sockets() (int64, error) {
	if g.v1 {
		b, err := os.ReadFile(filepath.Join(g.dir, "memory.kmem.tcp.usage_in_bytes"))
		if err != nil {
			return 0, err
		}
		return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	}
	return number(filepath.Join(g.dir, "memory.stat"), "sock %d")
}

// allSockets returns the bytes that the kernel holds for all of the machine's TCP.
func allSockets() (int64, error) {
	b, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0, err
	}
	_, pages, _ := strings.Cut(string(b), "TCP: ")
	_, pages, _ = strings.Cut(pages, " mem ")
	pages, _, _ = strings.Cut(pages, "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(pages), 10, 64)
	return n * int64(os.Getpagesize()), err
}

// number returns the number in the first line of a file that has this form.
func number(file, form string) (int64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var n int64
		if _, err := fmt.Sscanf(line, form, &n); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%s has no line %q", file, form)
}
