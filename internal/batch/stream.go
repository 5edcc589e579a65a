package batch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A stream is a file that is being read, decompressed.
type stream struct {
	*bufio.Reader
	name   string
	in     io.Reader
	read   atomic.Int64 // bytes of the file itself
	total  int64        // 0 if unknown
	closer []func() error
}

type countingReader struct {
	io.Reader
	n *atomic.Int64
}

func (r countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n.Add(int64(n))
	return n, err
}

// openStream opens a file or, if its name is "-", stdin at an offset, which counts
// decompressed bytes. The first bytes of the file say whether it is compressed.
func openStream(name string, stdin io.Reader, offset int64) (*stream, error) {
	s := &stream{name: name, in: stdin}
	if name == "-" {
		s.name = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		s.in, s.closer = f, append(s.closer, f.Close)
		info, err := f.Stat()
		if err != nil {
			return nil, s.fail(err)
		}
		if info.Mode().IsRegular() {
			s.total = info.Size()
		}
	}
	raw := bufio.NewReaderSize(countingReader{s.in, &s.read}, 256<<10)
	var plain io.Reader = raw
	magic, _ := raw.Peek(4) // an error comes again
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, s.fail(err)
		}
		plain = z
	case bytes.Equal(magic, []byte("\x28\xb5\x2f\xfd")), len(magic) == 4 && magic[0]&0xf0 == 0x50 && string(magic[1:]) == "\x2a\x4d\x18": // pzstd's first frame is one to be skipped
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return nil, s.fail(err)
		}
		s.closer = append(s.closer, func() error { z.Close(); return nil })
		plain = z
	case offset > 0 && s.total > 0:
		if _, err := s.in.(io.Seeker).Seek(offset, io.SeekStart); err != nil { // a file
			return nil, s.fail(err)
		}
		s.read.Store(offset)
		raw.Reset(countingReader{s.in, &s.read})
		offset = 0
	}
	if plain == io.Reader(raw) {
		s.Reader = raw
	} else {
		s.Reader = bufio.NewReaderSize(plain, 256<<10)
	}
	if _, err := io.CopyN(io.Discard, s, offset); err != nil {
		return nil, s.fail(err)
	}
	return s, nil
}

func (s *stream) Close() error {
	var errs []error
	for _, c := range slices.Backward(s.closer) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

func (s *stream) size() (done, total int64) { return s.read.Load(), s.total }

// fail closes the stream and returns the error, which then names the file.
func (s *stream) fail(err error) error {
	_ = s.Close()
	return s.wrap(err)
}

func (s *stream) wrap(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends in the middle of its compressed data: it was cut off")
	}
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		return err
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// reopen closes the stream and opens its file again at an offset.
func (s *stream) reopen(offset int64) (*stream, error) {
	_ = s.Close()
	return openStream(s.name, nil, offset)
}
