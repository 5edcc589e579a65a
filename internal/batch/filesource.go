package batch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tagifai/internal/sniff"
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
	case bytes.Equal(magic, []byte("\x28\xb5\x2f\xfd")):
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

// openFile opens a file behind a position in it.
func openFile(l Location, stdin io.Reader, c Columns, from Position) (source, error) {
	s, err := openStream(l.file, stdin, 0)
	if err != nil {
		return nil, err
	}
	beginning, err := s.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, s.fail(err)
	}
	if err := sniff.Text(beginning); err != nil {
		return nil, s.fail(err)
	}
	var start int64
	if bytes.HasPrefix(beginning, []byte("\ufeff")) { // a byte order mark
		n, _ := s.Discard(3) // they are there
		start = int64(n)
	}
	if l.format.rows == "jsonl" {
		return newJSONL(s, c, from, start)
	}
	return newCSV(s, l.format, c, from, start)
}

type csvSource struct {
	*stream
	r       *csv.Reader
	limit   *rowReader
	base    int64 // offset at which r began
	at      Position
	fields  int // that a row has
	id      int // -1 if there is none
	text    []int
	keep    []int
	scratch strings.Builder
}

// A rowReader returns an error when a row is too long. It is told when a row begins.
type rowReader struct {
	io.Reader
	left int
}

var errLongRow = fmt.Errorf("a row has more than %d MiB; is a quote not closed?", rowLimit>>20)

func (r *rowReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errLongRow
	}
	n, err := r.Reader.Read(p)
	r.left -= n
	return n, err
}

func newCSV(s *stream, f format, c Columns, from Position, start int64) (source, error) {
	src := &csvSource{}
	begin := func(s *stream, at Position) {
		src.stream, src.at, src.base = s, at, at.Offset
		src.limit = &rowReader{s, rowLimit}
		src.r = csv.NewReader(bufio.NewReaderSize(src.limit, 64<<10))
		src.r.Comma = f.delimiter
		src.r.FieldsPerRecord = -1
		src.r.ReuseRecord = true
	}
	begin(s, Position{Offset: start})
	header, err := src.r.Read()
	if errors.Is(err, io.EOF) {
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
	case f.headless: // the first line is a row, to be read again
		if s.total == 0 {
			return nil, s.fail(errors.New("without a line of names the source must be a regular file"))
		}
		from = Position{Offset: start}
	default:
		src.at.Offset += src.r.InputOffset()
		return src, nil
	}
	if s, err = s.reopen(from.Offset); err != nil {
		return nil, err
	}
	begin(s, from)
	return src, nil
}

// reopen closes the stream and opens its file again at an offset.
func (s *stream) reopen(offset int64) (*stream, error) {
	_ = s.Close()
	return openStream(s.name, nil, offset)
}

// find returns where the columns are among names.
func (c Columns) find(names []string) (id int, text, keep []int, err error) {
	place := make(map[string]int)
	twice := make(map[string]bool)
	for i, name := range names {
		if _, ok := place[name]; ok {
			twice[name] = true
		}
		place[name] = i
	}
	find := func(name string) int {
		i, ok := place[name]
		switch {
		case err != nil:
		case !ok:
			err = fmt.Errorf("there is no column %q; there are %s", name, quoted(names))
		case twice[name]:
			err = fmt.Errorf("there are several columns %q", name)
		}
		return i
	}
	id = -1
	if c.ID != "" {
		id = find(c.ID)
	}
	for _, name := range c.Text {
		text = append(text, find(name))
	}
	for _, name := range c.Keep {
		keep = append(keep, find(name))
	}
	return id, text, keep, err
}

// quoted lists names for an error.
func quoted(names []string) string {
	const most = 20
	var list []string
	for _, name := range names[:min(len(names), most)] {
		list = append(list, strconv.Quote(name))
	}
	if len(names) > most {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}

func (s *csvSource) position() Position { return s.at }

func (s *csvSource) read(_ context.Context, r *row) error {
	s.limit.left = rowLimit
	record, err := s.r.Read()
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		if errors.Is(parse.Err, errLongRow) {
			return s.wrap(fmt.Errorf("row %d: %w", s.at.Row+1, errLongRow))
		}
		r.bad = fmt.Sprintf("malformed row: %v", parse.Err)
		r.keep = make([]value, len(s.keep))
		for i := range r.keep {
			r.keep[i].kind = nullValue
		}
		s.at.Row++
		s.at.Offset = s.base + s.r.InputOffset()
		return nil
	}
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return s.wrap(fmt.Errorf("row %d: %w", s.at.Row+1, err))
	}
	s.at.Row++
	s.at.Offset = s.base + s.r.InputOffset()
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

// appendPart adds a column to a text of several.
func appendPart(text *strings.Builder, part string) {
	if strings.TrimSpace(part) == "" {
		return
	}
	if text.Len() > 0 {
		text.WriteByte(' ')
	}
	text.WriteString(part)
}

type jsonlSource struct {
	*stream
	at      Position
	columns Columns
	line    []byte
	reader  bytes.Reader
	dec     *jsontext.Decoder
}

func newJSONL(s *stream, c Columns, from Position, start int64) (source, error) {
	src := &jsonlSource{stream: s, columns: c, at: Position{Offset: start}}
	if from.Row > 0 {
		var err error
		if src.stream, err = s.reopen(from.Offset); err != nil {
			return nil, err
		}
		src.at = from
	}
	src.dec = jsontext.NewDecoder(&src.reader)
	return src, nil
}

func (s *jsonlSource) position() Position { return s.at }

func (s *jsonlSource) read(_ context.Context, r *row) error {
	for {
		long, err := s.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return s.wrap(fmt.Errorf("row %d: %w", s.at.Row+1, err))
		}
		if !long && len(bytes.TrimSpace(s.line)) == 0 {
			continue
		}
		s.at.Row++
		if len(s.columns.Keep) > 0 {
			r.keep = make([]value, len(s.columns.Keep))
			for i := range r.keep {
				r.keep[i].kind = nullValue
			}
		}
		if long {
			r.bad = fmt.Sprintf("a line of more than %d MiB", rowLimit>>20)
		} else if err := s.parse(r); err != nil {
			r.bad = err.Error()
		}
		return nil
	}
}

// next reads the next line. Of one that is too long it keeps nothing.
func (s *jsonlSource) next() (long bool, err error) {
	s.line = s.line[:0]
	for {
		piece, err := s.ReadSlice('\n')
		s.at.Offset += int64(len(piece))
		if long = long || len(s.line)+len(piece) > rowLimit; long {
			s.line = nil
		} else {
			s.line = append(s.line, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && (long || len(s.line) > 0):
			return long, nil
		default:
			return long, err
		}
	}
}

// parse sets what the columns of a line hold. A line that is not valid keeps what comes
// before its fault.
func (s *jsonlSource) parse(r *row) error {
	s.reader.Reset(s.line)
	s.dec.Reset(&s.reader)
	malformed := func(err error) error {
		if !utf8.Valid(s.line) {
			return errors.New("the line is not UTF-8; convert the source to it")
		}
		return fmt.Errorf("malformed JSON: %w", err)
	}
	if kind := s.dec.PeekKind(); kind != '{' {
		if _, err := s.dec.ReadValue(); err != nil {
			return malformed(err)
		}
		return errors.New("the line is not a JSON object")
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return malformed(err)
	}
	texts := make([]value, len(s.columns.Text))
	for i := range texts {
		texts[i].kind = nullValue
	}
	for s.dec.PeekKind() != '}' {
		token, err := s.dec.ReadToken()
		if err != nil {
			return malformed(err)
		}
		name := token.String()
		raw, err := s.dec.ReadValue()
		if err != nil {
			return malformed(err)
		}
		isText := slices.Contains(s.columns.Text, name)
		if name != s.columns.ID && !isText && !slices.Contains(s.columns.Keep, name) {
			continue
		}
		v, err := jsonColumn(raw)
		if err != nil {
			return malformed(err)
		}
		if name == s.columns.ID && v.kind != nullValue {
			r.id = v.text
		}
		for i, column := range s.columns.Text {
			if column == name {
				texts[i] = v
			}
		}
		for i, column := range s.columns.Keep {
			if column == name {
				r.keep[i] = v
			}
		}
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return malformed(err)
	}
	if _, err := s.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("malformed JSON: there is more behind the object")
	}
	setText(r, s.columns.Text, texts)
	return nil
}

// setText joins the columns of a text.
func setText(r *row, names []string, texts []value) {
	if len(texts) == 1 && texts[0].kind == textValue {
		r.text = texts[0].text
		return
	}
	var text strings.Builder
	found := false
	for i, v := range texts {
		switch v.kind {
		case textValue:
			found = true
			appendPart(&text, v.text)
		case jsonValue:
			r.bad = fmt.Sprintf("the column %s is not a text", names[i])
			return
		}
	}
	r.text = text.String()
	if !found {
		r.bad = "there is no text"
	}
}

// jsonColumn returns the value of a column that is JSON.
func jsonColumn(raw jsontext.Value) (value, error) {
	switch raw.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, raw)
		return value{text: string(text)}, err
	case 'n':
		return value{kind: nullValue}, nil
	}
	return value{text: string(raw), kind: jsonValue}, nil
}
