// Command soak proves what configs/README.md says about the service under stress, against
// the binary itself: overload, slow and silent clients, reloads, rollbacks, shadows, many
// models, stops and rolling replacement. Each scenario is a file. It prints a Markdown table
// of the claims and exits with 1 if one of them fails. make soak runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	var s settings
	names := flag.String("scenario", strings.Join(scenarioNames(), ","), "the `scenarios` to run, separated by commas")
	flag.StringVar(&s.binary, "binary", "bin/tagifai", "the `file` to prove it of")
	flag.BoolVar(&s.quick, "quick", false, "see whether it runs at all: a quarter of the time, few requests and reloads")
	flag.IntVar(&s.requests, "requests", 1_000_000, "requests during the rolling replacement")
	flag.IntVar(&s.reloads, "reloads", 1000, "reloads of the model, and moves between versions")
	processors := flag.Float64("burn", -1, "only take so many `processors`, until killed; a part of the scenario overload")
	flag.Parse()
	if *processors >= 0 {
		fmt.Fprintf(os.Stderr, "soak: %v\n", burn(*processors))
		os.Exit(1)
	}
	if s.quick {
		s.requests, s.reloads = min(s.requests, 100_000), min(s.reloads, 60)
	}
	chosen := strings.Split(*names, ",")
	for _, name := range chosen {
		if !slices.Contains(scenarioNames(), name) || flag.NArg() > 0 {
			fmt.Fprintf(os.Stderr, "soak: no scenario %q; there are %s\n", name, strings.Join(scenarioNames(), ", "))
			os.Exit(2)
		}
	}

	ctx, unhook := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The records of the requests are much garbage, and collecting it takes the
	// processor from the service.
	debug.SetGCPercent(400)
	r := run(ctx, s, chosen)
	unhook()
	fmt.Print(r)
	if r.failed() {
		os.Exit(1)
	}
}

// settings say what to run, and how much of it.
type settings struct {
	binary   string
	dir      string  // for what a scenario writes
	cgroup   *cgroup // that the services are in; nil is this program's own
	quick    bool
	requests int
	reloads  int
}

// phase returns how long a part of a scenario takes.
func (s *settings) phase(d time.Duration) time.Duration {
	if s.quick {
		return d / 4
	}
	return d
}

// rounds returns how often a comparison is repeated.
func (s *settings) rounds(n int) int {
	if s.quick {
		return 1
	}
	return n
}

var scenarios = []struct {
	name string
	run  func(context.Context, *settings, *report) error
}{
	{"overload", overload},
	{"slow", slow},
	{"unread", unread},
	{"parked", parked},
	{"reload", reload},
	{"stop", stop},
	{"rollback", rollback},
	{"many", many},
	{"shadow", shadow},
	{"rolling", rolling},
}

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// run runs the chosen scenarios; one that could not be run is a claim that failed.
func run(ctx context.Context, s settings, chosen []string) *report {
	r := new(report)
	for _, scenario := range scenarios {
		if !slices.Contains(chosen, scenario.name) {
			continue
		}
		r.scenario = scenario.name
		begin := time.Now()
		if err := runIn(ctx, &s, func() error { return scenario.run(ctx, &s, r) }); err != nil {
			r.claim("the scenario ran to its end", err.Error(), "", false)
		}
		r.logf("took %s", round(time.Since(begin)))
	}
	return r
}

// runIn runs f with a directory, which is gone afterwards.
func runIn(ctx context.Context, s *settings, f func() error) error {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	s.dir = dir
	err = f()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return errors.Join(err, os.RemoveAll(dir))
}
