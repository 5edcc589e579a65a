package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A countingReader counts what is read from it.
type countingReader struct {
	from *strings.Reader
	size atomic.Int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.size.Add(int64(n))
	return n, err
}

// While one worker is held up, the other goes on, as long as there is room.
func TestEachLineHeldUp(t *testing.T) {
	const workers, room = 2, 8 * 2
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
	var lines strings.Builder
	for i := range 4 * room * blockSize / 64 {
		fmt.Fprintf(&lines, "%63d\n", i)
	}
	text := lines.String()
	synctest.Test(t, func(t *testing.T) {
		in := &countingReader{from: strings.NewReader(text)}
		var out bytes.Buffer
		var heldUp atomic.Bool
		goOn, ended := make(chan struct{}), make(chan error)
		go func() {
			ended <- eachLine(t.Context(), in, &out, func(dst []byte, line string) []byte {
				if heldUp.CompareAndSwap(false, true) {
					<-goOn
				}
				return append(append(dst, line...), '\n')
			})
		}()
		synctest.Wait()
		if got, want := in.size.Load(), int64(room*blockSize); got != want {
			t.Errorf("%d bytes are read while the first line is worked on, want %d", got, want)
		}
		close(goOn)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if out.String() != text {
			t.Errorf("the results are not those of the lines, or in another order")
		}
	})
}

// Pieces is text that is read in pieces of some bytes.
type pieces struct {
	text *strings.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.text.Read(b[:min(p.size, len(b))]) }

func FuzzEachLine(f *testing.F) {
	f.Add("one\ntwo\r\n\nthree", uint8(0))
	f.Add(strings.Repeat("a\rb\r\r\n", 50)+"\n", uint8(8))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		const first = "text\n" // anything may follow what begins as text
		var want strings.Builder
		for line := range strings.Lines(first + text) {
			line, ended := strings.CutSuffix(line, "\n")
			if ended {
				line = strings.TrimSuffix(line, "\r")
			}
			fmt.Fprintf(&want, "%q\n", line)
		}
		in := io.MultiReader(strings.NewReader(first), pieces{strings.NewReader(text), 1 + int(size)})
		var got bytes.Buffer
		err := eachLine(t.Context(), in, &got, func(dst []byte, line string) []byte { return fmt.Appendf(dst, "%q\n", line) })
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("got\n%swant\n%s", &got, &want)
		}
	})
}

// A writerFunc is a function as a writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Nothing is written any more when eachLine returns.
func TestEachLineCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var writes, ended int // which the race detector looks at
	out := writerFunc(func(p []byte) (int, error) {
		writes++
		cancel()
		time.Sleep(10 * time.Millisecond)
		ended++
		return len(p), nil
	})
	err := eachLine(ctx, endless("y\n"), out, func(dst []byte, line string) []byte { return append(dst, line...) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it is cancelled", err)
	}
	if writes == 0 || writes != ended {
		t.Errorf("%d writes, %d of them to their end; want all of some", writes, ended)
	}
}
