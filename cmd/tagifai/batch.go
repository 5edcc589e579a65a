package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/schollz/progressbar/v3"

	"tagifai/internal/batch"
	"tagifai/internal/monitor"
	"tagifai/internal/store"
	"tagifai/model"
)

type batchCommand struct {
	From        string  `placeholder:"SOURCE" help:"Where the rows come from: a CSV, TSV or JSONL file, plain or compressed by gzip or zstd; - for standard input; sqlite:FILE?table=NAME; postgres://…?table=NAME."`
	To          string  `placeholder:"SINK" help:"Where the results go: such a file, - or database. A database gets tables of our own."`
	Model       *string `xor:"model" placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Models      string  `xor:"model" placeholder:"DIR" help:"Directory of the models, with NAME@ALIAS or NAME:VERSION behind all options."`
	Aliases     string  `placeholder:"DIR" help:"Directory of the aliases, if they are not beside the versions."`
	Version     string  `arg:"" optional:"" name:"version" help:"NAME@ALIAS or NAME:VERSION, of --models; NAME alone is NAME@stable."`
	ID          string  `name:"id" placeholder:"COLUMN" help:"Column of the ids; the number of the row if left out."`
	Text        string  `default:"text" placeholder:"COLUMN,…" help:"Columns of the text, joined by a space (${default})."`
	Keep        string  `placeholder:"COLUMN,…" help:"Columns that go along."`
	Query       string  `placeholder:"SQL" help:"Rows of a database: the result of this query in place of a table."`
	FromFormat  string  `placeholder:"FORMAT" help:"Format of the source, if its name does not tell: csv, tsv or jsonl."`
	ToFormat    string  `placeholder:"FORMAT" help:"Format of the sink, if its name does not tell: csv, tsv or jsonl, with .gz or .zst."`
	Delimiter   string  `placeholder:"CHARACTER" help:"Delimiter of a CSV source; a comma if left out."`
	ToDelimiter string  `placeholder:"CHARACTER" help:"Delimiter of a CSV sink; a comma if left out."`
	Header      bool    `default:"true" negatable:"" help:"A CSV source begins with the names of its columns. Without, they are 1, 2 and so on."`
	ToHeader    bool    `default:"true" negatable:"" help:"A CSV sink begins with the names of its columns."`

	Probabilities bool   `help:"Add the probability of every class."`
	History       bool   `help:"Keep what other versions and other texts gave; a database alone has room for that."`
	Resume        bool   `default:"true" negatable:"" help:"Go on where a run that was stopped had come to."`
	MaxErrors     int64  `default:"-1" placeholder:"N" help:"End once more than N rows have errors; never if negative (${default})."`
	Shard         string `placeholder:"I/N" help:"Predict one of N parts of the rows, 0/N to (N-1)/N, by a hash of the id."`
	PrintSchema   bool   `help:"Print the SQL that makes the tables of --to, PostgreSQL's if left out."`
}

func (batchCommand) Help() string {
	return "Every row gives a row: the tag, or what is wrong. A run that was stopped goes on where it was.\n\n" +
		"Example:\n\n    tagifai batch --from projects.csv --id id --text title,description --to tags.jsonl.gz\n" +
		"    tagifai batch --from projects.csv --id id --text title --to postgres://user@host/db --models models tagger@stable"
}

func (c batchCommand) Run(ctx context.Context, s streams) error {
	if c.PrintSchema {
		schema, err := batch.Schema(c.To)
		if err != nil {
			return err
		}
		_, err = io.WriteString(s.out, schema)
		return err
	}
	job := &batch.Job{
		Columns:       batch.Columns{ID: c.ID, Text: columnNames(c.Text), Keep: columnNames(c.Keep)},
		Stdin:         s.in,
		Stdout:        s.out,
		Probabilities: c.Probabilities,
		History:       c.History,
		Resume:        c.Resume,
		MaxErrors:     c.MaxErrors,
	}
	var err error
	if c.From == "" || c.To == "" {
		return &misuseError{errors.New("batch: --from and --to are needed")}
	}
	if job.From, err = batch.ParseLocation(c.From, batch.FileFormat{Name: c.FromFormat, Delimiter: c.Delimiter, NoHeader: !c.Header}); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	if c.Query != "" {
		if job.From, err = job.From.WithQuery(c.Query); err != nil {
			return fmt.Errorf("--query: %w", err)
		}
	}
	if job.To, err = batch.ParseLocation(c.To, batch.FileFormat{Name: c.ToFormat, Delimiter: c.ToDelimiter, NoHeader: !c.ToHeader}); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if c.Shard != "" {
		if job.Shard, err = batch.ParseShard(c.Shard); err != nil {
			return fmt.Errorf("--shard: %w", err)
		}
	}
	if job.Model, err = c.open(s.err); err != nil {
		return err
	}
	scored := monitor.New(job.Model.Model, time.Now())
	job.Predicted = scored.Predicted
	w := newBatchProgress(s.err)
	status, err := batch.Run(ctx, job, w)
	w.end()
	if err != nil {
		return err
	}
	return w.summary(status, scored)
}

// columnNames reads a list of columns.
func columnNames(list string) []string {
	if list == "" {
		return nil
	}
	names := strings.Split(list, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// open loads the model that the command line names.
func (c batchCommand) open(stderr io.Writer) (batch.Model, error) {
	if c.Models == "" {
		if c.Version != "" {
			return batch.Model{}, &misuseError{fmt.Errorf("batch: %q is a version of --models, which is missing", c.Version)}
		}
		a, err := readArtifact(c.Model)
		if err != nil {
			return batch.Model{}, err
		}
		return newBatchModel(a, "default", a.RunID, stderr)
	}
	if c.Version == "" {
		return batch.Model{}, &misuseError{errors.New("batch: --models wants NAME@ALIAS or NAME:VERSION behind all options")}
	}
	name, alias, found := strings.Cut(c.Version, "@")
	if !found {
		name, alias, _ = strings.Cut(c.Version, ":")
	}
	if alias == "" {
		alias = store.Stable
	}
	if err := store.CheckName(name); err != nil {
		return batch.Model{}, err
	}
	st, err := store.Open(c.Models, c.Aliases, nil)
	if err != nil {
		return batch.Model{}, err
	}
	number, err := st.Resolve(name, alias)
	if err != nil {
		return batch.Model{}, err
	}
	dir := st.VersionDir(name, number)
	a, err := readArtifact(&dir)
	if err != nil {
		return batch.Model{}, fmt.Errorf("version %d of %s: %w", number, name, err)
	}
	return newBatchModel(a, name, strconv.Itoa(number), stderr)
}

func newBatchModel(a *model.Artifact, name, version string, stderr io.Writer) (batch.Model, error) {
	m, err := model.New(a)
	if err != nil {
		return batch.Model{}, err
	}
	printWarnings(stderr, m.Warnings())
	sum, err := a.Sum()
	return batch.Model{Model: m, Name: name, Version: version, Sum: sum}, err
}

// A batchProgress shows how far a run is: a bar on a terminal, elsewhere a line of JSON
// a minute.
type batchProgress struct {
	w        io.Writer
	terminal bool
	bar      *progressbar.ProgressBar
	start    time.Time
	last     time.Time // of the last line or change of the bar
}

func newBatchProgress(w io.Writer) *batchProgress {
	now := time.Now()
	return &batchProgress{w: w, terminal: isTerminal(w), start: now, last: now}
}

func (p *batchProgress) Status(s batch.Status) {
	now := time.Now()
	if !p.terminal {
		if now.Sub(p.last) >= time.Minute {
			p.last = now
			p.line("progress", &s, nil)
		}
		return
	}
	if now.Sub(p.last) < 100*time.Millisecond {
		return
	}
	p.last = now
	if p.bar == nil {
		total := s.Total
		if total == 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
		)
	}
	text := fmt.Sprintf("%d rows, %.0f/s, %d errors", s.Rows, p.rate(&s), s.Errors)
	if left, ok := p.left(&s); ok {
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	p.bar.Describe(text)
	_ = p.bar.Set64(s.Done) // a progress bar that cannot be drawn is no reason to stop
}

func (p *batchProgress) Waiting(err error) {
	if p.terminal {
		fmt.Fprintf(p.w, "waiting for the database: %v\n", err)
		return
	}
	p.print(struct {
		Message string `json:"message"`
		Error   string `json:"error"`
	}{"waiting for the database", err.Error()})
}

// print prints a line of JSON.
func (p *batchProgress) print(line any) {
	data, err := json.Marshal(line, json.Deterministic(true))
	if err != nil {
		panic(err) // all of it are numbers and texts
	}
	fmt.Fprintf(p.w, "%s\n", data)
}

func (p *batchProgress) end() {
	if p.bar != nil {
		_ = p.bar.Exit()
		fmt.Fprintln(p.w)
	}
}

// rate is the number of rows a second of this run.
func (p *batchProgress) rate(s *batch.Status) float64 {
	return float64(s.Rows-s.Resumed) / max(time.Since(p.start).Seconds(), 1e-3)
}

// left is how long the rest of the source will take, if its size is known.
func (p *batchProgress) left(s *batch.Status) (time.Duration, bool) {
	if s.Total == 0 || s.Done <= s.Began {
		return 0, false
	}
	return time.Duration(float64(time.Since(p.start)) * float64(s.Total-s.Done) / float64(s.Done-s.Began)), true
}

// A batchLine is a line of progress, and the summary.
type batchLine struct {
	Message   string           `json:"message"`
	Rows      int64            `json:"rows"`
	Errors    int64            `json:"errors"`
	Unchanged int64            `json:"unchanged"`
	Resumed   int64            `json:"resumed"`
	PerSecond int64            `json:"rows_per_second"`
	Seconds   float64          `json:"seconds"`
	Left      *float64         `json:"seconds_left,omitzero"`
	Tags      map[string]int64 `json:"tags,omitzero"`
	// Of the rows of this run; nil if the model has no baseline, or nothing was scored.
	Drift *monitor.Comparison `json:"drift,omitzero"`
}

// compared compares what a run scored with the baseline of the model. It returns nil if
// there is nothing to compare.
func compared(scored *monitor.Monitor) *monitor.Comparison {
	b, err := scored.Baseline()
	counts := scored.Counts()
	if err != nil || counts.Texts() == 0 {
		return nil
	}
	return b.Compare(&counts)
}

func (p *batchProgress) line(message string, s *batch.Status, drift *monitor.Comparison) {
	elapsed := time.Since(p.start).Seconds()
	line := batchLine{
		Message: message, Rows: s.Rows, Errors: s.Errors, Unchanged: s.Unchanged, Resumed: s.Resumed,
		PerSecond: int64(p.rate(s)), Seconds: elapsed, Drift: drift,
	}
	if message == "done" {
		line.Tags = s.Tags
	} else if left, ok := p.left(s); ok {
		seconds := left.Seconds()
		line.Left = &seconds
	}
	p.print(line)
}

func (p *batchProgress) summary(s *batch.Status, scored *monitor.Monitor) error {
	if _, err := scored.Baseline(); err != nil && !errors.Is(err, monitor.ErrNone) {
		printWarnings(p.w, []string{err.Error()})
	}
	drift := compared(scored)
	if !p.terminal {
		p.line("done", s, drift)
		return nil
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "rows\t%d in %v, %.0f a second\n", s.Rows, time.Since(p.start).Round(10*time.Millisecond), p.rate(s))
	if s.Resumed > 0 {
		fmt.Fprintf(t, "resumed\t%d rows were done before\n", s.Resumed)
	}
	if s.Unchanged > 0 {
		fmt.Fprintf(t, "unchanged\t%d\n", s.Unchanged)
	}
	fmt.Fprintf(t, "errors\t%d\n", s.Errors)
	tags := slices.SortedFunc(maps.Keys(s.Tags), func(a, b string) int { return int(s.Tags[b] - s.Tags[a]) })
	for _, tag := range tags {
		fmt.Fprintf(t, "%s\t%d\t%.1f %%\n", tag, s.Tags[tag], 100*float64(s.Tags[tag])/float64(s.Rows))
	}
	if err := t.Flush(); err != nil || drift == nil {
		return err
	}
	fmt.Fprint(p.w, "\ncompared with the baseline of the model:\n")
	return drift.Write(p.w)
}
