package batch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A csvSource reads a CSV file. A malformed row ends with its first line, whatever its
// quotes say, so that a quote that is not closed costs one row and not the rest of the
// file.
type csvSource struct {
	*stream
	r       *csv.Reader
	buffer  *bufio.Reader // of r
	input   *replay
	base    int64 // offset at which r began
	at      Position
	fields  int // that a row has
	id      int // -1 if there is none
	text    []int
	keep    []int
	comma   rune
	scratch strings.Builder
}

func newCSV(s *stream, f format, c Columns, from Position, start int64) (source, error) {
	src := &csvSource{comma: f.delimiter}
	src.begin(s, Position{Offset: start})
	header, err := src.r.Read()
	if errors.Is(err, io.EOF) {
		if f.headless {
			return src, nil
		}
		return nil, s.fail(errors.New("the file is empty; a line with the names of the columns is wanted"))
	}
	if err != nil {
		return nil, s.fail(fmt.Errorf("the first line: %w", err))
	}
	names := slices.Clone(header)
	src.fields = len(names)
	if f.headless {
		for i := range names {
			names[i] = strconv.Itoa(i + 1)
		}
	}
	if src.id, src.text, src.keep, err = c.find(names); err != nil {
		return nil, s.fail(err)
	}
	switch {
	case from.Row > 0:
		if s, err = s.reopen(from.Offset); err != nil {
			return nil, err
		}
		src.begin(s, from)
	case f.headless: // the first line is a row
		src.goBack(start)
	default:
		src.at.Offset += src.r.InputOffset()
	}
	return src, nil
}

// begin reads on from a stream that is at a position.
func (s *csvSource) begin(in *stream, at Position) {
	s.stream, s.at = in, at
	s.input = &replay{in: in, start: at.Offset, comma: string(s.comma)[0]}
	s.buffer = bufio.NewReaderSize(s.input, 64<<10)
	s.goBack(at.Offset)
}

// goBack reads on from an offset that is not before the last row.
func (s *csvSource) goBack(offset int64) {
	s.input.goTo(offset)
	s.buffer.Reset(s.input)
	s.r = csv.NewReader(s.buffer)
	s.r.Comma = s.comma
	s.r.FieldsPerRecord = -1
	s.r.ReuseRecord = true
	s.base, s.at.Offset = offset, offset
}

func (s *csvSource) position() Position { return s.at }

func (s *csvSource) read(_ context.Context, r *row) error {
	s.input.forget(s.at.Offset)
	record, err := s.r.Read()
	parse, malformed := errors.AsType[*csv.ParseError](err)
	switch {
	case malformed:
		r.bad = fmt.Sprintf("malformed row: %v", parse.Err)
	case errors.Is(err, errLongRow), errors.Is(err, errWideRow):
		r.bad = err.Error()
		if n := len(record); n > 0 && bytes.HasSuffix(s.input.kept, []byte(record[n-1])) {
			record = record[:n-1] // it is cut
		}
	case errors.Is(err, io.EOF):
		return io.EOF
	case err != nil:
		return s.wrap(fmt.Errorf("row %d: %w", s.at.Row+1, err))
	}
	field := func(i int) value {
		if i < len(record) {
			return value{text: record[i]}
		}
		return value{kind: nullValue}
	}
	if s.id >= 0 {
		r.id = field(s.id).text
	}
	if len(s.keep) > 0 {
		r.keep = make([]value, len(s.keep))
		for i, at := range s.keep {
			r.keep[i] = field(at)
		}
	}
	s.at.Row++
	if r.bad != "" {
		end, err := s.input.endOfLine(s.at.Offset)
		if err != nil {
			return s.wrap(fmt.Errorf("row %d: %w", s.at.Row, err))
		}
		s.goBack(end)
		return nil
	}
	s.at.Offset = s.base + s.r.InputOffset()
	if len(record) != s.fields {
		r.bad = fmt.Sprintf("%d fields, and the first line has %d", len(record), s.fields)
		return nil
	}
	if len(s.text) == 1 {
		r.text = record[s.text[0]]
		return nil
	}
	s.scratch.Reset()
	for _, at := range s.text {
		appendPart(&s.scratch, record[at])
	}
	r.text = s.scratch.String()
	return nil
}

// A replay is a reader that can go back to the beginning of the row. Of a row that is too
// long or too wide it returns an error.
type replay struct {
	in    io.Reader
	kept  []byte // what was read, from the offset start on
	start int64
	next  int // how much of kept has been passed on
	row   int // where in kept the row begins

	comma   byte // that the delimiter begins with
	counted int  // how much of kept has been looked at for the next two
	commas  int  // of the row
	quoted  bool
}

var (
	errLongRow = fmt.Errorf("a row of more than %d MiB; is a quote not closed?", rowLimit>>20)
	errWideRow = fmt.Errorf("a row of more than %d fields", maxFields)
)

func (r *replay) Read(p []byte) (int, error) {
	if r.next == len(r.kept) {
		if len(r.kept)-r.row >= rowLimit {
			return 0, errLongRow
		}
		if r.wide() {
			return 0, errWideRow
		}
		if err := r.fill(len(p)); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.kept[r.next:])
	r.next += n
	return n, nil
}

// wide reports whether the row has too many fields. [csv.Reader] makes them all, and each takes
// a hundred times the memory of its comma.
func (r *replay) wide() bool {
	for _, c := range r.kept[r.counted:] {
		switch {
		case c == '"': // one in a field is two, or an error
			r.quoted = !r.quoted
		case c == r.comma && !r.quoted:
			r.commas++
		}
	}
	r.counted = len(r.kept)
	return r.commas >= maxFields
}

// fill reads up to n more bytes.
func (r *replay) fill(n int) error {
	if r.row >= 1<<20 || r.row == len(r.kept) { // give away what is before the row
		r.kept = r.kept[:copy(r.kept, r.kept[r.row:])]
		r.start, r.next, r.counted, r.row = r.start+int64(r.row), r.next-r.row, r.counted-r.row, 0
	}
	end := len(r.kept)
	r.kept = slices.Grow(r.kept, n)
	got, err := r.in.Read(r.kept[end : end+n])
	r.kept = r.kept[:end+got]
	if got > 0 {
		return nil
	}
	return err
}

// forget says that a row begins at an offset.
func (r *replay) forget(offset int64) {
	r.row = int(offset - r.start)
	r.counted, r.commas, r.quoted = r.row, 0, false
}

// goTo makes an offset the next to be read.
func (r *replay) goTo(offset int64) {
	r.forget(offset)
	r.next = r.row
}

// endOfLine returns the offset behind the line, or the empty lines and the line, at an
// offset.
func (r *replay) endOfLine(offset int64) (int64, error) {
	at := int(offset - r.start)
	for blank := true; ; {
		if newline := bytes.IndexByte(r.kept[at:], '\n'); newline >= 0 {
			blank = blank && len(bytes.TrimRight(r.kept[at:at+newline], "\r")) == 0
			at += newline + 1
			if !blank {
				return r.start + int64(at), nil
			}
			continue
		}
		if blank && len(r.kept) > at {
			blank = false
		}
		// Nobody wants the line any more.
		r.start, r.kept, r.next, r.row, r.counted, at = r.start+int64(len(r.kept)), r.kept[:0], 0, 0, 0, 0
		switch err := r.fill(64 << 10); {
		case errors.Is(err, io.EOF):
			return r.start, nil
		case err != nil:
			return 0, err
		}
	}
}
