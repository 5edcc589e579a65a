package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"tagifai/internal/sniff"
)

// A block is some lines on their way through eachLine.
type block struct {
	text   []byte // the lines, without their ends
	ends   []int  // of each line in text
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
	b.text, b.ends, b.result = b.text[:0], b.ends[:0], b.result[:0]
	blocks.Put(b)
}

// blockSize is how much text makes a block full. A block also goes on its way when
// the input has nothing more at the moment, so that a person at a terminal gets an
// answer to every line.
const blockSize = 64 << 10

// eachLine appends the result of each line of in, its end ("\n" or "\r\n") taken
// off, and writes these to out, in order. The lines are worked on by all cores; only
// a few blocks are in memory at a time.
func eachLine(ctx context.Context, in io.Reader, out io.Writer, result func(dst []byte, line string) []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *block)
	inOrder := make(chan *block, 2*workers)
	for range workers {
		go func() {
			for b := range work {
				start, text := 0, string(b.text) // once for all lines
				for _, end := range b.ends {
					b.result = result(b.result, text[start:end])
					start = end
				}
				close(b.done)
			}
		}()
	}
	var readErr error // of the input; to be looked at once inOrder is closed
	go func() {
		defer close(inOrder)
		defer close(work)
		readErr = readBlocks(in, func(b *block) bool {
			select {
			case inOrder <- b:
			case <-ctx.Done():
				return false
			}
			select {
			case work <- b:
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	for {
		select {
		case b, more := <-inOrder:
			if !more {
				return readErr
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

// readBlocks cuts the input into blocks of whole lines, until it ends or emit
// returns false. An input that does not begin as text is an error.
func readBlocks(in io.Reader, emit func(*block) bool) error {
	r := bufio.NewReaderSize(in, blockSize)
	_, _ = r.Peek(1) // fills the buffer; an error comes again
	beginning, _ := r.Peek(r.Buffered())
	if err := sniff.Text(beginning); err != nil {
		return fmt.Errorf("standard input %w; a line for each text is wanted", err)
	}
	b := newBlock()
	flush := func() bool {
		full := b
		b = newBlock()
		return len(full.ends) == 0 || emit(full)
	}
	start := 0 // of the current line in b.text
	for {
		piece, err := r.ReadSlice('\n')
		b.text = append(b.text, piece...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue // the line goes on
		}
		if err == nil || len(b.text) > start { // the last line may have no end
			b.text = b.text[:start+len(withoutEnd(b.text[start:]))]
			b.ends = append(b.ends, len(b.text))
			start = len(b.text)
		}
		if err == nil && len(b.text) < blockSize {
			if rest, _ := r.Peek(r.Buffered()); bytes.IndexByte(rest, '\n') >= 0 {
				continue // the next line is there, whole
			}
		}
		if !flush() {
			return nil
		}
		start = 0
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// withoutEnd takes "\n" or "\r\n" off a line.
func withoutEnd(line []byte) []byte {
	if whole, ok := bytes.CutSuffix(line, []byte("\n")); ok {
		return bytes.TrimSuffix(whole, []byte("\r"))
	}
	return line
}
