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
	// maxFields is how many fields a row of CSV may have.
	maxFields = 100_000
)

// pump predicts the rows of the source on all cores and passes them to write, in order.
// Only a few chunks are in memory at a time, but so many that the cores have work while
// results wait for the disk. Who predicts a chunk has read it, so that nobody waits for a
// reader that has no core.
func (j *Job) pump(ctx context.Context, in source, out sink, write func(*chunk) error) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	inOrder := make(chan *chunk, 2*workers)
	r := &chunkReader{in: in, out: inOrder}
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
			for c := r.next(ctx); c != nil; c = r.next(ctx) {
				j.predict(c, out)
				close(c.done)
			}
		})
	}
	for {
		select {
		case c, more := <-inOrder:
			if !more {
				return errors.Join(ctx.Err(), r.err)
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

// A chunkReader cuts the rows of its source into chunks. They go to out in order, which is
// closed behind the last of them.
type chunkReader struct {
	mu    sync.Mutex
	in    source
	out   chan<- *chunk
	at    time.Time // of the next row
	ended bool      // no chunk is to come
	err   error     // of the source; to be looked at once out is closed
}

// next returns the next chunk, nil behind the last one and when the context ends.
func (r *chunkReader) next(ctx context.Context) *chunk {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	c, err := r.read(ctx)
	if len(c.rows) == 0 {
		c = nil
	} else {
		select {
		case r.out <- c:
		case <-ctx.Done():
			r.ended = true
			return nil
		}
	}
	if err != nil {
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
		r.ended = true
		close(r.out)
	}
	return c
}

// read returns the next rows. There are fewer than a chunk has, perhaps none, if the source
// ends or fails.
func (r *chunkReader) read(ctx context.Context) (*chunk, error) {
	if now := time.Now().UTC().Truncate(time.Microsecond); now.After(r.at) {
		r.at = now
	}
	c := newChunk(r.at)
	var err error
	for size := 0; err == nil && size < chunkBytes && len(c.rows) < chunkRows; {
		var one row
		if err = r.in.read(ctx, &one); err == nil {
			c.rows = append(c.rows, one)
			size += len(one.text) + len(one.id)
			for _, v := range one.keep {
				size += len(v.text)
			}
		}
	}
	r.at = r.at.Add(time.Duration(len(c.rows)) * time.Microsecond)
	c.after = r.in.position()
	c.read, _ = r.in.size()
	return c, err
}
