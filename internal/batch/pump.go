package batch

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"
)

// A chunk is some rows on their way.
type chunk struct {
	rows  []row
	after Position
	at    time.Time // of the first row; each row is a microsecond later than the one before
	read  int64     // of the source, in its units

	text    []byte // of the row that is hashed
	results []byte
	tally   Tally
	done    chan struct{} // closed when the results are there
}

// chunks are those whose results are written, for their memory: without them, a fifth of
// the time of a file goes into larger and larger slices and into collecting them.
var chunks = sync.Pool{New: func() any { return new(chunk) }}

func newChunk(at time.Time) *chunk {
	c := chunks.Get().(*chunk) //nolint:forcetypeassert // it has nothing else
	*c = chunk{at: at, done: make(chan struct{}), rows: c.rows[:0], text: c.text[:0], results: c.results[:0]}
	return c
}

// release gives the memory of c to another chunk, but for that of giant rows.
func (c *chunk) release() {
	if max(cap(c.text), cap(c.results)) <= 4*chunkBytes {
		chunks.Put(c)
	}
}

const (
	chunkRows  = 4096
	chunkBytes = 1 << 20 // of texts
	// rowLimit is how many bytes a row may have.
	rowLimit = 32 << 20
)

// pump predicts the rows of the source on all cores and passes them to write, in order.
// Only a few chunks are in memory at a time, but so many that the cores have work while
// results wait for the disk.
func (j *Job) pump(ctx context.Context, in source, out sink, write func(*chunk) error) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *chunk)
	inOrder := make(chan *chunk, 2*workers)
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
			}
			if ctx.Err() != nil { // select may choose either
				return ctx.Err()
			}
			if err := write(c); err != nil {
				return err
			}
			c.release()
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
		c := newChunk(at)
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
