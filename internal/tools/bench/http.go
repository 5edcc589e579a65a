package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"tagifai/internal/tools/bench/corpus"
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

// A shape is what the requests of a group of cells have in them.
type shape struct{ texts, size int }

var (
	shapes      = []shape{{1, 60}, {1, 140}, {2, 60}, {2, 140}, {100, 60}, {100, 140}}
	connections = []int{1, 32, 256} // ascending: each lets the next know what to expect

	// The targets are about this one, and the peers from the Python registry are
	// measured in it and in that of many texts.
	targetShape       = shape{2, 60}
	manyShape         = shape{100, 60}
	targetConnections = 32
)

// cell names a cell of the load.
func (s shape) cell(connections int) string {
	return fmt.Sprintf("%s, %s", s, plural(connections, "connection"))
}

func (s shape) String() string {
	return fmt.Sprintf("%s of %d characters", plural(s.texts, "text"), s.size)
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// A group is the cells of a shape.
type group struct {
	shape
	texts  [][]string          // of each request
	bodies map[string][]string // the requests as each of the sides reads them
	files  map[string]string   // of these
}

func (b *bench) groups(all []sides.Side) ([]group, error) {
	var groups []group
	for _, s := range shapes {
		if b.target && s != targetShape {
			continue
		}
		g, err := b.newGroup(s, all)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, nil
}

func (b *bench) newGroup(s shape, all []sides.Side) (group, error) {
	count := 500
	if s.texts > 10 {
		count = 50
	}
	g := group{s, b.corpus.Requests(count, s.texts, s.size), make(map[string][]string), make(map[string]string)}
	for i, side := range all {
		var bodies []string
		for _, texts := range g.texts {
			body, err := side.Body(texts)
			if err != nil {
				return group{}, err
			}
			bodies = append(bodies, body)
		}
		file := b.path(fmt.Sprintf("bodies-%d-%d-%d", s.texts, s.size, i))
		if err := corpus.WriteLines(file, bodies); err != nil {
			return group{}, err
		}
		g.bodies[side.Name], g.files[side.Name] = bodies, file
	}
	return g, nil
}

// http measures POST /predict. All sides are up for a whole round, and take turns cell
// by cell: so the figures that are divided by each other lie seconds apart and not
// minutes, in which the machine may have become another. The sides that wait cost
// nothing meanwhile, but for memory, of which there is enough.
func (b *bench) http(ctx context.Context) error {
	b.setupf("Under load: every side answers the same bodies, at least 500 texts that differ. wrk (one thread, on the same %d cores) sends them over so many connections, "+
		"each its next when the last is answered. CPU is that of the server with all its processes, user and system; memory is the most seen while the load lasted, "+
		"as RSS, of several processes the sum of PSS. gunicorn has %d uvicorn workers, with uvloop, httptools and --keep-alive 120.", b.results.Environment.Cores, 2*b.results.Environment.Cores+1)
	b.setupf("This service runs with its default settings, but for --max-queue-wait 30s, so that it sends no 503; its log, a line a request, goes to /dev/null. " +
		"The floor is the same router and the same settings of net/http, reads each body, answers with as many bytes, and logs nothing.")
	if peers := b.peers().Sides(); len(peers) > 0 {
		b.setupf("%s Before anything is measured, the answers to %d requests of each kind are compared with those of the model: the same tags, and probabilities within %g.", sides.Setup, compared, tolerance)
	}
	if !b.has(loadPackages) {
		return fmt.Errorf("nothing can put the sides under load; apt-get install %s", strings.Join(loadPackages, " "))
	}
	all := b.sides()
	groups, err := b.groups(all)
	if err != nil {
		return err
	}
	if err := b.sizes(all); err != nil {
		return err
	}
	return b.eachRound(ctx, HTTP, func(round int) error {
		return b.serving(ctx, stats.Rotated(all, round), func(servers []*sides.Server) error {
			for i, g := range groups {
				if round == 0 {
					if err := b.agree(ctx, g, servers); err != nil {
						return fmt.Errorf("%s: %w", g, err)
					}
				}
				if i == 0 {
					if err := b.warm(ctx, g, servers); err != nil {
						return err
					}
				}
				if err := b.group(ctx, round, g, servers); err != nil {
					return fmt.Errorf("%s: %w", g, err)
				}
			}
			return nil
		})
	})
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
	// Each has answered, but of several processes perhaps only one.
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
	bodies := g.bodies[sides.Service]
	if err := instruct(ctx, bodies[len(bodies)/2], servers); err != nil {
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
	case b.target || s.Name == sides.ServiceQuiet:
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
