package gate

import (
	"sync/atomic"
	"time"

	"tagifai/internal/sockets"
)

// Slices divide the processors between work and the rest: what is read, refused and answered.
// Who works for long calls Yield from time to time, and the rest has its turn. Clients that ask
// again as soon as they are refused could make that turn last for ever, so after a long one
// work goes on for some time without. All who work at once share Slices.
type Slices struct {
	// Weight is how many times as long as the turn of the rest the slice of work is that
	// follows a long turn.
	Weight float64

	begin, end atomic.Int64 // of the last slice, in nanoseconds since start
}

// longTurn is how long the turn of the rest has to last before work is given a slice. Requests
// that are answered, and not refused, take less.
const longTurn = 10 * time.Millisecond

var start = time.Now()

// Yield lets the rest have its turn, unless the slice of work still lasts.
func (s *Slices) Yield() {
	from := time.Since(start)
	if int64(from) < s.end.Load() {
		return
	}
	sockets.Yield()
	now := time.Since(start)
	turn := now - from
	if turn < longTurn {
		return
	}
	// The slice is for all who work: the first who goes on begins it.
	if begin := s.begin.Load(); begin <= int64(from) && s.begin.CompareAndSwap(begin, int64(now)) {
		s.end.Store(int64(now) + int64(s.Weight*float64(turn)))
	}
}
