package server

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// An allowance is the memory that all requests may hold together, for their bodies, what
// is made of them, and answers. A part of it is for small requests alone, so that these
// find room whatever the large ones hold.
type allowance struct{ small, rest pool }

// A pool is a number of bytes to hold.
type pool struct {
	left atomic.Int64
	size int64
}

const (
	// freeBytes of each request do not count. The limit on connections bounds them.
	freeBytes = 8 << 10
	// smallBytes is the most that a small request holds.
	smallBytes = 128 << 10
)

func newAllowance(size int64) *allowance {
	a := new(allowance)
	a.small.size = size / 8
	a.rest.size = size - a.small.size
	a.small.left.Store(a.small.size)
	a.rest.left.Store(a.rest.size)
	return a
}

// left returns how many bytes nobody holds.
func (a *allowance) left() int64 { return a.small.left.Load() + a.rest.left.Load() }

func (p *pool) take(n int64) bool {
	if p.left.Add(-n) >= 0 {
		return true
	}
	p.left.Add(n)
	return false
}

// A share is what one request holds of an allowance. The zero share is nothing.
type share struct {
	held  int   // bytes that the request holds, the free ones among them
	bytes int64 // taken of the pool
	of    *pool // nil if nothing was ever taken
}

// resize makes s the share of a request that holds so many bytes. If there is no room for
// them s stays as it is. The error is errTooLarge if there never will be, else errHeldBytes.
func (a *allowance) resize(s *share, held int) error {
	wanted := max(int64(held)-freeBytes, 0)
	switch {
	case wanted <= s.bytes:
		if s.bytes > 0 {
			s.of.left.Add(s.bytes - wanted)
			s.bytes = wanted
		}
	case held <= smallBytes && s.move(&a.small, wanted), s.move(&a.rest, wanted):
	case wanted > a.rest.size:
		return errTooLarge
	default:
		return errHeldBytes
	}
	s.held = held
	return nil
}

// likely reports whether a request that is not small would find room for so many bytes now.
// Reading what will not fit takes from the work.
func (a *allowance) likely(bytes int64) bool { return a.rest.left.Load() >= min(bytes, a.rest.size) }

// move makes s a share of p.
func (s *share) move(p *pool, wanted int64) bool {
	had := s.bytes
	if s.of != p {
		had = 0
	}
	if !p.take(wanted - had) {
		return false
	}
	if had < s.bytes { // of another pool
		s.of.left.Add(s.bytes)
	}
	s.of, s.bytes = p, wanted
	return true
}

// hold notes that the request of e holds so many bytes, if there is room for them.
func (s *Server) hold(e *exchange, bytes int) error { return s.allowance.resize(&e.share, bytes) }

// Bodies are read into pooled buffers, and answers are made in them. A buffer has one of
// some sizes, powers of two, so that a small request never holds the memory of a large one
// before it.
var bufferPools [smallestBuffer + bufferSizes]sync.Pool // of *[]byte, by the power

const (
	smallestBuffer = 12 // 4 KiB
	bufferSizes    = 9  // up to 1 MiB
)

// bufferPower returns the power of two that has room for n bytes, and whether there is a
// pool of buffers of that size.
func bufferPower(n int) (power int, pooled bool) {
	power = max(smallestBuffer, bits.Len(uint(max(n, 1)-1)))
	return power, power < len(bufferPools)
}

// bufferSize returns the size of a buffer with room for n bytes.
func bufferSize(n int) int {
	if power, pooled := bufferPower(n); pooled {
		return 1 << power
	}
	return n
}

// getBuffer returns an empty buffer of [bufferSize].
func getBuffer(n int) *[]byte {
	if power, pooled := bufferPower(n); pooled {
		if buffer, ok := bufferPools[power].Get().(*[]byte); ok {
			return buffer
		}
	}
	b := make([]byte, 0, bufferSize(n))
	return &b
}

// putBuffer gives back what getBuffer returned, with the memory that it has become. The
// garbage collector gets what has none of the sizes, so that the memory of one giant
// request is not kept for ever.
func putBuffer(buffer *[]byte, b []byte) {
	if power, pooled := bufferPower(cap(b)); pooled && cap(b) == 1<<power {
		*buffer = b[:0]
		bufferPools[power].Put(buffer)
	}
}
