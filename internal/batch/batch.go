// Package batch predicts the rows of a file or a table and writes the results to
// another. A run that was killed goes on where it was: nothing is lost, and nothing is
// there twice.
package batch

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"tagifai/model"
)

// A Job is what a run is to do.
type Job struct {
	From, To Location
	Columns  Columns
	Model    Model
	// Predicted is told of each text and the answer that it gets, by many goroutines; nil
	// if nobody asks.
	Predicted func(text string, a model.Answer)

	Stdin  io.Reader // of the location "-"
	Stdout io.Writer

	Probabilities bool  // write the probability of every class
	History       bool  // of a table: keep what other versions and other texts gave
	Resume        bool  // go on from a checkpoint, if there is one
	MaxErrors     int64 // more rows than this without a tag end the run; none do if negative
	Shard         Shard
}

// A Model is a model and what the results call it.
type Model struct {
	*model.Model
	Name    string
	Version string
	Sum     string // SHA-256 in hexadecimal; see [model.Artifact.Sum]
}

// Columns says what is in the columns of the source.
type Columns struct {
	ID   string   // the row's number if empty
	Text []string // joined by a space
	Keep []string // go along
}

// A Tally says how far a run is, the runs before it that it goes on from included.
type Tally struct {
	Rows   int64            `json:"rows"`
	Errors int64            `json:"errors"`
	Tags   map[string]int64 `json:"tags"`
}

func (t *Tally) add(more Tally) {
	t.Rows += more.Rows
	t.Errors += more.Errors
	if t.Tags == nil {
		t.Tags = make(map[string]int64)
	}
	for tag, rows := range more.Tags {
		t.Tags[tag] += rows
	}
}

// A Status is a Tally, and how much of the source is read.
type Status struct {
	Tally
	Resumed     int64 // rows that earlier runs had done
	Unchanged   int64 // rows that were in the table already
	Began       int64 // Done at the beginning
	Done, Total int64 // bytes of a file or rows of a table; Total is 0 if unknown
}

// A Watcher is told what happens while a run is under way.
type Watcher interface {
	Status(Status)
	Waiting(err error) // for a database that is away
}

// A Position is a place in the source: behind a row.
type Position struct {
	Row    int64   `json:"row"`              // the number of rows before it
	Offset int64   `json:"offset,omitzero"`  // in a file, once it is decompressed
	ID     *string `json:"id,omitzero"`      // in a table: the id of the last row
	IDType string  `json:"id_type,omitzero"` // its type in SQLite
	SameID int64   `json:"same_id,omitzero"` // and how many rows with this id come before
}

// A checkpoint is what a run goes on from.
type checkpoint struct {
	Job      string   `json:"job"` // the identity of the run
	Position Position `json:"position"`
	Tally    Tally    `json:"tally"`
	// Bytes is the size of the file that is being written.
	Bytes    int64 `json:"bytes,omitzero"`
	Complete bool  `json:"complete,omitzero"` // the file is, and only has to be renamed
}

// A row is one row of the source. Its strings may share memory with other rows.
type row struct {
	id, text string
	keep     []value
	bad      string // why there is nothing to predict
}

// A value of a column that goes along.
type value struct {
	text string
	kind kind
}

type kind uint8

const (
	textValue kind = iota
	nullValue
	jsonValue // text is JSON, of a number or something larger
)

// A source yields rows, in an order that is the same every time.
type source interface {
	// read sets r to the next row. The end is io.EOF; another error ends the run.
	read(ctx context.Context, r *row) error
	// position is that behind the last row.
	position() Position
	// size returns how many bytes or rows have been read, and how many there are; 0 if
	// unknown.
	size() (done, total int64)
	io.Closer
}

// A sink keeps results.
type sink interface {
	// start returns the checkpoint to go on from; nil if there is none.
	start(ctx context.Context, job string, resume bool) (*checkpoint, error)
	// append appends a result to what write gets. It is called by many goroutines.
	append(dst []byte, r *result) []byte
	// seal ends what append has written for some rows. It is called by many goroutines.
	seal(dst []byte) []byte
	// write writes the results of some rows along with the checkpoint behind them, and
	// returns how many of them were there already.
	write(ctx context.Context, results []byte, c *checkpoint) (unchanged int64, err error)
	// finish makes the results final.
	finish(ctx context.Context, c *checkpoint) error
	// upserts reports whether a later row takes the place of an earlier one with its id.
	upserts() bool
	io.Closer
}

// A result is a row of the sink.
type result struct {
	*row
	tag           string
	probability   float64   // NaN for a model that has none
	probabilities []float64 // nil if they are not wanted
	sum           [sha256.Size]byte
	at            time.Time
}

// Run does the job. If it ends early, a checkpoint is left, and the same job goes on
// from it.
func Run(ctx context.Context, j *Job, w Watcher) (*Status, error) {
	src, err := j.From.identify()
	if err != nil {
		return nil, err
	}
	out, err := j.openSink(ctx, w)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	identity := ""
	if src != "" {
		identity = j.identity(src)
	}
	last, err := out.start(ctx, identity, j.Resume)
	if err != nil {
		return nil, err
	}
	if last == nil {
		last = &checkpoint{Job: identity}
	}
	status := &Status{Tally: last.Tally, Resumed: last.Tally.Rows}
	if err := j.tooMany(last.Tally.Errors); err != nil {
		return status, err
	}
	if last.Complete {
		return status, out.finish(ctx, last)
	}
	in, err := j.openSource(ctx, last.Position, w)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	status.Began, status.Total = in.size()
	err = j.pump(ctx, in, out, func(c *chunk) error {
		tally := Tally{}
		tally.add(last.Tally)
		tally.add(c.tally)
		next := &checkpoint{Job: identity, Position: c.after, Tally: tally, Bytes: last.Bytes}
		unchanged, err := out.write(ctx, c.results, next)
		if err != nil {
			return err
		}
		last = next
		status.Tally, status.Done = tally, c.read
		status.Unchanged += unchanged
		w.Status(*status)
		return j.tooMany(tally.Errors)
	})
	if err != nil {
		return status, err
	}
	return status, out.finish(ctx, last)
}

// tooMany returns an error if more rows have errors than may have.
func (j *Job) tooMany(rows int64) error {
	if j.MaxErrors < 0 || rows <= j.MaxErrors {
		return nil
	}
	return fmt.Errorf("%d rows have errors, and --max-errors is %d", rows, j.MaxErrors)
}
