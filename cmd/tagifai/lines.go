package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"tagifai/internal/sniff"
)

// blockSize is how much of the input is read at once. What has been read goes on its way
// as soon as there is a whole line, so that a person at a terminal gets an answer to each.
const blockSize = 64 << 10

// A block is some lines on their way through eachLine.
type block struct {
	number int    // blocks before it
	text   []byte // the lines with their ends
	result []byte
}

// blocks are those whose lines are out, for their memory.
var blocks = sync.Pool{New: func() any { return new(block) }}

// release gives the memory of b to another block, but for that of giant lines.
func (b *block) release() {
	if max(cap(b.text), cap(b.result)) > 16*blockSize {
		return
	}
	b.text, b.result = b.text[:0], b.result[:0]
	blocks.Put(b)
}

// work appends the result of each line.
func (b *block) work(result func(dst []byte, line string) []byte) {
	text := unsafe.String(unsafe.SliceData(b.text), len(b.text)) // a copy, and its collection, took 4 %
	for text != "" {
		line, rest, ended := strings.Cut(text, "\n")
		if ended {
			line = strings.TrimSuffix(line, "\r")
		}
		b.result = result(b.result, line)
		text = rest
	}
}

// eachLine appends the result of each line of in, its end ("\n" or "\r\n") taken off, and
// writes these to out, in order. A line is valid until result returns.
//
// All cores do the same: read a block, work on it, write it. It takes 4 % less than when one
// writes for all. A block that is done before an earlier one is kept until that is written,
// and its worker goes on. Only some blocks are in memory at a time, so many that nobody waits
// where another loses its core for a few milliseconds.
func eachLine(ctx context.Context, in io.Reader, out io.Writer, result func(dst []byte, line string) []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	r := &blockReader{in: in}
	w := &blockWriter{out: out, room: make(chan struct{}, 8*workers), waiting: make(map[int]*block)}
	defer w.stop()
	ended := make(chan error, workers)
	for range workers {
		go func() { ended <- eachBlock(ctx, r, w, result) }()
	}
	for range workers {
		select {
		case err := <-ended:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return r.err
}

// eachBlock is what one worker does until the input ends.
func eachBlock(ctx context.Context, r *blockReader, w *blockWriter, result func(dst []byte, line string) []byte) error {
	for {
		select {
		case w.room <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		b := r.next()
		if b == nil {
			return nil
		}
		b.work(result)
		if err := w.write(b); err != nil {
			return err
		}
	}
}

// A blockWriter writes blocks in the order of their numbers.
type blockWriter struct {
	mu      sync.Mutex
	out     io.Writer
	room    chan struct{}  // has an element for each block in memory
	next    int            // the number of the block to write
	waiting map[int]*block // those behind it that are done
	err     error          // of the output
}

// write writes b and those that have waited for it, or lets it wait for others.
func (w *blockWriter) write(b *block) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting[b.number] = b
	for b := w.waiting[w.next]; b != nil && w.err == nil; b = w.waiting[w.next] {
		delete(w.waiting, w.next)
		w.next++
		_, w.err = w.out.Write(b.result)
		b.release()
		<-w.room
	}
	return w.err
}

// stop waits for the end of a write. There is none after it.
func (w *blockWriter) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = cmp.Or(w.err, context.Canceled)
}

// A blockReader cuts its input into blocks of whole lines.
type blockReader struct {
	mu    sync.Mutex
	in    io.Reader
	count int    // blocks read
	rest  []byte // the beginning of the next line
	ended bool   // no block is to come
	err   error  // of the input; to be looked at once all workers have ended
}

// next returns the next block, nil behind the last one.
func (r *blockReader) next() *block {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	b := blocks.Get().(*block) //nolint:forcetypeassert // it has nothing else
	if err := r.read(b); err != nil {
		r.ended = true
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
		if len(b.text) == 0 {
			return nil
		}
	}
	b.number = r.count
	r.count++
	return b
}

// read reads on until b has a whole line, or the input ends. An input that does not begin
// as text is an error.
func (r *blockReader) read(b *block) error {
	b.text = append(b.text, r.rest...)
	r.rest = r.rest[:0]
	for {
		from := len(b.text)
		b.text = slices.Grow(b.text, blockSize)
		n, err := r.in.Read(b.text[from:][:blockSize])
		b.text = b.text[:from+n]
		if n > 0 && r.count == 0 && from == 0 {
			if err := sniff.Text(b.text); err != nil {
				b.text = b.text[:0]
				return fmt.Errorf("standard input %w; a line for each text is wanted", err)
			}
		}
		if err != nil {
			return err // the last line may have no end
		}
		if end := bytes.LastIndexByte(b.text[from:], '\n') + 1; end > 0 {
			end += from
			r.rest = append(r.rest, b.text[end:]...)
			b.text = b.text[:end]
			return nil
		}
	}
}
