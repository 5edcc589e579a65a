package pickle

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pierrec/lz4/v4"
)

// MaxFile is how many bytes a file may have, compressed or not.
const MaxFile = 1 << 30

// How far a compressed file may grow.
const (
	maxRatio    = 100      // of inflated to compressed
	alwaysFits  = 16 << 20 // inflated bytes that are allowed whatever the ratio
	pickleStart = 0x80     // PROTO, the first byte of every pickle of protocol 2 to 5
)

// A compression is a way to compress a file.
type compression struct {
	name, magic string
	open        func(data []byte, limit int) (io.Reader, error)
}

// compressions are those that joblib writes, by the bytes that a file begins with.
var compressions = []compression{
	{"zlib", "\x78", func(data []byte, _ int) (io.Reader, error) { return zlib.NewReader(bytes.NewReader(data)) }},
	{"gzip", "\x1f\x8b", func(data []byte, _ int) (io.Reader, error) { return gzip.NewReader(bytes.NewReader(data)) }},
	{"bz2", "BZ", func(data []byte, _ int) (io.Reader, error) { return bzip2.NewReader(bytes.NewReader(data)), nil }},
	{"xz", "\xfd7zXZ\x00", openXZ},
	{"lzma", "\x5d\x00", openLZMA},
	{"lz4", "\x04\x22\x4d\x18", func(data []byte, _ int) (io.Reader, error) { return lz4.NewReader(bytes.NewReader(data)), nil }},
}

// How much of a file is looked at to see what it is.
const (
	Magic = 8       // bytes that [Begins] needs
	Head  = 2 << 20 // bytes that [IsPickle] needs
)

// Begins reports whether a file that begins with head may be a pickle, compressed or not.
func Begins(head []byte) bool {
	return isPickle(head) || slices.ContainsFunc(compressions, func(c compression) bool { return bytes.HasPrefix(head, []byte(c.magic)) })
}

// IsPickle reports whether a file that begins with head is a pickle of protocol 2 to 5,
// compressed or not.
func IsPickle(head []byte) bool {
	if isPickle(head) {
		return true
	}
	for _, c := range compressions {
		if !bytes.HasPrefix(head, []byte(c.magic)) {
			continue
		}
		start := make([]byte, 2)
		r, err := c.open(head, alwaysFits)
		if err == nil {
			_, err = io.ReadFull(r, start)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return true // it is cut off, or its first block is larger
		}
		return err == nil && isPickle(start)
	}
	return false
}

func isPickle(head []byte) bool {
	return len(head) >= 2 && head[0] == pickleStart && 2 <= head[1] && head[1] <= 5
}

// inflate returns the pickle that a file holds: the file itself, unless it is
// compressed.
func inflate(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, errors.New("the file is empty")
	}
	if data[0] == pickleStart {
		return data, nil
	}
	for _, c := range compressions {
		if !bytes.HasPrefix(data, []byte(c.magic)) {
			continue
		}
		limit := min(max(alwaysFits, maxRatio*len(data)), MaxFile)
		r, err := c.open(data, limit)
		var inflated []byte
		if err == nil {
			inflated, err = io.ReadAll(io.LimitReader(r, int64(limit)+1))
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errTruncated
		}
		if len(inflated) > limit {
			return nil, fmt.Errorf("compressed with %s: %d bytes grow to more than the %d that are allowed", c.name, len(data), limit)
		}
		if err != nil {
			return nil, fmt.Errorf("compressed with %s: %w", c.name, err)
		}
		if len(inflated) == 0 || inflated[0] != pickleStart {
			return nil, fmt.Errorf("compressed with %s: what it holds is not a pickle of protocol 2 to 5", c.name)
		}
		return inflated, nil
	}
	return nil, fmt.Errorf("not a pickle of protocol 2 to 5, nor one that joblib compressed: it begins with %q", data[:min(8, len(data))])
}
