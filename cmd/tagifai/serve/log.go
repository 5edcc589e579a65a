package serve

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// newLogger writes lines from a level on, in the format auto, json or console, where
// auto is console on a terminal.
func newLogger(w io.Writer, terminal bool, level, format string) zerolog.Logger {
	if format == "console" || format == "auto" && terminal {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: !terminal}
	}
	least, err := zerolog.ParseLevel(level)
	if err != nil {
		panic(err) // a setting that is none of its values
	}
	return zerolog.New(w).Level(least)
}

const (
	logDelay   = 5 * time.Millisecond // that a line waits for others
	passAt     = 32 << 10             // bytes that wait for no others
	maxPending = 1 << 20              // bytes that wait for the reader of the log
)

// A logWriter passes on what is written to it, as much at a time as comes together in a
// moment, so that requests neither pay for a system call each nor wait for a reader of
// the log who has stopped to read. What such a reader makes too much is dropped, and
// then counted in a line of its own. (zerolog's diode makes a system call for each line.)
type logWriter struct {
	out  io.Writer
	wake chan struct{} // when something is pending
	full chan struct{} // when passAt of it is
	stop chan struct{} // closed to pass on what is left
	done chan struct{} // closed when that is done

	mu      sync.Mutex
	pending []byte
	dropped int // lines
}

func newLogWriter(out io.Writer) *logWriter {
	w := &logWriter{out: out, wake: make(chan struct{}, 1), full: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go w.run()
	return w
}

// Write takes a line, or several. It never fails.
func (w *logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending)+len(p) > maxPending {
		w.dropped++
		return len(p), nil
	}
	before := len(w.pending)
	w.pending = append(w.pending, p...)
	if before == 0 {
		notify(w.wake)
	}
	if before < passAt && len(w.pending) >= passAt {
		notify(w.full)
	}
	return len(p), nil
}

// notify wakes up who waits for c, unless that has been done already.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (w *logWriter) run() {
	defer close(w.done)
	var passing []byte
	delay := time.NewTimer(logDelay)
	for stopped := false; !stopped; {
		select {
		case <-w.wake:
			delay.Reset(logDelay)
			select {
			case <-delay.C:
			case <-w.full:
			}
		case <-w.stop:
			stopped = true
		}
		if cap(passing) > 2*passAt { // a slow reader has made it grow
			passing = nil
		}
		w.mu.Lock()
		passing, w.pending = w.pending, passing[:0]
		dropped := w.dropped
		w.dropped = 0
		w.mu.Unlock()
		_, _ = w.out.Write(passing) // there is nowhere to tell of an error
		if dropped > 0 {
			fmt.Fprintf(w.out, `{"level":"warn","time":%q,"lines":%d,"message":"log lines dropped, as their reader is too slow"}`+"\n", time.Now().Format(time.RFC3339), dropped)
		}
	}
}

// close passes on what is left, if that takes no longer than a second.
func (w *logWriter) close() {
	close(w.stop)
	select {
	case <-w.done:
	case <-time.After(time.Second):
	}
}
