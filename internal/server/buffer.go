package server

import (
	"math/bits"
	"sync"
)

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
