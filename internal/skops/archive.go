package skops

import (
	"archive/zip"
	"cmp"
	"compress/flate"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// What an archive may hold.
const (
	maxMembers   = 1 << 18
	maxDirectory = 32 << 20  // bytes of the central directory
	alwaysFits   = 64 << 20  // bytes of all members, uncompressed, that are allowed whatever the size of the file
	maxRatio     = 100       // of those bytes to the file's
	headerSize   = 30        // of a member, before its name
	windowSize   = 256 << 10 // bytes that are read at once
)

var errDirectory = fmt.Errorf("the directory of the archive is larger than the %d bytes that are allowed", maxDirectory)

// An archive is a zip archive. It is not safe for concurrent use.
type archive struct {
	r       io.ReaderAt
	members map[string]*member
	left    int64 // bytes that may still be read, uncompressed
	inflate io.ReadCloser
}

// A member is a file in an archive.
type member struct {
	offset, compressed, size int64
	sum                      uint32
	method                   uint16
}

// openArchive reads the directory of an archive.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	if size > MaxFile {
		return nil, fmt.Errorf("%d bytes, more than the %d that are allowed", size, int64(MaxFile))
	}
	counted := &countingReader{r: &window{r: r}, left: maxDirectory}
	z, err := zip.NewReader(counted, size)
	if errors.Is(err, zip.ErrFormat) {
		return nil, errors.New("not a zip archive, or one that is cut off")
	}
	if err != nil {
		return nil, fmt.Errorf("zip archive: %w", err)
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("the archive has %d members, more than the %d that are allowed", len(z.File), maxMembers)
	}
	counted.left = size + headerSize*int64(len(z.File)) // every header once
	a := &archive{
		r:       counted.r,
		members: make(map[string]*member, len(z.File)),
		left:    min(max(alwaysFits, maxRatio*size), MaxFile),
	}
	all := make([]member, len(z.File))
	spans := make([]span, len(z.File))
	for i, f := range z.File {
		m := &all[i]
		if err := m.read(f, size); err != nil {
			return nil, fmt.Errorf("member %s: %w", shown(f.Name), err)
		}
		if _, ok := a.members[f.Name]; ok {
			return nil, fmt.Errorf("the archive has two members with the name %s", shown(f.Name))
		}
		a.members[f.Name] = m
		spans[i] = span{m.offset - headerSize - int64(len(f.Name)), m.offset + m.compressed}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return nil, errors.New("members of the archive overlap")
		}
	}
	return a, nil
}

// A span is where in the archive a member is, with its header.
type span struct{ from, to int64 }

// read takes over what the directory says of a member, and checks it.
func (m *member) read(f *zip.File, size int64) error {
	if f.Name == "" || strings.ContainsAny(f.Name, "/\\\x00") || f.Name == ".." {
		return errors.New("its name is a path; the members of skops have plain names")
	}
	if f.Flags&1 != 0 {
		return errors.New("is encrypted")
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return fmt.Errorf("compression method %d is not supported; skops.io.dump has compression=ZIP_STORED or ZIP_DEFLATED", f.Method)
	}
	const mostGrowth = 1032 // of deflate
	if f.CompressedSize64 > uint64(size) || f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64 ||
		f.UncompressedSize64 > mostGrowth*f.CompressedSize64 {
		return fmt.Errorf("its sizes cannot be: %d bytes, compressed %d, in an archive of %d", f.UncompressedSize64, f.CompressedSize64, size)
	}
	offset, err := f.DataOffset()
	if err != nil {
		return err
	}
	if offset > size-int64(f.CompressedSize64) {
		return io.ErrUnexpectedEOF
	}
	*m = member{offset, int64(f.CompressedSize64), int64(f.UncompressedSize64), f.CRC32, f.Method}
	return nil
}

// open returns the content of a member. Its last read says whether the content has the
// size and sum that the directory gives.
func (a *archive) open(name string) (io.Reader, error) {
	m, err := a.find(name)
	if err != nil {
		return nil, err
	}
	raw := io.NewSectionReader(a.r, m.offset, m.compressed)
	if m.method == zip.Store {
		return &checkedReader{r: raw, left: m.size, want: m.sum, sum: crc32.NewIEEE()}, nil
	}
	return &checkedReader{r: flate.NewReader(raw), left: m.size, want: m.sum, sum: crc32.NewIEEE()}, nil
}

// read returns the content of a member. It appends to dst.
func (a *archive) read(dst []byte, name string) ([]byte, error) {
	m, err := a.find(name)
	if err != nil {
		return nil, err
	}
	from := len(dst)
	dst = slices.Grow(dst, int(m.size))[:from+int(m.size)]
	if m.method == zip.Store {
		_, err = a.r.ReadAt(dst[from:], m.offset)
	} else {
		err = a.readDeflated(dst[from:], m)
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("member %s: %w", shown(name), err)
	case crc32.ChecksumIEEE(dst[from:]) != m.sum:
		return nil, fmt.Errorf("member %s: %w", shown(name), zip.ErrChecksum)
	}
	return dst, nil
}

func (a *archive) readDeflated(dst []byte, m *member) error {
	raw := io.NewSectionReader(a.r, m.offset, m.compressed)
	if a.inflate == nil {
		a.inflate = flate.NewReader(raw)
	} else if err := a.inflate.(flate.Resetter).Reset(raw, nil); err != nil {
		return err
	}
	if _, err := io.ReadFull(a.inflate, dst); err != nil {
		return noEOF(err)
	}
	if n, _ := a.inflate.Read(make([]byte, 1)); n > 0 {
		return errSize
	}
	return nil
}

// find returns a member, and counts what reading it takes.
func (a *archive) find(name string) (*member, error) {
	m, ok := a.members[name]
	if !ok {
		return nil, fmt.Errorf("the archive has no member %s", shown(name))
	}
	if a.left -= m.size; a.left < 0 {
		return nil, fmt.Errorf("member %s: the archive grows to more than is allowed for its size", shown(name))
	}
	return m, nil
}

var errSize = errors.New("has another size than the directory of the archive says")

// noEOF makes an end that comes too early an error.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errSize
	}
	return err
}

// A checkedReader reads the content of a member.
type checkedReader struct {
	r    io.Reader
	left int64
	want uint32
	sum  hash.Hash32
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	_, _ = c.sum.Write(p[:n]) // never fails
	c.left -= int64(n)
	switch {
	case c.left < 0, errors.Is(err, io.EOF) && c.left > 0, errors.Is(err, io.ErrUnexpectedEOF):
		return 0, errSize
	case errors.Is(err, io.EOF) && c.sum.Sum32() != c.want:
		return 0, zip.ErrChecksum
	}
	return n, err
}

// A countingReader reads no more than is left.
type countingReader struct {
	r    io.ReaderAt
	left int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	if c.left -= int64(len(p)); c.left < 0 {
		return 0, errDirectory
	}
	return c.r.ReadAt(p, off)
}

// A window reads large pieces of a file, of which it keeps two: one for the schema and
// one for the members that the schema names, which lie in the order of their names.
type window struct {
	r      io.ReaderAt
	pieces [2]piece // the first was used last
}

type piece struct {
	offset int64
	data   []byte
}

func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > windowSize/2 {
		return w.r.ReadAt(p, off)
	}
	if !w.pieces[0].holds(p, off) {
		w.pieces[0], w.pieces[1] = w.pieces[1], w.pieces[0]
	}
	first := &w.pieces[0]
	if !first.holds(p, off) {
		if first.data == nil {
			first.data = make([]byte, windowSize)
		}
		n, err := w.r.ReadAt(first.data[:windowSize], off)
		*first = piece{off, first.data[:n]}
		if n < len(p) {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return copy(p, first.data), err
		}
	}
	return copy(p, first.data[off-first.offset:]), nil
}

func (s *piece) holds(p []byte, off int64) bool {
	return s.offset <= off && off+int64(len(p)) <= s.offset+int64(len(s.data))
}

// shown is a name as errors show it.
func shown(name string) string {
	const longest = 60
	if len(name) > longest {
		return fmt.Sprintf("%q…", name[:longest])
	}
	return fmt.Sprintf("%q", name)
}
