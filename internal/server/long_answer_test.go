package server_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"tagifai/internal/server"
)

// longList is an answer of 16 chunks, which notes whether another goroutine has run when its
// parts are encoded for the first time, and for the second.
type longList struct {
	done    chan struct{}
	between [2]bool
	times   int
}

const longParts = 16 * 32

func (l *longList) Room() int    { return longParts << 10 }
func (l *longList) Largest() int { return 1 << 10 }
func (l *longList) Parts() int   { return longParts }

func (l *longList) AppendPart(b []byte, i int) []byte {
	switch i {
	case 0:
		done := make(chan struct{})
		l.done = done
		go close(done)
	case longParts - 1:
		select {
		case <-l.done:
			l.between[l.times] = true
		default:
		}
		l.times++
	}
	return append(b, make([]byte, 1<<10)...)
}

// Others have their turn while a long answer is measured, and while it is sent.
func TestLongAnswerYields(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that nobody else has one by chance
	l := new(longList)
	s := newServer(t, server.Options{Settings: settings()})
	s.Route(http.MethodGet, "/long", func(*http.Request) (any, error) { return l, nil })
	s.Handler().ServeHTTP(discard{http.Header{}}, httptest.NewRequest(http.MethodGet, "/long", nil))
	if l.times != 2 || !l.between[0] || !l.between[1] {
		t.Errorf("encoded %d times, others had a turn: %v; want 2 and true", l.times, l.between)
	}
}
