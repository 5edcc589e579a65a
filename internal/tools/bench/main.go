// Command bench measures the service beside what it is compared with, on the same
// machine, in the same run: the FastAPI service that it takes the place of, scikit-learn,
// fastText, and HTTP without a classifier. make bench-peers runs it; README.md says what
// came out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tagifai/internal/tools/bench/corpus"
	"tagifai/internal/tools/bench/grows"
	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
	"tagifai/model"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// The parts.
const (
	HTTP  report.Part = "http"  // POST /predict under load
	Bulk  report.Part = "bulk"  // a file of many lines
	Start report.Part = "start" // from exec to the first answer
	Load  report.Part = "load"  // an artifact directory
	Train report.Part = "train" // the course's recipe
	Text  report.Part = "text"  // one text in process
	Go    report.Part = "go"    // what the Go benchmarks say of the core

	Replica report.Part = "replica" // what configs/scaling.md reckons with, without peers; only if it is named
	Grows   report.Part = "grows"   // how the cost grows, without peers; only if it is named

	Rest report.Part = "rest" // memory before the load, measured with it
	Disk report.Part = "disk" // what is installed, measured with it
)

// parts are in the order in which they are measured: first what is short, so that what
// the limit of the time cuts off is a round of the load, and no part.
var parts = []report.Part{Text, Load, Train, Go, Start, Bulk, HTTP}

// alone are the parts that are measured without peers, if they are named.
var alone = []report.Part{Replica, Grows}

// inPythonToo are the parts that are a comparison with Python in process.
var inPythonToo = []report.Part{Text, Load, Train}

// bench is one run.
type bench struct {
	tagifai  string // the binary
	base     string // another, measured beside it; "" without one
	data     string // labelled file
	recipe   string // training arguments
	peersDir string // directory of their environments
	artifact string // directory of scikit-learn's; trained first if it is ""
	out      string
	rounds   int
	seconds  int // that a cell of the load takes at least
	lines    int // of the bulk file
	only     []report.Part
	axes     []string      // of the part grows
	missing  []string      // Debian packages
	target   bool          // of the load, only the cell that the targets are about
	limit    time.Duration // of it all

	dir      string // for what is thrown away
	python   sides.Python
	corpus   *corpus.Corpus
	launcher []string     // of wrk
	model    *model.Model // that all sides serve
	results  report.Results
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "floor": // started by the bench itself
		return sides.ServeFloor(ctx, args[1])
	case len(args) == 2 && args[0] == "install":
		return install(ctx, args[1])
	case len(args) > 2 && args[0] == "join":
		return join(args[1], args[2:])
	}
	b, err := parse(args)
	if err != nil {
		return err
	}
	if b.results.Environment, b.missing, err = report.Look(packages); err != nil {
		return err
	}
	if b.tagifai, err = exec.LookPath(b.tagifai); err != nil {
		return fmt.Errorf("-tagifai: %w; make build makes it", err)
	}
	if b.base != "" {
		if b.base, err = exec.LookPath(b.base); err != nil {
			return fmt.Errorf("-base: %w", err)
		}
	}
	if err := os.MkdirAll(b.out, 0o777); err != nil { // before the work, not after it
		return err
	}
	if b.dir, err = os.MkdirTemp("", "tagifai-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	// What was measured before a failure, or before an interrupt, is reported too.
	limited, cancel := context.WithTimeoutCause(ctx, b.limit, fmt.Errorf("-limit %s is over; the report has what was measured until then", b.limit))
	defer cancel()
	failure := b.measure(limited)
	if cause := context.Cause(limited); cause != nil {
		failure = cause
	}
	b.results.Environment.Finish()
	if b.compares() {
		b.results.Targets = judge(&b.results)
	}
	if len(b.results.Series) == 0 { // the part grows has a page of its own
		return failure
	}
	if err := write(&b.results, b.out); err != nil {
		return errors.Join(failure, err)
	}
	return failure
}

// install makes the virtual environments of the peers.
func install(ctx context.Context, dir string) error {
	scripts, err := os.MkdirTemp("", "tagifai-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scripts)
	if err := sides.Unpack(scripts); err != nil {
		return err
	}
	return sides.Peers{Dir: dir, Python: sides.Python(scripts)}.Install(ctx)
}

func parse(args []string) (*bench, error) {
	b := new(bench)
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&b.tagifai, "tagifai", "bin/tagifai", "the `binary` to measure")
	flags.StringVar(&b.base, "base", "", "another `binary` of this service, such as that of an earlier commit, to measure beside it")
	flags.BoolVar(&b.target, "target", false, "under load, measure only the cell that the targets are about")
	flags.StringVar(&b.data, "data", "internal/train/testdata/labelled.csv", "labelled CSV `file` that all texts come from, and the model")
	flags.StringVar(&b.recipe, "recipe", "configs/args-course.json", "training arguments (`file`)")
	flags.StringVar(&b.artifact, "artifact", "", "artifact `directory` to serve, in place of one that scikit-learn trains on -data; the sides in Python read only scikit-learn's")
	flags.StringVar(&b.peersDir, "peers", "runs/peers", "`directory` of the virtual environments of MLServer, MLflow, BentoML and LitServe, which bench install makes")
	flags.StringVar(&b.out, "out", "runs/bench-"+time.Now().Format("2006-01-02T150405"), "`directory` for table.md, results.json and plot.png")
	flags.IntVar(&b.rounds, "rounds", 7, "how often everything is measured")
	flags.IntVar(&b.seconds, "seconds", 1, "that each load lasts")
	flags.DurationVar(&b.limit, "limit", 40*time.Minute, "after which the run ends with what it has")
	flags.IntVar(&b.lines, "lines", 1_000_000, "of the file that is scored at once; scikit-learn is given a tenth of them")
	axes := flags.String("axes", strings.Join(grows.Names(), ","), "of the part grows, what the cost grows with; none writes the page anew")
	all := slices.Concat(parts, alone)
	only := flags.String("only", "", "the `parts` to measure, with commas between them, of "+fmt.Sprint(all))
	if err := flags.Parse(args); err != nil {
		return nil, flag.ErrHelp // the flags have said what is wrong
	}
	if *axes != "" {
		b.axes = strings.Split(*axes, ",")
	}
	b.only = parts
	if *only != "" {
		b.only = nil
		for name := range strings.SplitSeq(*only, ",") {
			if !slices.Contains(all, report.Part(name)) {
				return nil, fmt.Errorf("-only: %q is none of %v", name, all)
			}
			b.only = append(b.only, report.Part(name))
		}
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("%q is not a flag", flags.Arg(0))
	case b.rounds < 1, b.seconds < 1, b.lines < 1:
		return nil, errors.New("-rounds, -seconds and -lines must be at least 1")
	}
	return b, nil
}

// measure goes through the parts. All of them measure round by round, and in each round
// side by side, in an order that changes: what the machine does meanwhile meets all
// sides alike.
func (b *bench) measure(ctx context.Context) error {
	var err error
	if b.corpus, err = corpus.Read(b.data); err != nil {
		return err
	}
	b.python = sides.Python(b.dir)
	if err := sides.Unpack(b.dir); err != nil {
		return err
	}
	if b.compares() {
		if err := b.prepare(ctx); err != nil {
			return err
		}
	}
	for _, part := range slices.Concat(parts, alone) {
		if !slices.Contains(b.only, part) {
			continue
		}
		if slices.Contains(inPythonToo, part) && !b.has(sides.PythonPackages) {
			b.logf("%s: skipped, as there is no Python side here", part)
			continue
		}
		start := time.Now()
		err := map[report.Part]func(context.Context) error{
			HTTP:  b.http,
			Bulk:  b.bulk,
			Text:  b.text,
			Load:  b.load,
			Train: b.train,
			Start: b.start,
			Go:    b.golang,

			Replica: b.replica,
			Grows:   b.grows,
		}[part](ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
		b.logf("%s: done in %s", part, time.Since(start).Round(time.Second))
	}
	return nil
}

// compares says whether anything is measured beside this service.
func (b *bench) compares() bool {
	return slices.ContainsFunc(b.only, func(part report.Part) bool { return !slices.Contains(alone, part) })
}

// grows measures how the cost grows, and writes a page of its own.
func (b *bench) grows(ctx context.Context) error {
	return grows.Run(ctx, grows.Options{Tagifai: b.tagifai, Corpus: b.corpus, Dir: b.dir, Out: b.out,
		Axes: b.axes, Rounds: b.rounds, Seconds: b.seconds, Logf: b.logf})
}

// path is that of a file of this run that is thrown away.
func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// setupf notes a sentence for the reader of the results.
func (b *bench) setupf(format string, args ...any) {
	b.results.Setup = append(b.results.Setup, fmt.Sprintf(format, args...))
}

func (*bench) logf(format string, args ...any) { logf(format, args...) }

func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

// eachRound tells of each round and calls f with its number.
func (b *bench) eachRound(ctx context.Context, part report.Part, f func(round int) error) error {
	for round := range b.rounds {
		b.logf("%s: round %d of %d", part, round+1, b.rounds)
		if err := f(round); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
