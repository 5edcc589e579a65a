package gate

import (
	"sync/atomic"
	"time"

	"tagifai/internal/sockets"
)

// Slices divide the processors between work and the rest: what is read, refused and answered.
// Who works for long calls Yield from time to time, and the rest has its turn. Clients that ask
// again as soon as they are refused could make that turn last for ever, so work then goes on
// for twice as long as it has waited. The zero Slices are ready to use, by all who work at once.
type Slices struct {
	begin, end atomic.Int64 // of the last slice of work, in nanoseconds since start
}

var start = time.Now()

// Yield lets the rest have its turn, unless the slice of work still lasts.
func (s *Slices) Yield() {
	from := time.Since(start)
	if int64(from) < s.end.Load() {
		return
	}
	sockets.Yield()
	now := time.Since(start)
	// The slice is for all who work: the first who goes on begins it.
	if begin := s.begin.Load(); begin <= int64(from) && s.begin.CompareAndSwap(begin, int64(now)) {
		s.end.Store(int64(now + 2*(now-from)))
	}
}
