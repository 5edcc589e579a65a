// Package memory counts the memory that requests hold together, and pools their buffers.
package memory

import (
	"errors"
	"sync/atomic"
)

// Errors of [Allowance.Resize].
var (
	ErrHeld     = errors.New("all requests together hold too much memory")
	ErrTooLarge = errors.New("the request needs more memory than all may hold")
)

const (
	// FreeBytes of each request do not count. The limit on connections bounds them.
	FreeBytes = 8 << 10
	// SmallBytes is the most that a small request holds.
	SmallBytes = 128 << 10
)

// A Pool is a number of bytes to hold. The zero Pool has none. It is safe for concurrent
// use.
type Pool struct {
	left atomic.Int64
	size int64
}

// NewPool returns a pool of so many bytes.
func NewPool(size int64) *Pool {
	p := new(Pool)
	p.init(size)
	return p
}

func (p *Pool) init(size int64) {
	p.size = size
	p.left.Store(size)
}

// Take takes n bytes, or nothing and returns false if fewer are left.
func (p *Pool) Take(n int64) bool {
	if p.left.Add(-n) >= 0 {
		return true
	}
	p.left.Add(n)
	return false
}

// Give gives n bytes back.
func (p *Pool) Give(n int64) { p.left.Add(n) }

// An Allowance is the memory that all requests may hold together, for their bodies, what
// is made of them, and answers. A part of it is for small requests alone, so that these
// find room whatever the large ones hold. It is safe for concurrent use.
type Allowance struct{ small, rest Pool }

// NewAllowance returns an allowance of so many bytes.
func NewAllowance(size int64) *Allowance {
	a := new(Allowance)
	a.small.init(size / 8)
	a.rest.init(size - size/8)
	return a
}

// Left returns how many bytes nobody holds.
func (a *Allowance) Left() int64 { return a.small.left.Load() + a.rest.left.Load() }

// Likely reports whether a request that is not small would find room for so many bytes now.
// Reading what will not fit takes from the work.
func (a *Allowance) Likely(bytes int64) bool { return a.rest.left.Load() >= min(bytes, a.rest.size) }

// A Share is what one request holds of an allowance. The zero Share is nothing.
type Share struct {
	held  int   // bytes that the request holds, the free ones among them
	bytes int64 // taken of the pool
	of    *Pool // nil if nothing was ever taken
}

// Held returns how many bytes the request holds, the free ones among them.
func (s *Share) Held() int { return s.held }

// Resize makes s the share of a request that holds so many bytes. If there is no room for
// them, s stays as it is. The error is ErrTooLarge if there never will be, else ErrHeld.
func (a *Allowance) Resize(s *Share, held int) error {
	wanted := max(int64(held)-FreeBytes, 0)
	switch {
	case wanted <= s.bytes:
		if s.bytes > 0 {
			s.of.Give(s.bytes - wanted)
			s.bytes = wanted
		}
	case held <= SmallBytes && s.move(&a.small, wanted), s.move(&a.rest, wanted):
	case wanted > a.rest.size:
		return ErrTooLarge
	default:
		return ErrHeld
	}
	s.held = held
	return nil
}

// move makes s a share of p.
func (s *Share) move(p *Pool, wanted int64) bool {
	had := s.bytes
	if s.of != p {
		had = 0
	}
	if !p.Take(wanted - had) {
		return false
	}
	if had < s.bytes { // of another pool
		s.of.Give(s.bytes)
	}
	s.of, s.bytes = p, wanted
	return true
}
