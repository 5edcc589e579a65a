package memory

import (
	"math/bits"
	"sync"
)

// Bodies are read into pooled buffers, and answers are made in them. The size of a buffer
// is a power of two, so that a small request never holds the memory of a large one before
// it.
var buffers [smallestBuffer + bufferSizes]sync.Pool // of *[]byte, by the power

const (
	smallestBuffer = 12 // 4 KiB
	bufferSizes    = 9  // up to 1 MiB
)

// bufferPower returns the power of two that has room for n bytes, and whether there is a
// pool of buffers of that size.
func bufferPower(n int) (power int, pooled bool) {
	power = max(smallestBuffer, bits.Len(uint(max(n, 1)-1)))
	return power, power < len(buffers)
}

// BufferSize returns the size of a buffer with room for n bytes.
func BufferSize(n int) int {
	if power, pooled := bufferPower(n); pooled {
		return 1 << power
	}
	return n
}

// GetBuffer returns an empty buffer of [BufferSize].
func GetBuffer(n int) *[]byte {
	if power, pooled := bufferPower(n); pooled {
		if buffer, ok := buffers[power].Get().(*[]byte); ok {
			return buffer
		}
	}
	b := make([]byte, 0, BufferSize(n))
	return &b
}

// PutBuffer gives back what GetBuffer returned, with the memory that it has become. Memory
// of any other size goes to the garbage collector, so that the memory of one giant request
// is not kept for ever.
func PutBuffer(buffer *[]byte, b []byte) {
	if power, pooled := bufferPower(cap(b)); pooled && cap(b) == 1<<power {
		*buffer = b[:0]
		buffers[power].Put(buffer)
	}
}
