package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"tagifai/internal/tools/bench/corpus"
	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
)

// The sides of the replica.
const (
	replicaSide = "a replica"
	emptyRoot   = "a replica, in an empty root, unprivileged"
	batchOne    = "tagifai batch, one core"
)

// replica measures what configs/scaling.md reckons with: a replica as configs/kubernetes
// has it, with one core to itself and the embedded model, asked from another core.
func (b *bench) replica(ctx context.Context) error {
	const size, conns = 100, 32
	b.setupf("The replica: GOMAXPROCS=1, on core 0 alone; the embedded model; default settings, but for --max-queue-wait 30s. "+
		"wrk, on core 1, sends texts of %d characters over %d connections. Bytes and packets are those of a request and its answer on the loopback interface, whose packets are larger than those of a network.", size, conns)
	b.setupf("Start: from exec to the first 200 of POST /predict, asked every half millisecond; each round has the median of 5. "+
		"The batch: %d rows of %d characters, from CSV to CSV, GOMAXPROCS=1, on core 0 alone, the whole process.", b.lines, size)
	var groups []group
	for _, n := range []int{1, 2, 16, 100} {
		g, err := b.newGroup(shape{n, size}, []sides.Side{b.pinned()})
		if err != nil {
			return err
		}
		groups = append(groups, g)
	}
	rows := []string{"id,text"}
	for i, text := range b.corpus.Cut(b.lines, size) {
		rows = append(rows, fmt.Sprintf("%d,%q", i, strings.ReplaceAll(text, `"`, "'")))
	}
	table := b.path("rows.csv")
	if err := corpus.WriteLines(table, rows); err != nil {
		return err
	}
	starts := []sides.Side{b.pinned()}
	if os.Getuid() == 0 {
		s, err := b.contained()
		if err != nil {
			return err
		}
		starts = append(starts, s)
	}
	b.launcher = []string{"taskset", "-c", "1"}
	defer func() { b.launcher = nil }()

	return b.eachRound(ctx, Replica, func(round int) error {
		for _, s := range stats.Rotated(starts, round) {
			var took []float64
			for range 5 {
				t, _, err := sides.FirstAnswer(ctx, s, groups[0].bodies[replicaSide][0])
				if err != nil {
					return err
				}
				took = append(took, t.Seconds()*1e3)
			}
			b.results.Add(Start, startCase, s.Name, firstPrediction, stats.Median(took))
		}
		cmd := exec.CommandContext(ctx, "taskset", "-c", "0", b.tagifai, "batch", "--from", table, "--id", "id", "--to", b.path("tags.csv"))
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		if err := b.whole(Bulk, bulkCase, batchOne, cmd); err != nil {
			return err
		}
		return b.serving(ctx, []sides.Side{b.pinned()}, func(servers []*sides.Server) error {
			if err := b.warm(ctx, groups[0], servers); err != nil {
				return err
			}
			for _, g := range groups {
				bytesBefore, packetsBefore, err1 := loopback()
				l, err2 := b.cell(ctx, g.cell(conns), servers[0], g.files[replicaSide], conns, b.seconds)
				bytes, packets, err3 := loopback()
				if err := errors.Join(err1, err2, err3); err != nil {
					return err
				}
				b.results.Add(HTTP, g.cell(conns), replicaSide, "bytes on the wire", (bytes-bytesBefore)/float64(l.Requests))
				b.results.Add(HTTP, g.cell(conns), replicaSide, "packets", (packets-packetsBefore)/float64(l.Requests))
			}
			return nil
		})
	})
}

// loopback returns what the loopback interface has carried, both ways: each byte that is
// sent is also received there, and counts once.
func loopback() (bytes, packets float64, err error) {
	content, err := os.ReadFile("/proc/net/dev")
	for line := range strings.Lines(string(content)) {
		if name, figures, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "lo" {
			_, err = fmt.Sscan(figures, &bytes, &packets)
		}
	}
	return bytes, packets, err
}

// pinned is the replica.
func (b *bench) pinned() sides.Side {
	return sides.Side{Name: replicaSide, Command: func(ctx context.Context, addr string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", "0", b.tagifai}, replicaArgs(addr)...)...)
		cmd.Stderr = sides.Null()
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		return cmd
	}}
}

// contained is the replica as a container has it: with nothing else in its root.
func (b *bench) contained() (sides.Side, error) {
	root := b.path("root")
	program, err := os.ReadFile(b.tagifai)
	if err != nil {
		return sides.Side{}, err
	}
	for _, dir := range []string{b.dir, root} { // open to all
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return sides.Side{}, err
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			return sides.Side{}, err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "tagifai"), program, 0o755); err != nil {
		return sides.Side{}, err
	}
	return sides.Side{Name: emptyRoot, Command: func(ctx context.Context, addr string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "/tagifai", replicaArgs(addr)...)
		cmd.Dir, cmd.Stderr, cmd.Env = "/", sides.Null(), []string{"GOMAXPROCS=1"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return cmd
	}}, nil
}

func replicaArgs(addr string) []string {
	return []string{"serve", "--addr", addr, "--max-queue-wait", "30s", "--drain-delay", "0s"}
}
