package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/batch"
	"tagifai/internal/monitor"
	"tagifai/internal/store"
	"tagifai/model"
)

type batchCommand struct {
	From        string  `placeholder:"SOURCE" help:"Where the rows come from: a CSV, TSV or JSONL file, plain or compressed by gzip or zstd; - for standard input; sqlite:FILE?table=NAME; postgres://…?table=NAME."`
	To          string  `placeholder:"SINK" help:"Where the results go: a file of these kinds, - for standard output, or a database, in which batch makes its own tables."`
	Model       *string `xor:"model" placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Models      string  `xor:"model" placeholder:"DIR" help:"Directory of models, as for tagifai serve; the last argument says which model and version."`
	Aliases     string  `placeholder:"DIR" help:"Directory of the aliases, if they are not beside the versions."`
	Version     string  `arg:"" optional:"" name:"version" help:"Version in --models: NAME@ALIAS or NAME:VERSION. NAME alone is NAME@stable."`
	ID          string  `name:"id" placeholder:"COLUMN" help:"Column of the ids; the number of the row if left out."`
	Text        string  `default:"text" placeholder:"COLUMN,…" help:"Columns of the text, joined by a space (${default})."`
	Keep        string  `placeholder:"COLUMN,…" help:"Columns to copy into the results."`
	Query       string  `placeholder:"SQL" help:"Query whose result the rows are, in place of a table."`
	FromFormat  string  `placeholder:"FORMAT" help:"Format of the source, if its name does not tell: csv, tsv or jsonl."`
	ToFormat    string  `placeholder:"FORMAT" help:"Format of the sink, if its name does not tell: csv, tsv or jsonl, with .gz or .zst."`
	Delimiter   string  `placeholder:"CHARACTER" help:"Delimiter of a CSV source; a comma if left out."`
	ToDelimiter string  `placeholder:"CHARACTER" help:"Delimiter of a CSV sink; a comma if left out."`
	Header      bool    `default:"true" negatable:"" help:"The first line of a CSV source names its columns; without such a line they are called 1, 2 and so on."`
	ToHeader    bool    `default:"true" negatable:"" help:"The first line of a CSV sink names its columns."`

	Probabilities bool   `help:"Add the probability of every class."`
	History       bool   `help:"Keep the results of other versions and other texts as well; only in a database."`
	Resume        bool   `default:"true" negatable:"" help:"Go on where a run was stopped."`
	MaxErrors     int64  `default:"-1" placeholder:"N" help:"Stop once more than N rows have errors; never if negative (${default})."`
	Shard         string `placeholder:"I/N" help:"Predict one of N parts of the rows, 0/N to (N-1)/N, by a hash of the id."`
	PrintSchema   bool   `help:"Print the SQL that makes the tables of --to, or PostgreSQL's without --to."`
}

func (batchCommand) Help() string {
	return "Every row gives a row: the tag, or what is wrong. A run that was stopped goes on where it was.\n\n" +
		"Example:\n\n    tagifai batch --from projects.csv --id id --text title,description --to tags.jsonl.gz\n" +
		"    tagifai batch --from projects.csv --id id --text title --to postgres://user@host/db --models store tagger@stable"
}

func (c batchCommand) Run(ctx context.Context, env cli.Env) error {
	if c.PrintSchema {
		schema, err := batch.Schema(c.To)
		if err != nil {
			return err
		}
		_, err = io.WriteString(env.Out, schema)
		return err
	}
	job := &batch.Job{
		Columns:       batch.Columns{ID: c.ID, Text: columnNames(c.Text), Keep: columnNames(c.Keep)},
		Stdin:         env.In,
		Stdout:        env.Out,
		Probabilities: c.Probabilities,
		History:       c.History,
		Resume:        c.Resume,
		MaxErrors:     c.MaxErrors,
	}
	var err error
	if c.From == "" || c.To == "" {
		return cli.Misuse(errors.New("batch: --from and --to are needed"))
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
	if job.Model, err = c.open(env.Err); err != nil {
		return err
	}
	scored := monitor.New(job.Model.Model, time.Now())
	job.Predicted = scored.Predicted
	w := newBatchProgress(env.Err)
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
			return batch.Model{}, cli.Misuse(fmt.Errorf("batch: %q is a version of --models, which is missing", c.Version))
		}
		a, err := cli.ReadArtifact(c.Model)
		if err != nil {
			return batch.Model{}, err
		}
		return newBatchModel(a, "default", a.RunID, stderr)
	}
	if c.Version == "" {
		return batch.Model{}, cli.Misuse(errors.New("batch: --models wants NAME@ALIAS or NAME:VERSION as the last argument"))
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
	a, err := cli.ReadArtifact(&dir)
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
	cli.PrintWarnings(stderr, m.Warnings())
	sum, err := a.Sum()
	return batch.Model{Model: m, Name: name, Version: version, Sum: sum}, err
}
