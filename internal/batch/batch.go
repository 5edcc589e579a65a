// Package batch predicts the rows of a file or a table and writes the results to
// another. A run that was killed goes on where it was: nothing is lost, and nothing is
// there twice.
package batch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"tagifai/model"
)

// A Job is what a run is to do.
type Job struct {
	From, To Location
	Columns  Columns
	Model    Model

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
	Done, Total int64 // bytes of the source; Total is 0 if its size is unknown
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
	// size returns how many bytes have been read, and how many there are; 0 if unknown.
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

// A chunk is some rows on their way.
type chunk struct {
	rows  []row
	after Position
	at    time.Time // of the first row; each row is a microsecond later than the one before
	read  int64     // bytes of the source

	results []byte
	tally   Tally
	done    chan struct{} // closed when the results are there
}

const (
	chunkRows  = 4096
	chunkBytes = 1 << 20 // of texts
	// rowLimit is how many bytes a row may have.
	rowLimit = 32 << 20
)

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
	if last.Complete {
		return status, out.finish(ctx, last)
	}
	in, err := j.openSource(ctx, last.Position, w)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	_, status.Total = in.size()
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
		if j.MaxErrors >= 0 && tally.Errors > j.MaxErrors {
			return fmt.Errorf("%d rows have errors, and --max-errors is %d", tally.Errors, j.MaxErrors)
		}
		return nil
	})
	if err != nil {
		return status, err
	}
	return status, out.finish(ctx, last)
}

// pump predicts the rows of the source on all cores and passes them to write, in order.
// Only a few chunks are in memory at a time.
func (j *Job) pump(ctx context.Context, in source, out sink, write func(*chunk) error) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *chunk)
	inOrder := make(chan *chunk, workers)
	var running sync.WaitGroup
	defer func() {
		cancel()
		ended := make(chan struct{})
		go func() { running.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(time.Second): // a read from a pipe cannot be cancelled
		}
	}()
	for range workers {
		running.Go(func() {
			for c := range work {
				j.predict(c, out)
				close(c.done)
			}
		})
	}
	var readErr error // to be looked at once inOrder is closed
	running.Go(func() {
		defer close(inOrder)
		defer close(work)
		readErr = readChunks(ctx, in, func(c *chunk) bool {
			select {
			case inOrder <- c:
			case <-ctx.Done():
				return false
			}
			select {
			case work <- c:
				return true
			case <-ctx.Done():
				return false
			}
		})
	})
	for {
		select {
		case c, more := <-inOrder:
			if !more {
				return errors.Join(ctx.Err(), readErr)
			}
			select {
			case <-c.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := write(c); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// readChunks cuts the rows of the source into chunks, until it ends or emit returns
// false.
func readChunks(ctx context.Context, in source, emit func(*chunk) bool) error {
	var at time.Time
	for {
		if now := time.Now().UTC().Truncate(time.Microsecond); now.After(at) {
			at = now
		}
		c := &chunk{at: at, done: make(chan struct{})}
		var err error
		for size := 0; err == nil && size < chunkBytes && len(c.rows) < chunkRows; {
			var r row
			if err = in.read(ctx, &r); err == nil {
				c.rows = append(c.rows, r)
				size += len(r.text) + len(r.id)
				for _, v := range r.keep {
					size += len(v.text)
				}
			}
		}
		at = at.Add(time.Duration(len(c.rows)) * time.Microsecond)
		c.after = in.position()
		c.read, _ = in.size()
		if len(c.rows) > 0 && !emit(c) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// predict sets the results of a chunk.
func (j *Job) predict(c *chunk, out sink) {
	first := c.after.Row - int64(len(c.rows)) + 1 // the number of the first row
	c.tally.Tags = make(map[string]int64)
	var last map[string]int // the last row with an id
	if out.upserts() {
		last = make(map[string]int, len(c.rows))
	}
	for i := range c.rows {
		r := &c.rows[i]
		check(r, j.Columns)
		if r.id == "" {
			if r.id = strconv.FormatInt(first+int64(i), 10); j.Columns.ID != "" {
				r.id = "#" + r.id
			}
		}
		if last != nil {
			last[j.key(r)] = i
		}
	}
	for i := range c.rows {
		r := &c.rows[i]
		if !j.Shard.has(r.id) {
			continue
		}
		res := result{row: r, at: c.at.Add(time.Duration(i) * time.Microsecond), sum: sha256.Sum256([]byte(r.text))}
		c.tally.Rows++
		switch {
		case r.bad != "":
			c.tally.Errors++
		case j.Probabilities && j.Model.HasProbabilities():
			p := j.Model.Predict(r.text)
			res.tag, res.probabilities = p.Tag, p.Probabilities
			for _, probability := range p.Probabilities {
				res.probability = max(res.probability, probability)
			}
		default:
			a := j.Model.Classify(r.text, nil, nil)
			if res.tag, res.probability = j.Model.Class(a.Class), a.Confidence; !j.Model.HasProbabilities() {
				res.probability = math.NaN()
			}
		}
		if r.bad == "" {
			c.tally.Tags[res.tag]++
		}
		if last == nil || last[j.key(r)] == i {
			c.results = out.append(c.results, &res)
		}
	}
	c.results = out.seal(c.results)
	c.rows = nil
}

// key is what two rows of a table cannot have both.
func (j *Job) key(r *row) string {
	if j.History {
		return r.id + "\x00" + r.text
	}
	return r.id
}

// check makes a bad row of one that cannot be predicted, or not be kept everywhere.
func check(r *row, columns Columns) {
	bad := func(format string, args ...any) {
		if r.bad == "" {
			r.bad = fmt.Sprintf(format, args...)
		}
	}
	switch {
	case strings.IndexByte(r.id, 0) >= 0:
		r.id = ""
		bad("the id has a NUL")
	case !utf8.ValidString(r.id):
		r.id = ""
		bad("the id is not UTF-8")
	case r.id == "" && columns.ID != "":
		bad("there is no id")
	}
	for i := range r.keep {
		switch v := &r.keep[i]; {
		case v.kind == jsonValue && strings.Contains(v.text, `\u0000`), strings.IndexByte(v.text, 0) >= 0:
			*v = value{kind: nullValue}
			bad("the column %s has a NUL", columns.Keep[i])
		case !utf8.ValidString(v.text):
			*v = value{kind: nullValue}
			bad("the column %s is not UTF-8", columns.Keep[i])
		}
	}
	switch {
	case r.bad != "":
	case !utf8.ValidString(r.text):
		bad("the text is not UTF-8; convert the source to it")
	case strings.TrimSpace(r.text) == "":
		bad("the text is empty")
	}
}
