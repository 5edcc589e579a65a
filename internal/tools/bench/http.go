package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
	"tagifai/internal/tools/bench/wrk"
)

// The figures of a load.
const (
	rate    = "requests/s"
	cpuPer  = "CPU s / 1,000"
	p50     = "p50 ms"
	p99     = "p99 ms"
	memory  = "memory MB"
	wrkBusy = "wrk, share of a core"

	diskMB = "MB on the disk"

	restCase = "started, not yet asked"
	diskCase = "without an interpreter"
)

// http measures POST /predict. The sides are up for a whole round, and take turns cell
// by cell: so the figures that are divided by each other lie seconds apart and not
// minutes, in which the machine may have become another. The sides that wait cost
// nothing meanwhile, but for memory, of which there is enough. The peers from the Python
// registry are up one by one after them, for some of them work while they wait.
func (b *bench) http(ctx context.Context) error {
	b.setupf("Under load: every side answers the same bodies, at least 500 texts that differ. wrk (one thread, on the same %d cores) sends them over so many connections, "+
		"each its next when the last is answered. CPU is that of the server with all its processes, user and system; memory is the most seen while the load lasted, "+
		"as RSS, of several processes the sum of PSS. gunicorn has %d uvicorn workers, with uvloop, httptools and --keep-alive 120.", b.results.Environment.Cores, 2*b.results.Environment.Cores+1)
	b.setupf("This service runs with its default settings, but for --max-queue-wait 30s, so that it sends no 503; its log, a line a request, goes to /dev/null. " +
		"The floor is the same router and the same settings of net/http, reads each body, answers with as many bytes, and logs nothing. " +
		"What include=probabilities and include=explanation cost is measured so too: each has a server of its own, which takes turns with the others.")
	own, peers := b.sides(), b.installed()
	if len(peers) > 0 {
		for _, s := range peers {
			e := b.results.Environment
			e.Packages = append(e.Packages, s.Name+" "+b.peers().Version(s.Name))
		}
		b.setupf("%s Before anything is measured, the answers to %d requests of each kind are compared with those of the model: the same tags, and probabilities within %g.", sides.Setup, compared, tolerance)
	}
	if !b.has(loadPackages) {
		return fmt.Errorf("nothing can put the sides under load; apt-get install %s", strings.Join(loadPackages, " "))
	}
	groups, err := b.groups(slices.Concat(own, peers))
	if err != nil {
		return err
	}
	if err := b.sizes(peers); err != nil {
		return err
	}
	return b.eachRound(ctx, HTTP, func(round int) error {
		err := b.serving(ctx, stats.Rotated(own, round), func(servers []*sides.Server) error {
			return b.cells(ctx, round, groups, servers)
		})
		if err != nil || len(peers) == 0 {
			return err
		}
		for _, peer := range stats.Rotated(peers, round) {
			err := b.serving(ctx, []sides.Side{peer}, func(servers []*sides.Server) error {
				return b.cells(ctx, round, groups, servers)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// cells measures the cells of the servers that are up.
func (b *bench) cells(ctx context.Context, round int, groups []group, servers []*sides.Server) error {
	warm := false
	for _, g := range groups {
		if !slices.ContainsFunc(servers, func(s *sides.Server) bool { return b.measures(s.Side, g.shape, targetConnections) }) {
			continue
		}
		if round == 0 {
			if err := b.agree(ctx, g, servers); err != nil {
				return fmt.Errorf("%s: %w", g, err)
			}
		}
		if !warm {
			if err := b.warm(ctx, g, servers); err != nil {
				return err
			}
			warm = true
		}
		if err := b.group(ctx, round, g, servers); err != nil {
			return fmt.Errorf("%s: %w", g, err)
		}
	}
	return nil
}

// serving starts the sides, one after the other, calls f with them, and stops them.
func (b *bench) serving(ctx context.Context, all []sides.Side, f func([]*sides.Server) error) (err error) {
	var servers []*sides.Server
	defer func() {
		for _, s := range servers {
			if _, stop := s.Stop(20 * time.Second); stop != nil && ctx.Err() == nil {
				err = errors.Join(err, stop)
			}
		}
	}()
	for _, side := range all {
		s, err := sides.Begin(ctx, side)
		if err != nil {
			return err
		}
		servers = append(servers, s)
	}
	// Each has answered, but of several processes perhaps only one. This service gives back
	// what its start needed once it is 0.1 s old.
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, s := range servers {
		if _, err := s.Settle(ctx); err != nil {
			return err
		}
		bytes, err := s.Memory()
		if err != nil {
			return err
		}
		b.results.Add(Rest, restCase, s.Name, memory, float64(bytes)/1e6)
	}
	return f(servers)
}

// group measures the cells of a group.
func (b *bench) group(ctx context.Context, round int, g group, servers []*sides.Server) error {
	if err := instruct(ctx, g.bodies[sides.Service], servers); err != nil {
		return err
	}
	rates := make(map[string]float64) // of the cell before
	for i, n := range connections {
		for _, s := range stats.Rotated(servers, round+i) {
			if !b.measures(s.Side, g.shape, n) {
				continue
			}
			seconds := b.seconds
			// Each connection has to have its turn, twice, also of a slow server.
			if r := rates[s.Name]; r > 0 {
				seconds = max(seconds, int(math.Ceil(2*float64(n)/r)))
			}
			l, err := b.cell(ctx, g.cell(n), s, g.files[s.Name], n, seconds)
			if refused := (*wrk.RefusedError)(nil); errors.As(err, &refused) {
				b.setupf("Once more, since not all was well the first time: %s, %s: %v.", s.Name, g.cell(n), err)
				l, err = b.cell(ctx, g.cell(n), s, g.files[s.Name], n, seconds)
			}
			if err != nil {
				return fmt.Errorf("%s, %s: %w", s.Name, plural(n, "connection"), err)
			}
			rates[s.Name] = l.Rate()
		}
	}
	return nil
}

// measures says whether a side is measured in a cell.
func (b *bench) measures(s sides.Side, of shape, connections int) bool {
	target := of == targetShape && connections == targetConnections
	switch {
	case b.target || s.Name == sides.ServiceQuiet || s.Include != "":
		return target
	case s.Dialect != nil:
		return target || of == manyShape && connections == targetConnections
	}
	return true
}

// warm asks all servers for a second, unmeasured: caches fill, memory grows to what the
// work needs.
func (b *bench) warm(ctx context.Context, g group, servers []*sides.Server) error {
	for _, s := range servers {
		if _, err := b.wrk(ctx, s, g.files[s.Name], 8, 1); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

func (b *bench) wrk(ctx context.Context, s *sides.Server, bodies string, connections, seconds int) (*wrk.Load, error) {
	return wrk.Run(ctx, wrk.Options{URL: s.URL + s.Path(), Bodies: bodies, Connections: connections, Seconds: seconds, Launcher: b.launcher})
}

// cell measures one server under one load.
func (b *bench) cell(ctx context.Context, name string, s *sides.Server, bodies string, connections, seconds int) (*wrk.Load, error) {
	before, err := s.Settle(ctx)
	if err != nil {
		return nil, err
	}
	most := s.WatchMemory()
	l, err := b.wrk(ctx, s, bodies, connections, seconds)
	bytes, memoryErr := most()
	if err := errors.Join(err, memoryErr); err != nil {
		return nil, err
	}
	after, err := s.Settle(ctx)
	if err != nil {
		return nil, err
	}
	requests := l.Requests
	if s.Finishes {
		requests += connections // each has left one behind when wrk stopped
	}
	add := func(metric string, value float64) { b.results.Add(HTTP, name, s.Name, metric, value) }
	add(rate, l.Rate())
	add(p50, l.P50/1e3)
	add(p99, l.P99/1e3)
	add(cpuPer, (after-before).Seconds()/float64(requests)*1e3)
	add(memory, float64(bytes)/1e6)
	add(wrkBusy, l.Busy)
	return l, nil
}
