// Package logtest gives tests a log that can be read while it is written.
package logtest

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// A Log keeps what is written to it. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// WaitFor waits for some seconds until the text was logged so many times.
func (l *Log) WaitFor(tb testing.TB, times int, text string) {
	tb.Helper()
	for end := time.Now().Add(10 * time.Second); strings.Count(l.String(), text) < times; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("%q is not logged %d times: %s", text, times, l)
		}
	}
}
