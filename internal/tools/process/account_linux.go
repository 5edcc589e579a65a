package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

func ownGroup(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	return nil
}

// killGroup kills a process and all of its group; one that is gone is no error.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// killTree kills the program and all that it has started, also what has moved to a group
// of its own.
func (p *Process) killTree() {
	tree, _ := p.tree() // without it, the group is left
	killGroup(p.Pid())
	for _, s := range tree {
		_ = syscall.Kill(s.pid, syscall.SIGKILL)
	}
}

// CPU returns the processor time, user and system, of the program and of all that it
// has started, living or ended and waited for. While the program runs, it is exact to
// 10 ms for each process; after its end to a microsecond.
func (p *Process) CPU() (time.Duration, error) {
	if p.ended() {
		return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime(), nil
	}
	tree, err := p.tree()
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, s := range tree {
		ticks += s.ticks
	}
	return time.Duration(ticks) * tick, nil
}

// OwnCPU returns the processor time, user and system, of the calling program.
func OwnCPU() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("process: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// Memory returns the bytes that are resident now: of a program alone its resident set
// (RSS), of several processes the sum of their proportional sets (PSS), in which a page
// that n of them share counts as an n-th for each.
func (p *Process) Memory() (int64, error) {
	if p.ended() {
		return 0, fmt.Errorf("process: %s has ended", p)
	}
	tree, err := p.tree()
	if err != nil {
		return 0, err
	}
	name := "Rss"
	if len(tree) > 1 {
		name = "Pss"
	}
	var sum int64
	for _, s := range tree {
		size, err := field(s.pid, "smaps_rollup", name)
		if gone(err) {
			continue // between the look at the tree and this one
		}
		if err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}

// PeakMemory returns the most bytes that the program itself, without what it has
// started, has ever had resident,
// to some 100 KiB.
func (p *Process) PeakMemory() (int64, error) {
	if p.ended() {
		if usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			return usage.Maxrss << 10, nil
		}
	}
	return field(p.Pid(), "status", "VmHWM")
}

// stat is what /proc/PID/stat has of interest.
type stat struct {
	pid, parent, group int
	ticks              int64 // user and system, also of children that were waited for
}

// tick is the unit of processor time in /proc, the same on all of Go's architectures.
const tick = 10 * time.Millisecond

// tree returns the program and what it has started: the processes of its group and
// the descendants of these.
func (p *Process) tree() ([]stat, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	var rest, tree []stat
	member := make(map[int]bool)
	for _, file := range files {
		s, err := readStat(file)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if s.group == p.Pid() {
			tree, member[s.pid] = append(tree, s), true
		} else {
			rest = append(rest, s)
		}
	}
	for grown := true; grown; {
		grown = false
		for _, s := range rest {
			if member[s.parent] && !member[s.pid] {
				tree, member[s.pid], grown = append(tree, s), true, true
			}
		}
	}
	if len(tree) == 0 {
		return nil, fmt.Errorf("process: %s has ended", p)
	}
	return tree, nil
}

func readStat(file string) (stat, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return stat{}, fmt.Errorf("process: %w", err)
	}
	// The second field is the program's name in brackets, which may hold anything.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	const parent, group, user, last = 1, 2, 11, 14
	if len(fields) <= last {
		return stat{}, fmt.Errorf("process: %s: not as expected: %q", file, b)
	}
	number := func(field []byte) int64 {
		n, wrong := strconv.ParseInt(string(field), 10, 64)
		err = errors.Join(err, wrong)
		return n
	}
	s := stat{
		pid:    int(number([]byte(filepath.Base(filepath.Dir(file))))),
		parent: int(number(fields[parent])),
		group:  int(number(fields[group])),
	}
	for _, field := range fields[user : last+1] {
		s.ticks += number(field)
	}
	if err != nil {
		return stat{}, fmt.Errorf("process: %s: %w", file, err)
	}
	return s, nil
}

// field returns the bytes of a line "name: n kB" of a file of a process.
func field(pid int, file, name string) (int64, error) {
	path := fmt.Sprintf("/proc/%d/%s", pid, file)
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("process: %w", err)
	}
	for line := range bytes.Lines(b) {
		var n int64
		if _, err := fmt.Sscanf(string(line), name+": %d kB", &n); err == nil {
			return n << 10, nil
		}
	}
	return 0, fmt.Errorf("process: %s has no line %s", path, name)
}

// gone returns whether an error is that of a process that has ended meanwhile.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}
