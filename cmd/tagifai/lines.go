package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"tagifai/internal/sniff"
)

// blockSize is how much of the input is read at once. What has been read goes on its way
// as soon as there is a whole line, so that a person at a terminal gets an answer to each.
const blockSize = 64 << 10

// A block is some lines on their way through eachLine.
type block struct {
	text   []byte // the lines with their ends
	result []byte
	done   chan struct{} // closed when result is there
}

// blocks are those whose lines are out, for their memory.
var blocks = sync.Pool{New: func() any { return new(block) }}

func newBlock() *block {
	b := blocks.Get().(*block) //nolint:forcetypeassert // it has nothing else
	b.done = make(chan struct{})
	return b
}

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
	for text := string(b.text); text != ""; { // copied once for all lines
		line, rest, ended := strings.Cut(text, "\n")
		if ended {
			line = strings.TrimSuffix(line, "\r")
		}
		b.result = result(b.result, line)
		text = rest
	}
	close(b.done)
}

// eachLine appends the result of each line of in, its end ("\n" or "\r\n") taken
// off, and writes these to out, in order. The lines are worked on by all cores; only
// some blocks are in memory at a time, so many that nobody waits where a core is taken away
// for a few milliseconds from one who works on a block. Whoever works on it has read it.
func eachLine(ctx context.Context, in io.Reader, out io.Writer, result func(dst []byte, line string) []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	inOrder := make(chan *block, 8*workers)
	r := &blockReader{in: in, out: inOrder}
	for range workers {
		go func() {
			for b := r.next(ctx); b != nil; b = r.next(ctx) {
				b.work(result)
			}
		}()
	}
	for {
		select {
		case b, more := <-inOrder:
			if !more {
				return r.err
			}
			select {
			case <-b.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if _, err := out.Write(b.result); err != nil {
				return err
			}
			b.release()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A blockReader cuts its input into blocks of whole lines. They go to out in order, which
// is closed behind the last of them.
type blockReader struct {
	mu    sync.Mutex
	in    io.Reader
	out   chan<- *block
	rest  []byte // the beginning of the next line
	begun bool   // something has been read
	ended bool   // no block is to come
	err   error  // of the input; to be looked at once out is closed
}

// next returns the next block, nil behind the last one and when the context ends.
func (r *blockReader) next(ctx context.Context) *block {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	b := newBlock()
	err := r.read(b)
	if len(b.text) == 0 {
		b = nil
	} else {
		select {
		case r.out <- b:
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
		if n > 0 && !r.begun {
			r.begun = true
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
