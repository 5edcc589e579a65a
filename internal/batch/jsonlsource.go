package batch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

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
